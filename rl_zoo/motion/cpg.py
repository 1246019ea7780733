"""Central pattern generators: networks of oscillators in polar form, one per leg.

Two published models share the phases and differ in the amplitude:

- Hopf (as in Raffin et al., "Learning to Exploit Elastic Actuators", 2022):
  ``dr_i/dt = alpha (mu_i - r_i^2) r_i``, mu the square of the amplitude;
- CPG-RL (Bellegarda and Ijspeert, RA-L 2022):
  ``d2r_i/dt2 = alpha (alpha/4 (mu_i - r_i) - dr_i/dt)``, critically damped, mu the amplitude.

Both: ``dtheta_i/dt = omega_i(theta_i) + sum_j r_j w sin(theta_j - theta_i - Phi_ij)`` with omega
2 pi times the swing frequency while sin(theta_i) > 0, the stance frequency otherwise; and a heading
``dpsi_i/dt`` given from outside.

Amplitudes and uncoupled phases have closed forms. Coupled phases take fixed inner steps: where
phases are compared, the exact uncoupled flow and a Runge-Kutta step of the coupling alternate
(Strang splitting), of fourth order for equal frequencies, of second order otherwise, and not
blurred by the jump between swing and stance; where times are compared, nothing jumps, and the
order is four.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rl_zoo.errors import ConfigError
from rl_zoo.motion.oscillator import (
    TWO_PI,
    advance_phase,
    cycle_fraction,
    cycle_period,
    phase_at_fraction,
    wrap_phase,
)
from rl_zoo.suggest import did_you_mean

FloatArray = NDArray[np.float64]
AmplitudeModel = Literal["hopf", "cpg_rl"]
CouplingAngle = Literal["phase", "time"]

INNER_STEP = 2e-3
"""Longest step of the coupled phases, s."""


@dataclass(frozen=True)
class CpgDrive:
    """What sets the pace of each oscillator until the next call; the actions of CPG-RL.

    Arrays of shape (n_oscillators,), or numbers for all.
    """

    mu: FloatArray
    """Squared amplitude (hopf) or amplitude (cpg_rl) to converge to."""
    swing_frequency: FloatArray
    """Hz."""
    stance_frequency: FloatArray
    """Hz."""
    heading_rate: FloatArray = field(default_factory=lambda: np.zeros(()))
    """psi of CPG-RL: rate of the direction of stepping, rad/s."""


@dataclass(frozen=True)
class CpgState:
    """State of every oscillator. Shape of each array: (n_oscillators,)."""

    amplitudes: FloatArray
    """r."""
    amplitude_rates: FloatArray
    """dr/dt, 1/s; stays zero with the Hopf model."""
    phases: FloatArray
    """theta, rad, in [0, 2 pi)."""
    headings: FloatArray
    """Direction of stepping, rad, in [0, 2 pi)."""

    def to_dict(self) -> dict[str, list[float]]:
        """Return plain data for JSON."""
        return {name: getattr(self, name).tolist() for name in self.__dataclass_fields__}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> CpgState:
        """Return the state that ``to_dict`` described."""
        names = cls.__dataclass_fields__
        return cls(**{name: np.array(data[name], dtype=np.float64) for name in names})


def start_state(phases: ArrayLike, amplitude: float) -> CpgState:
    """Return a state with the given phases, one amplitude for all, at rest and straight ahead."""
    wrapped = wrap_phase(phases)
    zeros = np.zeros_like(wrapped)
    return CpgState(np.full_like(wrapped, amplitude), zeros, wrapped, zeros)


@dataclass(frozen=True)
class CpgNetwork:
    """Oscillators that keep the phases of a gait; ``advance`` is a pure function.

    Raises:
        ConfigError: If a parameter does not fit.
    """

    gait_phases: tuple[float, ...]
    """Phases that the coupling holds, rad. Shape: (n_oscillators,)."""
    coupling_strength: float = 0.0
    """w; 0: uncoupled, every oscillator exact for itself."""
    amplitude_model: AmplitudeModel = "cpg_rl"
    """Which equation the amplitudes follow."""
    convergence: float = 50.0
    """alpha of that equation."""
    coupling_angle: CouplingAngle = "phase"
    """What the coupling compares: ``phase`` as published, which cannot hold a gait when swing and
    stance differ; ``time``: 2 pi times the part of the cycle's time, which can."""

    def __post_init__(self) -> None:
        for name, valid in (
            ("amplitude_model", ("hopf", "cpg_rl")),
            ("coupling_angle", ("phase", "time")),
        ):
            value = getattr(self, name)
            if value not in valid:
                raise ConfigError(f"{name}: '{value}' is unknown{did_you_mean(str(value), valid)}")
        if not self.convergence > 0.0:
            raise ConfigError(f"convergence: {self.convergence} is not a positive number")
        if not self.coupling_strength >= 0.0:
            raise ConfigError(f"coupling_strength: {self.coupling_strength} is not 0 or more")

    def advance(self, state: CpgState, drive: CpgDrive, duration: float) -> CpgState:
        """Return the state after ``duration`` s, the drive held constant."""
        amplitudes, rates = self.amplitudes_after(state, drive.mu, duration)
        headings = wrap_phase(state.headings + drive.heading_rate * duration)
        return CpgState(amplitudes, rates, self._phases_after(state, drive, duration), headings)

    def amplitudes_after(
        self, state: CpgState, mu: FloatArray, duration: float | FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return amplitudes and their rates after ``duration`` s, in closed form.

        Several durations, shape (n_times,), give arrays of shape (n_times, n_oscillators).
        """
        times = np.asarray(duration)[..., np.newaxis]
        if self.amplitude_model == "hopf":
            amplitudes = hopf_amplitude(state.amplitudes, mu, self.convergence, times)
            return amplitudes, state.amplitude_rates
        return critically_damped(
            state.amplitudes, state.amplitude_rates, mu, self.convergence, times
        )

    def _phases_after(self, state: CpgState, drive: CpgDrive, duration: float) -> FloatArray:
        swing, stance = drive.swing_frequency, drive.stance_frequency
        if self.coupling_strength == 0.0:
            return advance_phase(state.phases, swing, stance, duration)
        n_steps = max(1, math.ceil(duration / INNER_STEP - 1e-9))
        step = duration / n_steps
        times = 0.5 * step * np.arange(2 * n_steps + 1, dtype=np.float64)
        weights = self.coupling_strength * self.amplitudes_after(state, drive.mu, times)[0]
        gait = np.array(self.gait_phases)
        if self.coupling_angle == "time":
            pace = TWO_PI / cycle_period(swing, stance)
            angles = TWO_PI * cycle_fraction(state.phases, swing, stance) - gait
            for k in range(n_steps):
                angles = couple(angles, weights[2 * k : 2 * k + 3], step, pace)
            return phase_at_fraction((angles + gait) / TWO_PI, swing, stance)
        phases = advance_phase(state.phases, swing, stance, 0.5 * step)
        for k in range(n_steps):
            phases = couple(phases - gait, weights[2 * k : 2 * k + 3], step) + gait
            is_last = k == n_steps - 1
            phases = advance_phase(phases, swing, stance, 0.5 * step if is_last else step)
        return phases


def hopf_amplitude(
    amplitude: FloatArray, mu: ArrayLike, convergence: float, duration: ArrayLike
) -> FloatArray:
    """Return r(t) of ``dr/dt = convergence (mu - r^2) r`` in closed form.

    The square of r follows the logistic equation.

    Args:
        amplitude: r at time zero, not negative.
        mu: Square of the amplitude to converge to; at 0 it dies away as 1 / sqrt(t).
        convergence: alpha, 1/s for mu = 1.
        duration: s.
    """
    target = np.asarray(mu, dtype=np.float64)
    square = np.asarray(amplitude, dtype=np.float64) ** 2
    decay = np.exp(-2.0 * convergence * target * np.asarray(duration, dtype=np.float64))
    remaining = square + (target - square) * decay
    # At rest in the unstable fixed point 0 both are zero: it stays there.
    ratio = np.divide(target, remaining, out=np.ones_like(remaining), where=remaining > 0.0)
    dying = 1.0 / (1.0 + 2.0 * convergence * square * np.asarray(duration, dtype=np.float64))
    return np.asarray(np.sqrt(square * np.where(target == 0.0, dying, ratio)))


def critically_damped(
    value: FloatArray, rate: FloatArray, target: ArrayLike, gain: float, duration: ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """Return r(t) and dr/dt of ``d2r/dt2 = gain (gain/4 (target - r) - dr/dt)`` in closed form.

    Args:
        value: r at time zero.
        rate: dr/dt at time zero, 1/s.
        target: Where r goes.
        gain: a, 1/s; the double root of the equation is -a/2.
        duration: s.
    """
    goal = np.asarray(target, dtype=np.float64)
    time = np.asarray(duration, dtype=np.float64)
    error = value - goal
    slope = rate + 0.5 * gain * error
    decay = np.exp(-0.5 * gain * time)
    after = goal + (error + slope * time) * decay
    return np.asarray(after), np.asarray((rate - 0.5 * gain * slope * time) * decay)


def couple(
    angles: FloatArray, weights: FloatArray, step: float, pace: float | FloatArray = 0.0
) -> FloatArray:
    """Return the angles after one Runge-Kutta step of fourth order of ``step`` s.

    ``dbeta_i/dt = pace_i + sum_j w_j sin(beta_j - beta_i)`` with ``beta = theta - phi``, phi the
    phases of the gait: the same as ``sin(theta_j - theta_i - Phi_ij)``.

    Args:
        angles: beta, rad. Shape: (n,).
        weights: w at the start, in the middle and at the end of the step. Shape: (3, n).
        step: s.
        pace: Rate without coupling, rad/s.
    """

    def rate(at: FloatArray, weight: FloatArray) -> FloatArray:
        sines, cosines = np.sin(at), np.cos(at)
        return np.asarray(pace + cosines * (weight @ sines) - sines * (weight @ cosines))

    first = rate(angles, weights[0])
    second = rate(angles + 0.5 * step * first, weights[1])
    third = rate(angles + 0.5 * step * second, weights[1])
    fourth = rate(angles + step * third, weights[2])
    return np.asarray(angles + step / 6.0 * (first + 2.0 * second + 2.0 * third + fourth))
