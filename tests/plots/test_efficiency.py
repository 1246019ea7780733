"""Interquartile mean along training: SciPy, the aggregates at a point, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from rl_zoo.errors import UsageError
from rl_zoo.plots import stratified
from rl_zoo.plots.aggregates import aggregate_scores
from rl_zoo.plots.efficiency import sample_efficiency
from rl_zoo.plots.stratified import Bootstrap


def random_curves(sizes=(6, 6, 6), n_points=5):
    rng = np.random.default_rng(8)
    return [np.linspace(0, 1, n_points) + rng.normal(0, 0.3, (size, n_points)) for size in sizes]


def test_each_point_is_scipys_trimmed_mean_of_all_runs():
    curves = random_curves()
    found, low, high = sample_efficiency(curves, Bootstrap(resamples=500))
    assert found == pytest.approx(stats.trim_mean(np.concatenate(curves), 0.25, axis=0))
    assert (low < found).all() and (found < high).all()


@pytest.mark.parametrize("sizes", [(6, 6, 6), (3, 5, 9)])
def test_each_point_is_the_aggregate_there(sizes):
    curves = random_curves(sizes)
    settings = Bootstrap(resamples=300)
    values, low, high = sample_efficiency(curves, settings)
    for point in range(5):
        expected = aggregate_scores([curve[:, point] for curve in curves], settings).iqm
        assert values[point] == pytest.approx(expected.value)
        assert (low[point], high[point]) == pytest.approx((expected.low, expected.high))


def test_intervals_do_not_depend_on_how_many_points_fit_into_memory(monkeypatch):
    curves = random_curves()
    together = sample_efficiency(curves, Bootstrap(resamples=200))
    monkeypatch.setattr(stratified, "_KEPT", 400)
    assert np.allclose(sample_efficiency(curves, Bootstrap(resamples=200)), together)


def test_one_seed_has_no_interval():
    values, low, high = sample_efficiency(random_curves((1, 4)))
    assert np.isfinite(values).all()
    assert np.isnan(low).all() and np.isnan(high).all()


def test_curves_of_other_lengths_are_told():
    with pytest.raises(UsageError, match="of 3 and of 4 evaluations have no common points"):
        sample_efficiency([np.ones((2, 3)), np.ones((2, 4))])
