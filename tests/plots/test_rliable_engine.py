"""Ours and rliable agree; what is said where rliable is missing, broken or cannot do it."""

from __future__ import annotations

import sys
import types

import numpy as np
import pytest

from rl_zoo.errors import MissingDependencyError, UsageError
from rl_zoo.plots import aggregates, efficiency, improvement, profiles, rliable_engine
from rl_zoo.plots.stratified import Bootstrap

FEW, MANY = 800, 50_000
TAUS = np.linspace(0.0, 1.5, 7)


def random_scores(level, *shape):
    rng = np.random.default_rng(round(100 * level))
    return [rng.normal(level, 0.3, shape or 8) for _ in range(3)]


X, Y, CURVES = random_scores(0.8), random_scores(0.7), random_scores(0.6, 6, 4)


def rows(found):
    """Value, low and high of every number that an estimator returns, (m, 3)."""
    if isinstance(found, aggregates.Aggregates):
        estimates = [found.median, found.iqm, found.mean, found.optimality_gap]
    elif isinstance(found, tuple):
        return np.stack(found, axis=1)
    else:
        estimates = [found]
    return np.array([[estimate.value, estimate.low, estimate.high] for estimate in estimates])


CASES = {
    "aggregates": (aggregates.aggregate_scores, [X], 0.0),
    "profile": (profiles.score_profile, [X, TAUS], 1 / 24),
    "improvement": (improvement.probability_of_improvement, [X, Y], 1 / 192),
    "efficiency": (efficiency.sample_efficiency, [CURVES], 0.0),
}
"""Estimator, its data, and the step of its resampled estimates."""


@pytest.mark.parametrize("case", CASES)
def test_ours_is_rliables_within_monte_carlo_error(case):
    ours, data, step = CASES[case]
    theirs = getattr(rliable_engine, ours.__name__)
    found = rows(ours(*data, Bootstrap(resamples=MANY)))
    reference = rows(theirs(*data, Bootstrap(resamples=FEW)))
    assert found[:, 0] == pytest.approx(reference[:, 0], abs=1e-12)
    # How far an end scatters with rliable's number of resamples is seen with ours.
    repeated = [rows(ours(*data, Bootstrap(resamples=FEW, seed=seed))) for seed in range(1, 20)]
    scatter = np.std(repeated, axis=0, ddof=1)[:, 1:]
    assert (np.abs(found - reference)[:, 1:] <= 5 * scatter + step + 1e-9).all()


@pytest.mark.parametrize("case", CASES)
def test_confidence_is_passed_on(case):
    ours, data, _ = CASES[case]
    theirs = getattr(rliable_engine, ours.__name__)
    wide, narrow = (rows(theirs(*data, Bootstrap(level, resamples=100))) for level in (0.95, 0.5))
    assert (wide[:, 1] <= narrow[:, 1]).all() and (narrow[:, 2] <= wide[:, 2]).all()
    assert (wide[:, 2] - wide[:, 1]).sum() > (narrow[:, 2] - narrow[:, 1]).sum()


def test_same_seed_gives_the_same_interval_and_leaves_numpys_generator_alone():
    np.random.seed(7)
    expected = np.random.random()
    np.random.seed(7)
    settings = Bootstrap(resamples=50, seed=3)
    first = rliable_engine.aggregate_scores(X, settings)
    assert np.random.random() == expected
    assert rliable_engine.aggregate_scores(X, settings) == first


def test_one_seed_has_no_interval_here_either():
    found = rliable_engine.aggregate_scores([np.ones(1), np.ones(1)], Bootstrap(resamples=10))
    assert found.iqm.value == 1.0
    assert np.isnan(found.iqm.low) and np.isnan(found.iqm.high)
    pair = rliable_engine.probability_of_improvement([X[0]], [X[0][:1]], Bootstrap(resamples=10))
    assert np.isnan(pair.low)


def test_what_rliable_cannot_do_is_told():
    ragged = [np.ones(3), np.ones(5)]
    with pytest.raises(UsageError, match=r"same number of seeds .* 3 to 5; --engine numpy"):
        rliable_engine.aggregate_scores(ragged)
    with pytest.raises(UsageError, match="of different lengths"):
        rliable_engine.sample_efficiency([np.ones((2, 3)), np.ones((2, 4))])
    with pytest.raises(UsageError, match="on 3 and on 2 environments"):
        rliable_engine.probability_of_improvement(X, X[:2])


def test_missing_rliable_is_told_with_the_line_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "rliable", None)
    with pytest.raises(MissingDependencyError, match=r"'rliable' is not installed: pip install"):
        rliable_engine.aggregate_scores(X)


def test_rliable_that_pandas_breaks_is_told_with_the_line_that_repairs_it(monkeypatch):
    class Broken(types.ModuleType):
        def __getattr__(self, name):
            raise TypeError("deprecate_kwarg() missing 1 required positional argument")

    monkeypatch.setitem(sys.modules, "rliable", Broken("rliable"))
    with pytest.raises(MissingDependencyError, match=r"deprecate_kwarg.*'pandas>=2.2,<3'"):
        rliable_engine.aggregate_scores(X)
