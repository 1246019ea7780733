"""Median, IQM, mean and optimality gap: closed forms, SciPy, rliable on the same resamples."""

from __future__ import annotations

import numpy as np
import pytest
from rliable import metrics

from rl_zoo.errors import UsageError
from rl_zoo.plots.aggregates import aggregate_scores
from rl_zoo.plots.stratified import Bootstrap, bootstrap

NAMES = ("median", "iqm", "mean", "optimality_gap")


def random_scores(n_seeds=10, n_envs=6, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(0.5 + 0.2 * env, 0.4, n_seeds) for env in range(n_envs)]


def by_rliable(matrix):
    """The four numbers of (n_seeds, n_envs) scores."""
    return [getattr(metrics, f"aggregate_{name}")(matrix) for name in NAMES]


def test_ten_equal_steps():
    found = aggregate_scores([np.arange(10) / 10], Bootstrap(resamples=20_000))
    assert found.iqm.value == pytest.approx(0.45)
    assert found.mean.value == found.median.value == pytest.approx(0.45)
    assert found.optimality_gap.value == pytest.approx(0.55)
    # rliable's interval from 2000 resamples.
    assert (found.iqm.low, found.iqm.high) == pytest.approx((0.217, 0.683), abs=0.02)


@pytest.mark.parametrize(("n_seeds", "n_envs"), [(10, 6), (3, 1), (5, 2), (2, 7)])
def test_values_are_rliables(n_seeds, n_envs):
    scores = random_scores(n_seeds, n_envs)
    found = aggregate_scores(scores, Bootstrap(resamples=10))
    for name, expected in zip(NAMES, by_rliable(np.stack(scores, axis=1)), strict=True):
        assert getattr(found, name).value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(("n_seeds", "n_envs"), [(10, 6), (4, 3)])
def test_intervals_are_rliables_of_the_same_resamples(n_seeds, n_envs):
    scores = random_scores(n_seeds, n_envs)
    settings = Bootstrap(confidence=0.9, resamples=300)
    counts = bootstrap([n_seeds] * n_envs, lambda counts: counts, settings).astype(int)
    estimates = []
    for drawn in counts.T:
        per_env = np.split(drawn, n_envs)
        columns = [np.repeat(of_env, n) for of_env, n in zip(scores, per_env, strict=True)]
        estimates.append(by_rliable(np.stack(columns, axis=1)))
    found = aggregate_scores(scores, settings)
    ends = np.quantile(estimates, [0.05, 0.95], axis=0)
    for name, low, high in zip(NAMES, *ends, strict=True):
        assert getattr(found, name).low == pytest.approx(low, abs=1e-12)
        assert getattr(found, name).high == pytest.approx(high, abs=1e-12)


def test_environments_weigh_the_same_whatever_their_number_of_seeds():
    # Weights 1.5 (two seeds) and 0.75 (four); cut 1 of 6 at either end:
    # (0.5 * 0 + 1.5 * 1 + 0.75 * 10 + 0.75 * 20 + 0.5 * 30) / 4.
    scores = [np.array([0.0, 1.0]), np.array([10.0, 20.0, 30.0, 40.0])]
    found = aggregate_scores(scores, Bootstrap(resamples=100))
    assert found.iqm.value == pytest.approx(9.75)
    assert found.mean.value == found.median.value == pytest.approx((0.5 + 25.0) / 2)
    assert found.optimality_gap.value == pytest.approx(0.25)
    # Each seed three times over changes neither mean nor gap.
    threefold = aggregate_scores([np.repeat(scores[0], 3), scores[1]], Bootstrap(resamples=100))
    assert threefold.mean.value == pytest.approx(found.mean.value)
    assert threefold.optimality_gap.value == pytest.approx(found.optimality_gap.value)


def test_scores_above_the_reference_do_not_make_up_for_others():
    found = aggregate_scores([np.array([5.0, 5.0]), np.array([0.0, 0.0])])
    assert found.optimality_gap.value == 0.5
    assert (found.optimality_gap.low, found.optimality_gap.high) == (0.5, 0.5)


def test_median_is_over_environments():
    scores = [np.array([0.0, 0.2]), np.array([0.4, 0.6]), np.array([8.0, 10.0])]
    assert aggregate_scores(scores).median.value == pytest.approx(0.5)


def test_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(300):
        scores = list(rng.normal(size=(4, 10)))
        iqm = aggregate_scores(scores, Bootstrap(resamples=400)).iqm
        covered.append(iqm.low <= 0.0 <= iqm.high)
    assert 0.89 <= np.mean(covered) <= 0.98


def test_one_seed_has_no_interval():
    found = aggregate_scores([np.array([0.5]), np.array([0.1, 0.9])])
    assert found.mean.value == 0.5
    for name in NAMES:
        estimate = getattr(found, name)
        assert np.isnan(estimate.low) and np.isnan(estimate.high)
        assert np.isfinite(estimate.value)


def test_interval_does_not_depend_on_the_scale():
    scores = random_scores()
    once, tenfold = (
        aggregate_scores([factor * of_env for of_env in scores], Bootstrap(resamples=500)).iqm
        for factor in (1.0, 10.0)
    )
    assert (tenfold.low, tenfold.high) == pytest.approx((10 * once.low, 10 * once.high))


def test_a_score_that_is_no_number_is_told():
    with pytest.raises(UsageError, match="environment 2 of 2"):
        aggregate_scores([np.ones(3), np.array([1.0, np.nan])])
