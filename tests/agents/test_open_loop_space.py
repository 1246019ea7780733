"""Points of the unit box and the patterns they stand for."""

import math

import numpy as np
import pytest
from gymnasium import spaces

from rl_zoo.agents.open_loop_space import LegTies, PatternSpace, SearchBox
from rl_zoo.errors import ConfigError
from rl_zoo.motion.gaits import GAITS
from rl_zoo.motion.oscillator import JointPattern, advance_phase

LEGS = ((0, 1), (2, 3), (4, 5), (6, 7))
ACTIONS = spaces.Box(-1.0, 1.0, (8,), np.float32)


def space_of(actions=ACTIONS, robot_legs=LEGS, start=None, **settings):
    return SearchBox(**settings).space(actions, robot_legs, start)


def test_numbers_of_parameters():
    """3 n + 1 for independent joints (science.md); frequencies, and one leg's 3 m - 1, if tied."""
    assert space_of().dimension == 3 * 8 + 1
    assert space_of(gait="trot").dimension == 2 + 3 * 2 - 1
    assert space_of(gait="free").dimension == 2 + 3 * 2 - 1 + 3
    assert space_of(spaces.Box(-1, 1, (1,)), None).dimension == 4


def test_corners_are_the_ends_of_the_ranges():
    settings = {"frequency_range": (1, 3), "amplitude_range": (0, 0.5)}
    space = space_of(spaces.Box(np.float32([-1, 0]), np.float32([1, 4])), None, **settings)
    low, high = space.decode(np.zeros(7)), space.decode(np.ones(7))
    assert (low.swing_frequency, low.stance_frequency) == (1.0, 1.0)
    assert (high.swing_frequency, high.stance_frequency) == (3.0, 3.0)
    assert (low.amplitudes, high.amplitudes) == ((0.0, 0.0), (0.5, 0.5))
    assert (low.offsets, high.offsets) == ((-1.0, 0.0), (1.0, 4.0))  # those of the action
    assert low.phases[0] == high.phases[0] == 0.0
    assert space_of().decode(np.zeros(25)).amplitudes == (-1.0,) * 8


@pytest.mark.parametrize("gait", [None, "free", "trot", "walk"])
def test_there_and_back(gait):
    space = space_of(gait=gait)
    points = np.random.default_rng(0).uniform(size=(50, space.dimension))
    for point in points:
        again = space.encode(space.decode(point))
        assert again == pytest.approx(point, abs=1e-9)


@pytest.mark.parametrize("gait", ["trot", "walk", "pronk", "rotary_gallop"])
def test_tied_legs_do_the_same_some_time_earlier(gait):
    space = space_of(gait=gait)
    pattern = space.decode(np.random.default_rng(1).uniform(size=space.dimension))
    assert pattern.swing_frequency != pytest.approx(pattern.stance_frequency, rel=0.05)
    frequencies = pattern.swing_frequency, pattern.stance_frequency
    for lead, leg in zip(GAITS[gait], LEGS, strict=True):
        for joint, leading in zip(leg, LEGS[0], strict=True):
            assert pattern.amplitudes[joint] == pattern.amplitudes[leading]
            assert pattern.offsets[joint] == pattern.offsets[leading]
            later = advance_phase(pattern.phases[leading], *frequencies, lead * pattern.period)
            difference = pattern.phases[joint] - later
            assert math.cos(difference) == pytest.approx(1.0)


def test_a_start_is_in_the_middle_of_every_phase_range():
    """So the search can turn a phase past zero, which a fixed range would forbid."""
    start = JointPattern((0.3,) * 8, tuple(np.linspace(0.1, 6.2, 8)), (0.1,) * 8, 2.0, 1.5)
    space = space_of(start=start)
    point = space.encode(start)
    assert point[2 + 16 :] == pytest.approx(np.full(7, 0.5))
    again = space.decode(point)
    for name in ("amplitudes", "phases", "offsets"):
        assert getattr(again, name) == pytest.approx(getattr(start, name))
    point[-1] = 0.6
    beyond = space.decode(point).phases[-1]
    assert beyond == pytest.approx((6.2 + 0.2 * math.pi) % (2 * math.pi))


def test_freed_gait_starts_from_the_tied_one():
    """A trot found with tied legs is a point of the space in which the leads are free."""
    tied = space_of(gait="trot").decode(np.random.default_rng(2).uniform(size=7))
    free = space_of(gait="free", start=tied)
    again = free.decode(free.encode(tied))
    assert np.cos(np.subtract(again.phases, tied.phases)) == pytest.approx(np.ones(8))
    assert free.encode(tied)[-3:] == pytest.approx([0.5] * 3)


def test_what_lies_outside_becomes_the_nearest():
    space = space_of(frequency_range=(1, 2))
    fast = JointPattern((2.0,) * 8, (0.0,) * 8, (0.0,) * 8, 9.0, 0.1)
    nearest = space.decode(space.encode(fast))
    assert nearest.amplitudes == (1.0,) * 8
    assert (nearest.swing_frequency, nearest.stance_frequency) == (2.0, 1.0)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"gait": "trott"}, "did you mean 'trot'"),
        ({"gait": "trot", "legs": [[0, 1], [2, 3]]}, "does not give one finite lead for each of 2"),
        ({"gait": [0, 0.5], "legs": [[0, 1], [2, 3]]}, "must name each of the 8 joints"),
        ({"gait": "free", "legs": [[0, 1, 2], [3, 4, 5, 6, 7]]}, "the same number for every leg"),
        ({"legs": [[0, 1]]}, "add gait: trot"),
        ({"amplitude_range": [[0, 1]] * 3}, r"amplitude_range: must be \[low, high\] or 8"),
        ({"frequency_range": (0.0, 1.0)}, "frequency_range"),
    ],
)
def test_refusals(settings, words):
    with pytest.raises(ConfigError, match=words):
        space_of(**settings)


def test_refusals_of_what_comes_from_elsewhere():
    with pytest.raises(ConfigError, match="does not say which joints are a leg; add legs"):
        space_of(robot_legs=None, gait="trot")
    with pytest.raises(ConfigError, match="initial_pattern: has 1 joints, the action 8"):
        space_of(start=JointPattern((1,), (0,), (0,), 1, 1))
    with pytest.raises(ConfigError, match="gait: 2 leads for 4 legs"):
        PatternSpace((1, 2), np.zeros((8, 2)), np.zeros((8, 2)), LegTies(LEGS, (0.0, 0.5)))
