"""Probability of improvement: by hand, by Mann and Whitney's statistic, and rliable's."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from rliable import metrics
from scipy import stats

from rl_zoo.errors import UsageError
from rl_zoo.plots.improvement import probability_of_improvement
from rl_zoo.plots.stratified import Bootstrap, bootstrap

STEPS = np.arange(10) / 10


def random_pair(n_x=10, n_y=10, n_envs=4):
    rng = np.random.default_rng(4)
    x = [rng.normal(0.3, 1.0, n_x).round(1) for _ in range(n_envs)]
    y = [rng.normal(0.0, 1.0, n_y).round(1) for _ in range(n_envs)]
    return x, y


@pytest.mark.parametrize(("gain", "expected"), [(0.0, 0.5), (0.05, 0.55), (1.0, 1.0), (-1.0, 0.0)])
def test_ten_equal_steps(gain, expected):
    found = probability_of_improvement([STEPS + gain], [STEPS], Bootstrap(resamples=1000))
    assert found.value == pytest.approx(expected)
    assert found.low <= found.value <= found.high


@pytest.mark.parametrize(("n_x", "n_y"), [(10, 10), (3, 8)])
def test_value_is_mann_and_whitneys_and_rliables(n_x, n_y):
    x, y = random_pair(n_x, n_y)
    found = probability_of_improvement(x, y, Bootstrap(resamples=10))
    shares = [stats.mannwhitneyu(*pair).statistic / (n_x * n_y) for pair in zip(x, y, strict=True)]
    assert found.value == pytest.approx(np.mean(shares))
    matrices = np.stack(x, axis=1), np.stack(y, axis=1)
    assert found.value == pytest.approx(metrics.probability_of_improvement(*matrices))


def test_interval_is_rliables_of_the_same_resamples():
    x, y = random_pair(5, 7, n_envs=2)
    settings = Bootstrap(confidence=0.8, resamples=200)
    counts = bootstrap([5, 5, 7, 7], lambda counts: counts, settings).astype(int)
    estimates = []
    for drawn in counts.T:
        parts = np.split(drawn, [5, 10, 17])
        runs = [np.repeat(of_env, part) for of_env, part in zip([*x, *y], parts, strict=True)]
        matrices = np.stack(runs[:2], axis=1), np.stack(runs[2:], axis=1)
        estimates.append(metrics.probability_of_improvement(*matrices))
    found = probability_of_improvement(x, y, settings)
    assert (found.low, found.high) == pytest.approx(tuple(np.quantile(estimates, [0.1, 0.9])))


def test_interval_agrees_with_every_possible_resample():
    x, y = np.array([0.0, 2.0, 5.0]), np.array([1.0, 3.0])
    possible = [
        np.mean([(a > b) + 0.5 * (a == b) for a in drawn_x for b in drawn_y])
        for drawn_x in itertools.product(x, repeat=3)
        for drawn_y in itertools.product(y, repeat=2)
    ]
    found = probability_of_improvement([x], [y], Bootstrap(0.8, resamples=40_000))
    for end, share in ((found.low, 0.1), (found.high, 0.9)):
        assert np.mean(np.array(possible) < end - 1e-9) <= share + 0.006
        assert np.mean(np.array(possible) <= end + 1e-9) >= share - 0.006


def test_both_directions_add_up_to_one():
    x, y = random_pair()
    settings = Bootstrap(resamples=10)
    there = probability_of_improvement(x, y, settings).value
    assert there + probability_of_improvement(y, x, settings).value == pytest.approx(1.0)


def test_environments_weigh_the_same():
    x = [np.ones(2), np.zeros(6)]
    y = [np.zeros(4), np.ones(2)]
    assert probability_of_improvement(x, y).value == pytest.approx(0.5)


def test_one_seed_of_either_has_no_interval():
    for x, y in ((STEPS[:1], STEPS), (STEPS, STEPS[:1])):
        found = probability_of_improvement([x], [y])
        assert np.isfinite(found.value)
        assert np.isnan(found.low) and np.isnan(found.high)


def test_other_environments_are_told():
    with pytest.raises(UsageError, match="scores on 2 and on 1 environments"):
        probability_of_improvement([STEPS, STEPS], [STEPS])
