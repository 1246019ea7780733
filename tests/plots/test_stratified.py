"""Resampling environment by environment, against NumPy, SciPy and exact probabilities."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from rl_zoo.errors import UsageError
from rl_zoo.plots import stratified
from rl_zoo.plots.stratified import (
    Bootstrap,
    blocks,
    bootstrap,
    check_strata,
    percentile_interval,
    run_weights,
    trimmed_means,
)


def draw(sizes, resamples=20_000, seed=0):
    """How often each run was drawn, (n_runs, resamples)."""
    return bootstrap(sizes, lambda counts: counts, Bootstrap(resamples=resamples, seed=seed))


def test_every_environment_keeps_its_number_of_seeds():
    counts = draw([3, 5, 1])
    assert counts.shape == (9, 20_000)
    assert (counts[:3].sum(axis=0) == 3).all()
    assert (counts[3:8].sum(axis=0) == 5).all()
    assert (counts[8] == 1).all()


def test_seeds_are_drawn_as_the_multinomial_distribution_says():
    counts = draw([4], resamples=50_000)
    drawn, times = np.unique(counts.T, axis=0, return_counts=True)
    expected = [50_000 * stats.multinomial.pmf(row, n=4, p=[0.25] * 4) for row in drawn]
    assert len(drawn) == math.comb(7, 3)  # every multiset of four seeds
    assert stats.chisquare(times, expected).pvalue > 1e-3


def test_environments_are_drawn_independently():
    counts = draw([6, 6], resamples=50_000)
    correlation = np.corrcoef(counts)[:6, 6:]
    assert np.abs(correlation).max() < 5 / math.sqrt(50_000)


def test_a_seed_of_the_resampling_gives_the_same_resamples(monkeypatch):
    assert np.array_equal(draw([3, 4], 500), draw([3, 4], 500))
    assert not np.array_equal(draw([3, 4], 500), draw([3, 4], 500, seed=1))
    monkeypatch.setattr(stratified, "_CHUNK", 70)  # ten resamples at a time
    assert draw([3, 4], 503).shape == (7, 503)


@pytest.mark.parametrize("n", [1, 2, 5, 10, 61])
def test_trimmed_mean_of_a_resample_is_that_of_its_values(n):
    values = np.random.default_rng(n).normal(size=n).round(1)  # with ties
    counts = draw([n], resamples=200)
    resamples = [np.repeat(values, column.astype(int)) for column in counts.T]
    for proportion in (0.0, 0.1, 0.25):
        found = trimmed_means(values, np.ones(n), int(proportion * n), counts)
        assert found == pytest.approx([stats.trim_mean(drawn, proportion) for drawn in resamples])


def test_trimmed_mean_keeps_its_digits_far_from_zero():
    values = 1e9 + np.arange(8.0)
    found = trimmed_means(values, np.ones(8), 2, np.ones((8, 1)))
    assert found[0] - 1e9 == pytest.approx(3.5, abs=1e-6)


def test_runs_weigh_so_that_environments_weigh_the_same():
    assert run_weights([4, 4, 4]).tolist() == [1.0] * 12
    weights = run_weights([2, 4])
    assert weights.tolist() == [1.5, 1.5, 0.75, 0.75, 0.75, 0.75]


@pytest.mark.parametrize("resamples", [1, 2, 3, 1000])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_percentile_interval_is_numpys(resamples, confidence):
    estimates = np.random.default_rng(0).normal(size=(3, resamples))
    low, high = percentile_interval(estimates, Bootstrap(confidence))
    tail = (1 - confidence) / 2
    assert low == pytest.approx(np.quantile(estimates, tail, axis=1))
    assert high == pytest.approx(np.quantile(estimates, 1 - tail, axis=1))


def test_blocks_cover_every_point_once(monkeypatch):
    monkeypatch.setattr(stratified, "_KEPT", 300)
    covered = [np.arange(10)[block] for block in blocks(10, Bootstrap(resamples=100))]
    assert np.concatenate(covered).tolist() == list(range(10))
    assert max(map(len, covered)) == 3


@pytest.mark.parametrize(
    ("scores", "told"),
    [
        ([], "no environment"),
        ([np.ones(3), np.empty(0)], "environment 2 of 2 has no score"),
        ([np.array([1.0, np.nan])], "environment 1 of 1 has a score that is not a finite number"),
        ([np.ones(2), np.array([np.inf])], "environment 2 of 2"),
    ],
)
def test_scores_that_say_nothing_are_told(scores, told):
    with pytest.raises(UsageError, match=told):
        check_strata(scores)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95.0, float("nan")])
def test_a_confidence_that_is_none_is_told(confidence):
    with pytest.raises(UsageError, match="must lie between 0 and 1"):
        Bootstrap(confidence=confidence)


def test_no_resample_is_told():
    with pytest.raises(UsageError, match="0 bootstrap resamples"):
        Bootstrap(resamples=0)
