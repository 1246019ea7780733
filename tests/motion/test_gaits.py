"""Gaits as phases: who swings with whom, and in which order."""

from __future__ import annotations

import numpy as np
import pytest

from rl_zoo.errors import ConfigError
from rl_zoo.motion.gaits import GAITS, LEGS, gait_fractions, gait_phases, phase_offsets


def lift_off_order(gait):
    """Return groups of legs in the order in which they lift off, from the first after RL."""
    leads = dict(zip(LEGS, gait_fractions(gait), strict=True))
    waits = {leg: round((leads["RL"] - lead) % 1.0, 6) for leg, lead in leads.items()}
    return [
        {leg for leg, wait in waits.items() if wait == moment}
        for moment in sorted(set(waits.values()))
    ]


@pytest.mark.parametrize(
    ("gait", "order"),
    [
        ("trot", [{"FR", "RL"}, {"FL", "RR"}]),
        ("pace", [{"FL", "RL"}, {"FR", "RR"}]),
        ("bound", [{"RR", "RL"}, {"FR", "FL"}]),
        ("pronk", [set(LEGS)]),
        ("walk", [{"RL"}, {"FL"}, {"RR"}, {"FR"}]),
        ("canter", [{"RL", "FR"}, {"FL"}, {"RR"}]),
        ("gallop", [{"RL"}, {"RR"}, {"FL"}, {"FR"}]),
        ("rotary_gallop", [{"RL"}, {"RR"}, {"FR"}, {"FL"}]),
    ],
)
def test_order_of_the_legs(gait, order):
    assert lift_off_order(gait) == order


@pytest.mark.parametrize("gait", GAITS)
def test_offsets_are_antisymmetric_and_met_by_the_gait(gait):
    phases = gait_phases(gait)
    offsets = phase_offsets(phases)
    np.testing.assert_array_equal(offsets, -offsets.T)
    for i in range(4):
        for j in range(4):
            assert np.sin(phases[j] - phases[i] - offsets[i, j]) == 0.0


def test_trot_has_the_published_matrix():
    published = np.pi * np.array([[0, -1, -1, 0], [1, 0, 0, 1], [1, 0, 0, 1], [0, -1, -1, 0]])
    # The same angles up to whole turns (and the sign of half a turn).
    np.testing.assert_allclose(np.cos(phase_offsets(gait_phases("trot"))), np.cos(published))


def test_a_gait_may_be_given_as_numbers():
    np.testing.assert_allclose(gait_fractions([0.0, 1.25, -0.25, 0.5]), [0.0, 0.25, 0.75, 0.5])


@pytest.mark.parametrize(
    ("gait", "message"),
    [
        ("trott", "gait 'trott' is unknown; did you mean 'trot'"),
        ([0.0, 0.5], "one finite lead for each of 4 legs"),
        ([0.0, 0.5, float("nan"), 0.0], "one finite lead"),
        ({"FR": 0.0}, "neither a name nor a list"),
    ],
)
def test_a_gait_that_does_not_fit_is_refused(gait, message):
    with pytest.raises(ConfigError, match=message):
        gait_fractions(gait)
