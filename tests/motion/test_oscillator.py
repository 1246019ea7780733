"""Exact oscillators against brute-force integration, and patterns as data."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rl_zoo.errors import ConfigError
from rl_zoo.motion.oscillator import JointPattern, advance_phase, pattern_positions, wrap_phase

frequencies = st.floats(0.05, 20.0)
phases = st.floats(-20.0, 20.0)
durations = st.floats(0.0, 10.0)

PATTERN = JointPattern((1.0, 0.5), (0.0, -0.3), (0.1, -0.2), 5.0, 2.0)


def angle_between(first, second):
    return np.abs(np.remainder(np.asarray(first) - second + math.pi, 2 * math.pi) - math.pi)


def test_one_long_step_equals_a_thousand_short_ones():
    start = np.linspace(0.0, 2 * np.pi, 13)
    small = start
    for _ in range(1000):
        small = advance_phase(small, 5.0, 2.0, 1e-4)
    assert angle_between(small, advance_phase(start, 5.0, 2.0, 0.1)).max() < 1e-9


def test_period_and_swing_fraction_match_an_euler_integration():
    step, theta, swing, crossings = 1e-4, 0.0, 0, []
    for k in range(200_000):  # 20 s
        in_swing = math.sin(theta) > 0.0
        swing += in_swing
        before = theta
        theta += step * 2 * math.pi * (5.0 if in_swing else 2.0)
        if before // (2 * math.pi) != theta // (2 * math.pi):
            crossings.append(k * step)
    measured_frequency = (len(crossings) - 1) / (crossings[-1] - crossings[0])
    assert 1.0 / PATTERN.period == pytest.approx(measured_frequency, abs=0.02)
    assert 1.0 / PATTERN.period == pytest.approx(20 / 7)  # 2.857 Hz
    assert PATTERN.swing_fraction == pytest.approx(swing / 200_000, abs=0.005)
    assert PATTERN.swing_fraction == pytest.approx(2 / 7)


@given(phase=phases, swing=frequencies, stance=frequencies)
def test_a_whole_period_leads_back(phase, swing, stance):
    period = 0.5 / swing + 0.5 / stance
    assert angle_between(advance_phase(phase, swing, stance, period), phase) < 1e-9


@given(phase=phases, swing=frequencies, stance=frequencies, first=durations, second=durations)
def test_durations_add_up(phase, swing, stance, first, second):
    twice = advance_phase(advance_phase(phase, swing, stance, first), swing, stance, second)
    assert angle_between(twice, advance_phase(phase, swing, stance, first + second)) < 1e-7
    assert 0.0 <= twice < 2 * math.pi


@given(phase=phases, frequency=frequencies, duration=durations)
def test_equal_frequencies_are_a_clock(phase, frequency, duration):
    expected = phase + 2 * math.pi * frequency * duration
    assert angle_between(advance_phase(phase, frequency, frequency, duration), expected) < 1e-8


@given(phase=st.floats(0.0, 3.0), swing=frequencies, stance=frequencies)
def test_swing_ends_after_the_rest_of_the_half_cycle(phase, swing, stance):
    rest = (math.pi - phase) / (2 * math.pi * swing)
    extra = 0.1 / stance  # a tenth of a cycle into stance
    later = advance_phase(phase, swing, stance, rest + extra)
    assert later == pytest.approx(math.pi + 0.2 * math.pi, abs=1e-9)


def test_frequencies_may_differ_between_oscillators():
    together = advance_phase([0.0, 1.0], [1.0, 2.0], [3.0, 0.5], 0.37)
    alone = [advance_phase(0.0, 1.0, 3.0, 0.37), advance_phase(1.0, 2.0, 0.5, 0.37)]
    np.testing.assert_array_equal(together, alone)


def test_phases_never_reach_two_pi():
    assert wrap_phase(-1e-18) == 0.0
    assert wrap_phase(2 * math.pi) == 0.0


def test_positions():
    expected = [math.sin(0.4) + 0.1, 0.5 * math.sin(2.0) - 0.2]
    np.testing.assert_allclose(pattern_positions(PATTERN, [0.4, 2.0]), expected, rtol=1e-15)
    np.testing.assert_allclose(PATTERN.initial_phases, [0.0, 2 * math.pi - 0.3])


def test_a_pattern_survives_json():
    assert JointPattern.from_dict(json.loads(json.dumps(PATTERN.to_dict()))) == PATTERN


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"phases": [0.0]}, "pattern.phases: 1 values; amplitudes has 2"),
        ({"swing_frequency": 0.0}, "pattern.swing_frequency: 0.0 is not a positive"),
        ({"stance_frequency": "x"}, "pattern.stance_frequency"),
        ({"offsets": [0.0, math.nan]}, "pattern.offsets"),
        ({"amplitude": [1.0, 1.0]}, "did you mean 'amplitudes'"),
        ({"amplitudes": [], "phases": [], "offsets": []}, "every joint needs one"),
    ],
)
def test_a_pattern_that_makes_no_sense_is_refused(change, message):
    with pytest.raises(ConfigError, match=message):
        JointPattern.from_dict({**PATTERN.to_dict(), **change})


def test_a_missing_key_is_named():
    data = PATTERN.to_dict()
    del data["offsets"]
    with pytest.raises(ConfigError, match="offsets: missing"):
        JointPattern.from_dict(data)
