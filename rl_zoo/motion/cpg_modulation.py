"""How a policy changes the pace of oscillators: amplitude, frequency, phase and heading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_zoo.errors import ConfigError
from rl_zoo.finite import is_finite_number

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class ModulationRanges:
    """How far the policy may change the oscillators; an action of zero changes nothing.

    Raises:
        ConfigError: If a range does not fit.
    """

    amplitude: tuple[float, float] | None = None
    """Smallest and largest factor of the amplitude, around 1."""
    frequency: tuple[float, float] | None = None
    """Smallest and largest factor of the frequencies, around 1."""
    phase: float | None = None
    """Largest shift of the phase, rad."""
    heading_rate: float | None = None
    """Largest turning rate of the direction of stepping, rad/s; foot space with abduction only."""
    per_leg: bool = False
    """A value for each leg (joint space: each leg, or each joint of an unknown robot), else one
    for all."""

    def __post_init__(self) -> None:
        for name, lowest in (("amplitude", 0.0), ("frequency", 1e-3)):
            value = getattr(self, name)
            if value is None:
                continue
            if not (_is_pair(value) and lowest <= value[0] <= 1.0 <= value[1]):
                raise ConfigError(
                    f"{name}: {value!r} is not [low, high] with {lowest:g} <= low <= 1 <= high"
                )
            object.__setattr__(self, name, (float(value[0]), float(value[1])))
        for name in ("phase", "heading_rate"):
            value = getattr(self, name)
            if value is not None and not (is_finite_number(value) and value > 0.0):
                raise ConfigError(f"{name}: {value!r} is not a positive number")
        if not isinstance(self.per_leg, bool):
            raise ConfigError(f"per_leg: {self.per_leg!r} is neither true nor false")

    @property
    def names(self) -> tuple[str, ...]:
        """Return what the policy changes, in the order of the action."""
        every = ("amplitude", "frequency", "phase", "heading_rate")
        return tuple(name for name in every if getattr(self, name) is not None)

    def decode(self, action: FloatArray) -> ModulationValues:
        """Return what an action means.

        Args:
            action: In [-1, 1], grouped by ``names``. Shape: (len(names) * n_groups,).
        """
        names = self.names
        parts = action.reshape(len(names), -1) if names else ()
        values = dict(zip(names, parts, strict=True))
        return ModulationValues(
            amplitude=_factor(self.amplitude, values.get("amplitude")),
            frequency=_factor(self.frequency, values.get("frequency")),
            phase=_scaled(self.phase, values.get("phase")),
            heading_rate=_scaled(self.heading_rate, values.get("heading_rate")),
        )


@dataclass(frozen=True)
class ModulationValues:
    """What the policy asks of the oscillators in one step; one value per group, or one for all."""

    amplitude: FloatArray
    frequency: FloatArray
    phase: FloatArray
    """rad."""
    heading_rate: FloatArray
    """rad/s."""


def _is_pair(value: Any) -> bool:
    is_sequence = isinstance(value, Sequence) and not isinstance(value, str)
    return is_sequence and len(value) == 2 and all(is_finite_number(item) for item in value)


def _factor(bounds: tuple[float, float] | None, action: FloatArray | None) -> FloatArray:
    """Return 1 for an action of 0, the bounds for -1 and 1, linear in between."""
    if bounds is None or action is None:
        return np.ones(1)
    low, high = bounds
    return np.where(action < 0.0, 1.0 + action * (1.0 - low), 1.0 + action * (high - 1.0))


def _scaled(bound: float | None, action: FloatArray | None) -> FloatArray:
    return np.zeros(1) if bound is None or action is None else bound * action
