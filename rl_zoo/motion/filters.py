"""Filters that make commands smooth: Butterworth, exponential, one-euro and rate limit.

A filter is a frozen set of parameters with two pure functions: ``start`` makes its memory at a
value, ``step`` returns the next memory, whose first row is the output. Started at a value and given
that value, every filter returns it exactly: no transient. :class:`RunningFilter` keeps the memory.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rl_zoo.errors import ConfigError
from rl_zoo.finite import is_finite_number
from rl_zoo.suggest import did_you_mean

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class ButterworthFilter:
    """Second-order low-pass, maximally flat; coefficients by the bilinear transform.

    A step is answered with an overshoot of 4.3 %, as in continuous time.

    Raises:
        ConfigError: If the cut-off is not below half the sampling frequency.
    """

    name: ClassVar[str] = "butterworth"
    dt: float
    """Time between two values, s."""
    cutoff_frequency: float = 5.0
    """Where the gain is 1/sqrt(2), Hz."""

    def __post_init__(self) -> None:
        _check_positive(self, "dt", "cutoff_frequency")
        nyquist = 0.5 / self.dt
        if self.cutoff_frequency >= nyquist:
            raise ConfigError(
                f"cutoff_frequency: {self.cutoff_frequency} Hz is not below {nyquist:g} Hz, half "
                f"the {2 * nyquist:g} values per second"
            )

    @cached_property
    def coefficients(self) -> tuple[float, float, float, float]:
        """Return b0, b1, a1, a2 of ``(b0 + b1/z + b0/z^2) / (1 + a1/z + a2/z^2)``."""
        warped = math.tan(math.pi * self.cutoff_frequency * self.dt)
        scale = 1.0 / (1.0 + math.sqrt(2.0) * warped + warped**2)
        b0 = scale * warped**2
        return (
            b0,
            2.0 * b0,
            2.0 * scale * (warped**2 - 1.0),
            scale * (1.0 - math.sqrt(2.0) * warped + warped**2),
        )

    def start(self, value: FloatArray) -> FloatArray:
        """Return the rows output, starting value, and the two delays of the deviation from it."""
        rest = np.zeros_like(value)
        return np.stack([value, value, rest, rest])

    def step(self, memory: FloatArray, value: FloatArray) -> FloatArray:
        """Filter the deviation from the starting value (transposed direct form II)."""
        b0, b1, a1, a2 = self.coefficients
        _, origin, first, second = memory
        deviation = value - origin
        output = b0 * deviation + first
        first = b1 * deviation - a1 * output + second
        second = b0 * deviation - a2 * output
        return np.stack([origin + output, origin, first, second])


@dataclass(frozen=True)
class ExponentialFilter:
    """First-order low-pass ``y += (1 - exp(-2 pi f dt)) (x - y)``: exact for a held input."""

    name: ClassVar[str] = "exponential"
    dt: float
    """Time between two values, s."""
    cutoff_frequency: float = 5.0
    """Hz; the time constant is 1 / (2 pi f)."""

    def __post_init__(self) -> None:
        _check_positive(self, "dt", "cutoff_frequency")

    def start(self, value: FloatArray) -> FloatArray:
        """Return the output as the only row."""
        return value[np.newaxis].copy()

    def step(self, memory: FloatArray, value: FloatArray) -> FloatArray:
        """Move towards ``value``."""
        moved = -math.expm1(-2.0 * math.pi * self.cutoff_frequency * self.dt)
        following: FloatArray = memory + moved * (value - memory)
        return following


@dataclass(frozen=True)
class OneEuroFilter:
    """First-order low-pass whose cut-off rises with the speed of the signal.

    Little noise at rest, little lag in motion (Casiez, Roussel, Vogel: "1 euro filter", CHI 2012).
    """

    name: ClassVar[str] = "one_euro"
    dt: float
    """Time between two values, s."""
    min_cutoff: float = 1.0
    """Cut-off at rest, Hz."""
    beta: float = 0.1
    """Rise of the cut-off per speed of the signal, Hz per (unit/s)."""
    derivative_cutoff: float = 1.0
    """Cut-off of the speed's own filter, Hz."""

    def __post_init__(self) -> None:
        _check_positive(self, "dt", "min_cutoff", "derivative_cutoff")
        _check_positive(self, "beta", zero=True)

    def start(self, value: FloatArray) -> FloatArray:
        """Return the rows output and filtered speed."""
        return np.stack([value, np.zeros_like(value)])

    def step(self, memory: FloatArray, value: FloatArray) -> FloatArray:
        """Filter the speed, then the value with the cut-off that follows from it."""
        output, speed = memory
        change = value - output
        speed = speed + _smoothing_factor(self.derivative_cutoff, self.dt) * (
            change / self.dt - speed
        )
        cutoff = self.min_cutoff + self.beta * np.abs(speed)
        return np.stack([output + _smoothing_factor(cutoff, self.dt) * change, speed])


