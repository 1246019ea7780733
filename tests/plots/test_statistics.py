"""Statistics against independent calculations."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from rl_zoo.plots import stratified
from rl_zoo.plots.statistics import (
    Bootstrap,
    bootstrap_interval,
    central_value,
    iqm,
    rolling_mean,
    standard_error,
    summarize_seeds,
)

FUNCTIONS = {
    "mean": np.mean,
    "median": np.median,
    "iqm": lambda values, axis: stats.trim_mean(values, 0.25, axis=axis),
}
"""What each statistic is, by NumPy and SciPy."""


@pytest.mark.parametrize("statistic", FUNCTIONS)
def test_interval_agrees_with_scipy(statistic):
    rng = np.random.default_rng(3)
    values = rng.normal(100.0, 15.0, size=(10, 4))
    low, high = bootstrap_interval(values, statistic, Bootstrap(resamples=20_000))
    for column in range(4):
        drawn = stats.bootstrap(
            (values[:, column],),
            FUNCTIONS[statistic],
            n_resamples=20_000,
            method="percentile",
            rng=rng,
        ).bootstrap_distribution
        # Our ends sit at the quantiles of SciPy's resamples within Monte-Carlo error (about 0.001).
        for end, quantile in ((low[column], 0.025), (high[column], 0.975)):
            assert np.mean(drawn < end - 1e-9) <= quantile + 0.005
            assert np.mean(drawn <= end + 1e-9) >= quantile - 0.005


@pytest.mark.parametrize("statistic", FUNCTIONS)
@pytest.mark.parametrize("n_seeds", [2, 3, 4, 5])
def test_interval_agrees_with_every_possible_resample(statistic, n_seeds):
    values = np.random.default_rng(n_seeds).lognormal(size=n_seeds)
    samples = np.array(list(itertools.product(values, repeat=n_seeds)))
    possible = FUNCTIONS[statistic](samples, axis=1)
    low, high = bootstrap_interval(values[:, None], statistic, Bootstrap(0.9, resamples=40_000))
    for end, share in ((low[0], 0.05), (high[0], 0.95)):
        assert np.mean(possible < end - 1e-9) <= share + 0.006
        assert np.mean(possible <= end + 1e-9) >= share - 0.006


@pytest.mark.parametrize("n", range(1, 14))
def test_iqm_is_scipys_trimmed_mean(n):
    values = np.random.default_rng(n).normal(size=(n, 3))
    expected = stats.trim_mean(values, 0.25, axis=0)
    assert iqm(values, axis=0) == pytest.approx(expected)
    assert iqm(values.T, axis=1) == pytest.approx(expected)
    assert iqm(values) == pytest.approx(stats.trim_mean(values, 0.25, axis=None))


def test_iqm_of_ten_equal_steps():
    assert iqm(np.arange(10) / 10) == pytest.approx(0.45)


@pytest.mark.parametrize("statistic", FUNCTIONS)
def test_summary_shows_the_statistic_asked_for(statistic):
    per_seed = np.random.default_rng(5).lognormal(size=(9, 4))
    per_seed[0, 2:] = np.nan
    summary = summarize_seeds(per_seed, statistic)
    function = FUNCTIONS[statistic]
    assert summary.center[:2] == pytest.approx(function(per_seed[:, :2], axis=0))
    assert summary.center[2:] == pytest.approx(function(per_seed[1:, 2:], axis=0))
    assert central_value(per_seed[:, :2], statistic) == pytest.approx(summary.center[:2])
    assert (summary.low < summary.center).all() and (summary.center < summary.high).all()


@pytest.mark.parametrize("statistic", FUNCTIONS)
def test_interval_of_a_point_does_not_depend_on_the_other_points(statistic, monkeypatch):
    values = np.random.default_rng(2).normal(size=(6, 5))
    together = bootstrap_interval(values, statistic, Bootstrap(resamples=500))
    monkeypatch.setattr(stratified, "_KEPT", 1000)  # two points at a time
    in_blocks = bootstrap_interval(values, statistic, Bootstrap(resamples=500))
    alone = bootstrap_interval(values[:, 3:4], statistic, Bootstrap(resamples=500))
    assert np.allclose(together, in_blocks, rtol=1e-12)
    assert np.allclose(np.array(together)[:, 3:4], alone, rtol=1e-12)


def test_interval_agrees_with_all_resamples_of_three_seeds():
    values = np.array([[1.0], [2.0], [4.0]])
    means = [np.mean(sample) for sample in itertools.product([1.0, 2.0, 4.0], repeat=3)]
    low, high = bootstrap_interval(values, settings=Bootstrap(confidence=0.8, resamples=50_000))
    expected = np.quantile(means, [0.1, 0.9], method="inverted_cdf")
    assert (low[0], high[0]) == pytest.approx(tuple(expected), abs=1e-9)


def test_interval_covers_the_true_mean_as_often_as_it_says():
    rng = np.random.default_rng(0)
    samples = rng.normal(size=(30, 400))
    low, high = bootstrap_interval(samples, settings=Bootstrap(resamples=2000))
    covered = np.mean((low <= 0.0) & (high >= 0.0))
    assert 0.90 <= covered <= 0.98


def test_same_data_gives_the_same_interval():
    values = np.random.default_rng(1).normal(size=(5, 3))
    assert np.array_equal(bootstrap_interval(values), bootstrap_interval(values))


def test_one_seed_has_neither_interval_nor_standard_error():
    summary = summarize_seeds(np.array([[1.0, 2.0]]))
    assert summary.center.tolist() == [1.0, 2.0]
    assert np.isnan(summary.low).all() and np.isnan(summary.high).all()
    assert np.isnan(summary.standard_error).all()
    assert summary.n.tolist() == [1, 1]


def test_each_point_is_over_the_seeds_that_reach_it():
    per_seed = np.array([[1.0, 2.0, 3.0], [3.0, 6.0, np.nan], [5.0, np.nan, np.nan]])
    summary = summarize_seeds(per_seed)
    assert summary.n.tolist() == [3, 2, 1]
    assert summary.center.tolist() == [3.0, 4.0, 3.0]
    assert summary.standard_error[0] == pytest.approx(stats.sem([1.0, 3.0, 5.0]))
    assert summary.standard_error[1] == pytest.approx(stats.sem([2.0, 6.0]))
    assert (summary.low[1], summary.high[1]) == (2.0, 6.0)
    assert np.isnan(summary.low[2])


def test_a_point_no_seed_reaches_has_no_number():
    summary = summarize_seeds(np.array([[1.0, np.nan], [2.0, np.nan]]))
    assert summary.n.tolist() == [2, 0]
    assert np.isnan(summary.center[1])


def test_standard_error_is_scipys():
    values = np.array([1.0, 4.0, 9.0, 16.0])
    assert standard_error(values) == pytest.approx(stats.sem(values))


def test_rolling_mean_by_hand():
    values = np.array([1.0, 2.0, 6.0, 3.0])
    assert rolling_mean(values, 3).tolist() == pytest.approx([3.0, 11 / 3])
    assert rolling_mean(values, 1).tolist() == values.tolist()
