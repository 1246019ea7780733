"""Networks of oscillators against closed forms and a high-accuracy solver of scipy."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from rl_zoo.errors import ConfigError
from rl_zoo.motion.cpg import (
    CpgDrive,
    CpgNetwork,
    CpgState,
    critically_damped,
    hopf_amplitude,
    start_state,
)
from rl_zoo.motion.gaits import GAITS, gait_phases, phase_offsets
from rl_zoo.motion.oscillator import advance_phase, cycle_fraction

TROT = tuple(gait_phases("trot").tolist())
START = np.array([0.3, 1.7, 4.0, 5.9])

amplitudes = st.floats(0.05, 3.0)
gains = st.floats(1.0, 200.0)


def drive(mu=1.0, swing=2.0, stance=2.0, heading_rate=0.0):
    return CpgDrive(*(np.full(4, value) for value in (mu, swing, stance, heading_rate)))


def angle_between(first, second):
    return np.abs(np.remainder(np.asarray(first) - second + math.pi, 2 * math.pi) - math.pi)


def gait_error(phases, gait):
    """Return the largest deviation from the phase differences of the gait, rad."""
    wanted = np.asarray(gait)
    return angle_between(phases - phases[0], wanted - wanted[0]).max()


def solve(derivative, start, duration):
    solution = solve_ivp(
        lambda _, y: derivative(y), (0.0, duration), start, rtol=1e-10, atol=1e-12, method="DOP853"
    )
    return solution.y[:, -1]


@given(start=amplitudes, mu=amplitudes, alpha=st.floats(1.0, 50.0), duration=st.floats(0.0, 0.5))
@settings(max_examples=30)
def test_hopf_amplitude_solves_its_equation(start, mu, alpha, duration):
    expected = solve(lambda r: alpha * (mu - r**2) * r, [start], duration)[0]
    assert hopf_amplitude(np.array(start), mu, alpha, duration) == pytest.approx(expected, rel=1e-8)


def test_hopf_amplitude_with_mu_zero_dies_away_instead_of_staying():
    expected = solve(lambda r: -20.0 * r**3, [1.3], 0.4)[0]
    assert hopf_amplitude(np.array(1.3), 0.0, 20.0, 0.4) == pytest.approx(expected, rel=1e-8)
    nearly = hopf_amplitude(np.array(1.3), 1e-9, 20.0, 0.4)
    assert nearly == pytest.approx(expected, rel=1e-6)


def test_hopf_amplitude_goes_to_the_root_of_mu_and_stays_at_zero():
    assert hopf_amplitude(np.array(0.1), 2.0, 50.0, 5.0) == pytest.approx(math.sqrt(2), abs=1e-12)
    assert hopf_amplitude(np.array(0.0), 2.0, 50.0, 5.0) == 0.0
    assert hopf_amplitude(np.array(1.0), 1.0, 50.0, 0.02) == 1.0  # exactly: the prior itself


@given(
    start=amplitudes, rate=st.floats(-5, 5), target=amplitudes, gain=gains, time=st.floats(0, 0.5)
)
@settings(max_examples=30)
def test_cpg_rl_amplitude_solves_its_equation(start, rate, target, gain, time):
    expected = solve(
        lambda y: np.array([y[1], gain * (gain / 4 * (target - y[0]) - y[1])]), [start, rate], time
    )
    result = critically_damped(np.array(start), np.array(rate), target, gain, time)
    np.testing.assert_allclose(result, expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("model", ["hopf", "cpg_rl"])
def test_equal_frequencies_match_the_solver(model):
    """Amplitudes far from their target, so that the weights of the coupling move too."""
    network = CpgNetwork(TROT, 10.0, model, 20.0)
    offsets = phase_offsets(TROT)

    def derivative(y):
        r, v, theta = y[:4], y[4:8], y[8:]
        mu = 1.5
        fall = 20.0 * (20.0 / 4 * (mu - r) - v)
        dr, dv = (20.0 * (mu - r**2) * r, 0 * v) if model == "hopf" else (v, fall)
        pull = np.array(
            [
                sum(r[j] * 10.0 * np.sin(theta[j] - theta[i] - offsets[i, j]) for j in range(4))
                for i in range(4)
            ]
        )
        return np.concatenate([dr, dv, 2 * math.pi * 2.0 + pull])

    expected = solve(derivative, np.concatenate([np.full(4, 0.2), np.zeros(4), START]), 0.7)
    state = network.advance(start_state(START, 0.2), drive(mu=1.5), 0.7)
    np.testing.assert_allclose(state.amplitudes, expected[:4], rtol=1e-8)
    assert angle_between(state.phases, expected[8:]).max() < 1e-8


def test_different_swing_and_stance_match_the_solver():
    """The right-hand side jumps, so the solver takes tiny steps of its own."""
    offsets = phase_offsets(TROT)

    def rate(at):
        omega = 2 * math.pi * np.where(np.sin(at) > 0, 3.0, 2.0)
        return omega + 5.0 * np.sin(at[None, :] - at[:, None] - offsets).sum(1)

    theta, step = START.copy(), 1e-5
    for _ in range(30_000):  # 0.3 s, explicit midpoint
        theta = theta + step * rate(theta + 0.5 * step * rate(theta))
    state = CpgNetwork(TROT, 5.0).advance(start_state(START, 1.0), drive(1.0, 3.0, 2.0), 0.3)
    assert angle_between(state.phases, theta).max() < 5e-4


def test_coupling_in_time_matches_the_solver():
    """Each oscillator with frequencies of its own; angles of time change smoothly."""
    swing, stance = np.array([5.0, 4.0, 3.0, 6.0]), np.array([2.0, 2.5, 3.0, 1.5])
    pace = 2 * math.pi / (0.5 / swing + 0.5 / stance)
    start = 2 * math.pi * cycle_fraction(START, swing, stance)
    offsets = phase_offsets(TROT)

    def derivative(at):
        return pace + 8.0 * 0.7 * np.sin(at[None, :] - at[:, None] - offsets).sum(1)

    network = CpgNetwork(TROT, 8.0, "cpg_rl", 50.0, "time")
    amplitude = np.full(4, 0.7)
    state = network.advance(start_state(START, 0.7), CpgDrive(amplitude, swing, stance), 0.5)
    reached = 2 * math.pi * cycle_fraction(state.phases, swing, stance)
    assert angle_between(reached, solve(derivative, start, 0.5)).max() < 1e-6


@pytest.mark.parametrize("angle", ["phase", "time"])
@pytest.mark.parametrize("strength", [0.0, 8.0])
def test_the_outer_step_does_not_matter(strength, angle):
    network = CpgNetwork(TROT, strength, "cpg_rl", 50.0, angle)
    pace = drive(1.4, 5.0, 2.0, 0.7)
    whole = network.advance(start_state(START, 0.3), pace, 0.6)
    state = start_state(START, 0.3)
    for _ in range(30):
        state = network.advance(state, pace, 0.02)
    for name in ("amplitudes", "amplitude_rates", "phases", "headings"):
        np.testing.assert_allclose(getattr(state, name), getattr(whole, name), atol=1e-5)


def test_without_coupling_phases_are_exact():
    state = CpgNetwork(TROT).advance(start_state(START, 1.0), drive(1.0, 5.0, 2.0), 0.9)
    np.testing.assert_array_equal(state.phases, advance_phase(START, 5.0, 2.0, 0.9))


@pytest.mark.parametrize("gait", GAITS)
def test_equal_frequencies_lock_every_gait(gait):
    wanted = gait_phases(gait)
    network = CpgNetwork(tuple(wanted), 10.0, "hopf", 50.0)
    state = network.advance(start_state(wanted + START * 0.2, 0.1), drive(2.0), 5.0)
    assert math.degrees(gait_error(state.phases, wanted)) < 1.0
    np.testing.assert_allclose(state.amplitudes, math.sqrt(2.0), atol=1e-3)


@pytest.mark.parametrize("strength", [1.0, 10.0])
def test_trot_locks_from_a_random_start(strength):
    start = np.random.default_rng(3).uniform(0.0, 2 * math.pi, 4)
    network = CpgNetwork(TROT, strength, "hopf", 50.0)
    state = network.advance(start_state(start, 0.1), drive(2.0), 5.0)
    assert math.degrees(gait_error(state.phases, TROT)) < 1.0


def test_only_coupling_in_time_holds_a_gait_whose_swing_is_faster():
    """Published coupling compares phases, which differ even in a perfect trot at 5 and 2 Hz."""
    errors = {}
    for angle in ("phase", "time"):
        network = CpgNetwork(TROT, 10.0, "hopf", 50.0, angle)
        state = network.advance(start_state(START, 1.0), drive(1.0, 5.0, 2.0), 5.0)
        fractions = 2 * math.pi * cycle_fraction(state.phases, 5.0, 2.0)
        errors[angle] = math.degrees(gait_error(fractions, TROT))
    assert errors["time"] < 1e-3
    assert errors["phase"] > 5.0


def test_headings_integrate():
    state = CpgNetwork(TROT).advance(start_state(START, 1.0), drive(heading_rate=0.5), 0.4)
    np.testing.assert_allclose(state.headings, 0.2)


def test_a_state_survives_json():
    state = CpgNetwork(TROT, 3.0).advance(start_state(START, 0.3), drive(1.0, 2.0, 3.0, 1.0), 0.1)
    restored = CpgState.from_dict(json.loads(json.dumps(state.to_dict())))
    for name in state.to_dict():
        np.testing.assert_array_equal(getattr(restored, name), getattr(state, name))


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"amplitude_model": "hopff"}, "did you mean 'hopf'"),
        ({"coupling_angle": "tim"}, "did you mean 'time'"),
        ({"convergence": 0.0}, "convergence"),
        ({"coupling_strength": -1.0}, "coupling_strength"),
    ],
)
def test_a_network_that_makes_no_sense_is_refused(kwargs, message):
    with pytest.raises(ConfigError, match=message):
        CpgNetwork(TROT, **kwargs)
