"""The axis of one hyperparameter: where its values lie, and what a person reads beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.ticker import MaxNLocator
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial

_POWER = "_pow"
_ONE_MINUS = "one_minus_"
_MOST_INTEGERS = 8
_LONGEST = 12
_EDGE = 0.01
"""Share of a range that counts as its end."""


@dataclass(frozen=True)
class ParameterAxis:
    """One hyperparameter of a study, as an axis from 0 to 1."""

    name: str
    """As the study stores it."""
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    is_integer: bool = False
    choices: tuple[Any, ...] = ()

    @property
    def label(self) -> str:
        """What a person calls it."""
        if self.is_power:
            return self.name.removesuffix(_POWER)
        if self.name.startswith(_ONE_MINUS):
            return "1 \u2212 " + self.name.removeprefix(_ONE_MINUS)
        return self.name.rpartition(".")[2]

    @property
    def is_power(self) -> bool:
        """Whether the study stores the exponent of a power of two."""
        return self.name.endswith(_POWER) and self.is_integer

    def place(self, value: Any) -> float:
        """Return where a stored value lies, from 0 to 1."""
        if self.choices:
            found = [i for i, choice in enumerate(self.choices) if choice == value]
            return (found[0] + 0.5) / len(self.choices) if found else 0.5
        low, high, number = self._scaled(self.low), self._scaled(self.high), self._scaled(value)
        return 0.5 if high <= low else (number - low) / (high - low)

    def ticks(self) -> list[tuple[float, str]]:
        """Return places and texts of the values that are written at the axis."""
        if self.choices:
            return [(self.place(choice), _short(_text(choice))) for choice in self.choices]
        return [(self.place(value), self.text(value)) for value in self._tick_values()]

    def text(self, value: Any) -> str:
        """Return a stored value as a person reads it."""
        if self.is_power:
            return str(2 ** int(value))
        return _text(value)

    def end(self, value: Any) -> str | None:
        """Return ``low`` or ``high`` if a stored value lies at that end of the range."""
        if self.choices or self.high <= self.low:
            return None
        place = self.place(value)
        if place <= _EDGE:
            return "low"
        return "high" if place >= 1 - _EDGE else None

    def range_text(self) -> str:
        """Return the range in words."""
        if self.choices:
            return ", ".join(map(_text, self.choices))
        log = ", logarithmic" if self.log else ""
        powers = ", powers of two" if self.is_power else ""
        return f"{self.text(self.low)} to {self.text(self.high)}{log}{powers}"

    def _scaled(self, value: float) -> float:
        return math.log10(max(value, 1e-300)) if self.log else float(value)

    def _tick_values(self) -> list[float]:
        if self.log:
            return _log_ticks(self.low, self.high)
        if self.is_integer and self.high - self.low < _MOST_INTEGERS:
            return [float(value) for value in range(int(self.low), int(self.high) + 1)]
        ticks = MaxNLocator(nbins=5, integer=self.is_integer).tick_values(self.low, self.high)
        return [float(tick) for tick in ticks if self.low <= tick <= self.high]


def parameter_axes(trials: Sequence[FrozenTrial]) -> list[ParameterAxis]:
    """Return an axis for every hyperparameter of ``trials`` that has more than one value."""
    widest: dict[str, ParameterAxis] = {}
    for trial in trials:
        for name, distribution in trial.distributions.items():
            axis = _axis_of(name, distribution)
            known = widest.get(name)
            widest[name] = axis if known is None else _wider(known, axis)
    return [axis for axis in widest.values() if axis.high > axis.low or len(axis.choices) > 1]


def _axis_of(name: str, distribution: BaseDistribution) -> ParameterAxis:
    if isinstance(distribution, CategoricalDistribution):
        return ParameterAxis(name, choices=tuple(distribution.choices), high=0.0)
    assert isinstance(distribution, (FloatDistribution, IntDistribution))
    return ParameterAxis(
        name,
        low=float(distribution.low),
        high=float(distribution.high),
        log=distribution.log,
        is_integer=isinstance(distribution, IntDistribution),
    )


def _wider(one: ParameterAxis, two: ParameterAxis) -> ParameterAxis:
    """Return the axis that shows both: a bound may depend on another value."""
    if one.choices or two.choices:
        choices = tuple(dict.fromkeys((*one.choices, *two.choices)))
        return ParameterAxis(one.name, choices=choices, high=0.0)
    return ParameterAxis(
        one.name, min(one.low, two.low), max(one.high, two.high), one.log, one.is_integer
    )


def _log_ticks(low: float, high: float) -> list[float]:
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    decades = [10.0**exponent for exponent in range(first, last + 1)]
    if len(decades) > 5:
        decades = decades[:: math.ceil(len(decades) / 5)]
    if len(decades) >= 3:
        return decades
    for steps in ((1, 2, 5), (1, 3)):
        marks = [step * 10.0**e for e in range(first - 1, last + 1) for step in steps]
        inside = [mark for mark in marks if low * (1 - 1e-9) <= mark <= high * (1 + 1e-9)]
        if len(inside) <= 5:
            break
    return inside


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}\u2026"


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "none" if value is None else str(value)
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)) + 1e-12)
    if -3 <= exponent < 5:
        return f"{value:.4g}"
    mantissa, _, power = f"{value:.2e}".partition("e")
    mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}e{int(power)}"