@dataclass(frozen=True)
class RateLimit:
    """Follow the value no faster than ``max_rate``."""

    name: ClassVar[str] = "rate_limit"
    dt: float
    """Time between two values, s."""
    max_rate: float | Sequence[float]
    """Units of the value per second; one number, or one per component."""

    def __post_init__(self) -> None:
        given: Any = self.max_rate  # YAML may hold anything
        if isinstance(given, list):
            object.__setattr__(self, "max_rate", tuple(given))
        _check_positive(self, "dt", "max_rate")

    def start(self, value: FloatArray) -> FloatArray:
        """Return the output as the only row.

        Raises:
            ConfigError: If the number of rates is not that of the components.
        """
        if isinstance(self.max_rate, tuple) and value.shape != (len(self.max_rate),):
            raise ConfigError(
                f"max_rate: {len(self.max_rate)} numbers for values of shape {value.shape}"
            )
        return value[np.newaxis].copy()

    def step(self, memory: FloatArray, value: FloatArray) -> FloatArray:
        """Move towards ``value``."""
        largest = np.multiply(self.max_rate, self.dt)
        limited: FloatArray = np.clip(value, memory - largest, memory + largest)
        return limited


AnyFilter = ButterworthFilter | ExponentialFilter | OneEuroFilter | RateLimit
FILTERS: Mapping[str, type[AnyFilter]] = {
    kind.name: kind for kind in (ButterworthFilter, ExponentialFilter, OneEuroFilter, RateLimit)
}
"""Filters by the name they have in a configuration."""


def make_filter(name: str, dt: float, parameters: Mapping[str, Any]) -> AnyFilter:
    """Return the filter called ``name`` for values that come every ``dt`` seconds.

    Raises:
        ConfigError: If the name or a parameter is unknown, missing or out of range.
    """
    if str(name) not in FILTERS:  # YAML may hold anything
        raise ConfigError(f"filter: '{name}' is unknown{did_you_mean(str(name), FILTERS)}")
    known = [item.name for item in fields(FILTERS[name]) if item.name != "dt"]
    for key in parameters:
        if key not in known:
            raise ConfigError(f"{key}: no parameter of '{name}'{did_you_mean(key, known)}")
    if name == RateLimit.name and "max_rate" not in parameters:
        raise ConfigError("max_rate: missing; 'rate_limit' needs it, in units of action per second")
    return FILTERS[name](dt, **parameters)


class RunningFilter:
    """A filter with its memory.

    A value that is not finite passes, so that the safety layer behind sees it; the components that
    are finite keep the last output then, and nothing of it is remembered.

    Args:
        parameters: The filter.
    """

    def __init__(self, parameters: AnyFilter) -> None:
        self.parameters = parameters
        self.memory: FloatArray | None = None

    @property
    def is_started(self) -> bool:
        """Return whether there is a memory."""
        return self.memory is not None

    def start(self, value: ArrayLike) -> None:
        """Forget everything and rest at ``value``. Shape: (n,)."""
        self.memory = self.parameters.start(np.array(value, dtype=np.float64))

    def stop(self) -> None:
        """Forget everything; the next value passes unchanged and is the new start."""
        self.memory = None

    def step(self, value: ArrayLike) -> FloatArray:
        """Return the output for the next value. Shape: (n,)."""
        wanted = np.array(value, dtype=np.float64)
        finite = np.isfinite(wanted)
        if not finite.all():
            return wanted if self.memory is None else np.where(finite, self.memory[0], wanted)
        if self.memory is None:
            self.memory = self.parameters.start(wanted)
        self.memory = self.parameters.step(self.memory, wanted)
        output: FloatArray = self.memory[0].copy()
        return output

    def to_dict(self) -> dict[str, Any]:
        """Return parameters and memory as plain data."""
        parameters = {"filter": self.parameters.name, **asdict(self.parameters)}
        memory = None if self.memory is None else self.memory.tolist()
        return {"parameters": parameters, "memory": memory}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RunningFilter:
        """Return the filter that ``to_dict`` described.

        Raises:
            ConfigError: If it describes none.
        """
        parameters = dict(data["parameters"])
        name, dt = parameters.pop("filter"), parameters.pop("dt")
        running = cls(make_filter(name, dt, parameters))
        if data["memory"] is not None:
            running.memory = np.array(data["memory"], dtype=np.float64)
        return running


def _smoothing_factor(cutoff: Any, dt: float) -> Any:
    """Return the share of a new value, ``1 / (1 + tau / dt)`` with ``tau = 1 / (2 pi cutoff)``."""
    turned = 2.0 * math.pi * cutoff * dt
    return turned / (1.0 + turned)


def _check_positive(parameters: AnyFilter, *names: str, zero: bool = False) -> None:
    for name in names:
        given = getattr(parameters, name)
        for value in given if isinstance(given, tuple) and given else (given,):
            if not (is_finite_number(value) and (value > 0 or (zero and value == 0))):
                kind = "number from 0 up" if zero else "positive number"
                raise ConfigError(f"{name}: {value!r} is not a {kind}")
