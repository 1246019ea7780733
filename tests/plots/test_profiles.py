"""Performance profiles: by hand, and rliable's on the same resamples."""

from __future__ import annotations

import numpy as np
import pytest
from rliable import library

from rl_zoo.errors import UsageError
from rl_zoo.plots import stratified
from rl_zoo.plots.profiles import score_profile
from rl_zoo.plots.stratified import Bootstrap, bootstrap

TAUS = np.linspace(-0.5, 2.0, 26)


def test_ten_equal_steps():
    shares, low, high = score_profile([np.arange(10) / 10], np.array([0.0, 0.25, 0.5, 0.75]))
    assert shares == pytest.approx([0.9, 0.7, 0.4, 0.2])
    assert (low <= shares).all() and (shares <= high).all()


def test_shares_and_intervals_are_rliables_of_the_same_resamples():
    rng = np.random.default_rng(1)
    scores = [rng.normal(0.7, 0.4, 8) for _ in range(3)]
    settings = Bootstrap(resamples=300)
    shares, low, high = score_profile(scores, TAUS, settings)
    assert shares == pytest.approx(library.score_distributions(np.stack(scores, axis=1), TAUS))
    counts = bootstrap([8] * 3, lambda counts: counts, settings).astype(int)
    estimates = [
        library.score_distributions(np.repeat(np.concatenate(scores), drawn), TAUS)
        for drawn in counts.T
    ]
    expected = np.quantile(estimates, [0.025, 0.975], axis=0)
    assert np.allclose([low, high], expected, atol=1e-12)


def test_a_score_at_tau_is_not_above_it():
    shares, _, _ = score_profile([np.array([1.0, 1.0, 2.0, 3.0])], np.array([0.5, 1.0, 3.0]))
    assert shares.tolist() == [1.0, 0.5, 0.0]


def test_environments_weigh_the_same_whatever_their_number_of_seeds():
    shares, _, _ = score_profile([np.array([1.0, 1.0]), np.zeros(8)], np.array([0.5]))
    assert shares == pytest.approx([0.5])


def test_share_of_one_environment_has_the_binomial_interval():
    # A resample of 20 seeds of which 10 are above has Binomial(20, 0.5) of them: 6 to 14 of 20.
    scores = np.repeat([0.0, 1.0], 10)
    _, low, high = score_profile([scores], np.array([0.5]), Bootstrap(resamples=20_000))
    assert (low[0], high[0]) == pytest.approx((6 / 20, 14 / 20))


def test_intervals_do_not_depend_on_how_many_taus_fit_into_memory(monkeypatch):
    scores = [np.random.default_rng(env).normal(size=5) for env in range(2)]
    together = score_profile(scores, TAUS, Bootstrap(resamples=200))
    monkeypatch.setattr(stratified, "_KEPT", 600)
    assert np.allclose(score_profile(scores, TAUS, Bootstrap(resamples=200)), together)


def test_one_seed_has_no_interval():
    shares, low, high = score_profile([np.ones(1), np.ones(4)], np.array([0.5]))
    assert shares.tolist() == [1.0]
    assert np.isnan(low).all() and np.isnan(high).all()


def test_no_environment_is_told():
    with pytest.raises(UsageError, match="no environment"):
        score_profile([], TAUS)
