"""Oscillators that run at one frequency in swing and at another in stance, advanced exactly.

Open-loop policy of Raffin et al., "An Open-Loop Baseline for Reinforcement Learning Locomotion
Tasks", RLJ 2024: ``q_i = a_i sin(theta_i + phi_i) + b_i`` and ``dtheta_i/dt = w_swing if
sin(theta_i + phi_i) > 0 else w_stance``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rl_zoo.errors import ConfigError
from rl_zoo.suggest import did_you_mean

FloatArray = NDArray[np.float64]

TWO_PI = 2.0 * math.pi


@dataclass(frozen=True)
class JointPattern:
    """A periodic pattern with one oscillator per joint; all share the two frequencies.

    Raises:
        ConfigError: If lengths differ, a value is not finite or a frequency is not positive.
    """

    amplitudes: tuple[float, ...]
    """Units of the action. Shape: (n_joints,)."""
    phases: tuple[float, ...]
    """Phase of each joint at time zero, rad. Shape: (n_joints,)."""
    offsets: tuple[float, ...]
    """Centre of the oscillation, units of the action. Shape: (n_joints,)."""
    swing_frequency: float
    """Hz, while the sine of a joint's phase is positive."""
    stance_frequency: float
    """Hz, otherwise."""

    def __post_init__(self) -> None:
        for name in ("amplitudes", "phases", "offsets"):
            object.__setattr__(self, name, _numbers(name, getattr(self, name)))
            if len(getattr(self, name)) != len(self.amplitudes) or not self.amplitudes:
                raise ConfigError(
                    f"pattern.{name}: {len(getattr(self, name))} values; amplitudes has "
                    f"{len(self.amplitudes)}, and every joint needs one"
                )
        for name in ("swing_frequency", "stance_frequency"):
            (value,) = _numbers(name, (getattr(self, name),))
            object.__setattr__(self, name, value)
            if value <= 0.0:
                raise ConfigError(f"pattern.{name}: {value} is not a positive number of Hz")

    @property
    def n_joints(self) -> int:
        """Return the number of joints."""
        return len(self.amplitudes)

    @property
    def period(self) -> float:
        """Return the duration of one cycle in s."""
        return 0.5 / self.swing_frequency + 0.5 / self.stance_frequency

    @property
    def swing_fraction(self) -> float:
        """Return the part of the cycle that is swing, in (0, 1)."""
        return self.stance_frequency / (self.swing_frequency + self.stance_frequency)

    @property
    def initial_phases(self) -> FloatArray:
        """Return the phase of each joint at time zero, in [0, 2 pi). Shape: (n_joints,)."""
        return wrap_phase(np.array(self.phases))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON or YAML (Hz and rad)."""
        plain = asdict(self)
        return {key: list(v) if isinstance(v, tuple) else v for key, v in plain.items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> JointPattern:
        """Return the pattern that ``to_dict`` described.

        Raises:
            ConfigError: If a key is missing or unknown, or a value does not fit.
        """
        names = [field.name for field in fields(cls)]
        for key in data:
            if key not in names:
                raise ConfigError(f"pattern.{key}: unknown key{did_you_mean(str(key), names)}")
        for name in names:
            if name not in data:
                raise ConfigError(f"pattern.{name}: missing")
        return cls(**data)


def wrap_phase(phase: ArrayLike) -> FloatArray:
    """Return the same angle in [0, 2 pi)."""
    wrapped = np.mod(np.asarray(phase, dtype=np.float64), TWO_PI)
    # The remainder of a tiny negative number rounds to 2 pi itself.
    return np.asarray(np.where(wrapped >= TWO_PI, 0.0, wrapped))


def advance_phase(
    phase: ArrayLike,
    swing_frequency: ArrayLike,
    stance_frequency: ArrayLike,
    duration: float,
) -> FloatArray:
    """Return the phases after ``duration``, exactly, however often they changed between the two.

    The rate is piecewise constant, so time within the cycle is a piecewise linear function of the
    phase: convert, add, convert back. The arguments broadcast against each other.

    Args:
        phase: Now, rad; swing is the half of the cycle in which the sine is positive.
        swing_frequency: Hz, positive.
        stance_frequency: Hz, positive.
        duration: s.

    Returns:
        Phases in [0, 2 pi); an array of no dimension if every argument is a number.
    """
    period = cycle_period(swing_frequency, stance_frequency)
    fraction = cycle_fraction(phase, swing_frequency, stance_frequency) + duration / period
    return phase_at_fraction(fraction, swing_frequency, stance_frequency)


def cycle_period(swing_frequency: ArrayLike, stance_frequency: ArrayLike) -> FloatArray:
    """Return the duration of one cycle in s."""
    swing = np.asarray(swing_frequency, dtype=np.float64)
    return np.asarray(0.5 / swing + 0.5 / np.asarray(stance_frequency, dtype=np.float64))


def cycle_fraction(
    phase: ArrayLike, swing_frequency: ArrayLike, stance_frequency: ArrayLike
) -> FloatArray:
    """Return the part of the cycle's time that has passed since swing began, in [0, 1]."""
    swing_part = _swing_part(swing_frequency, stance_frequency)
    half_cycles = wrap_phase(phase) / math.pi
    in_stance = swing_part + (half_cycles - 1.0) * (1.0 - swing_part)
    return np.asarray(np.where(half_cycles < 1.0, half_cycles * swing_part, in_stance))


def phase_at_fraction(
    fraction: ArrayLike, swing_frequency: ArrayLike, stance_frequency: ArrayLike
) -> FloatArray:
    """Return the phase in [0, 2 pi) at a part of the cycle's time; inverts ``cycle_fraction``."""
    swing_part = _swing_part(swing_frequency, stance_frequency)
    passed = np.mod(np.asarray(fraction, dtype=np.float64), 1.0)
    in_stance = 1.0 + (passed - swing_part) / (1.0 - swing_part)
    half_cycles = np.where(passed < swing_part, passed / swing_part, in_stance)
    return wrap_phase(half_cycles * math.pi)


def _swing_part(swing_frequency: ArrayLike, stance_frequency: ArrayLike) -> FloatArray:
    swing = np.asarray(swing_frequency, dtype=np.float64)
    stance = np.asarray(stance_frequency, dtype=np.float64)
    return np.asarray(stance / (swing + stance))


def pattern_positions(pattern: JointPattern, joint_phases: ArrayLike) -> FloatArray:
    """Return the positions of the joints at their phases, units of the action.

    Args:
        pattern: Amplitudes and offsets.
        joint_phases: ``theta + phi`` of each joint, rad. Shape: (n_joints,).

    Returns:
        Shape: (n_joints,).
    """
    sines = np.sin(np.asarray(joint_phases, dtype=np.float64))
    return np.asarray(np.array(pattern.amplitudes) * sines + np.array(pattern.offsets))


def _numbers(name: str, values: Any) -> tuple[float, ...]:
    try:
        numbers = tuple(float(value) for value in values)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"pattern.{name}: {values!r} is not made of numbers") from error
    if not all(math.isfinite(number) for number in numbers):
        raise ConfigError(f"pattern.{name}: {values!r} is not finite")
    return numbers
