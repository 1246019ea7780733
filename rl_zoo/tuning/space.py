"""What can be tuned, as data: one parameter per row, and how a row meets Optuna."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from rl_zoo.config.model import EMPTY, Schedule

if TYPE_CHECKING:
    import optuna

Kind = Literal["float", "int", "categorical", "power_of_two"]


@dataclass(frozen=True)
class Parameter:
    """One dimension of a search space."""

    name: str
    """Name in the study; ``_pow`` is added to that of a power of two, whose exponent is stored."""
    kind: Kind
    low: float = 0
    """Smallest value (of a power of two: the value, not the exponent)."""
    high: float = 0
    """Largest value, included."""
    log: bool = False
    """Draw from the logarithm, so that each order of magnitude is as likely."""
    choices: Mapping[Any, Any] = field(default_factory=lambda: EMPTY)
    """Of a categorical: what the study stores -> what the configuration gets."""
    key: str | None = None
    """Dotted configuration key, None: ``name``; empty: other values are derived from it."""
    one_minus: bool = False
    """The configuration gets one minus the value."""
    at_most: tuple[str, int] | None = None
    """Another parameter whose value plus this number bounds this one from above."""
    default: Any = None
    """What the algorithm takes where neither the entry nor its constructor says it."""

    @property
    def config_key(self) -> str:
        """Dotted key in the configuration; empty if there is none."""
        return self.name if self.key is None else self.key

    @property
    def study_name(self) -> str:
        """Name under which the study stores it."""
        return f"{self.name}_pow" if self.kind == "power_of_two" else self.name

    def suggest(self, trial: optuna.Trial, sampled: Mapping[str, Any]) -> Any:
        """Draw a value; ``sampled`` are the parameters drawn before."""
        name, high = self.study_name, self.upper_bound(sampled)
        if self.kind == "categorical":
            return trial.suggest_categorical(name, list(self.choices))
        if self.kind == "float":
            return trial.suggest_float(name, self.low, high, log=self.log)
        if self.kind == "int":
            return trial.suggest_int(name, int(self.low), int(high), log=self.log)
        return 2 ** trial.suggest_int(name, _exponent(self.low), _exponent(high))

    def upper_bound(self, sampled: Mapping[str, Any]) -> float:
        """Return the largest value beside the parameters drawn before."""
        if self.at_most is None or self.at_most[0] not in sampled:
            return self.high
        other, offset = self.at_most
        return max(min(self.high, float(sampled[other]) + offset), self.low)

    def from_study(self, stored: Any) -> Any:
        """Return the value that the study stores as ``stored``."""
        return 2 ** int(stored) if self.kind == "power_of_two" else stored

    def to_study(self, value: Any) -> Any:
        """Return what the study stores for a sampled value."""
        return _exponent(value) if self.kind == "power_of_two" else value

    def to_config(self, sampled: Any) -> Any:
        """Return the configuration's value for a sampled one."""
        if self.kind == "categorical":
            return self.choices[sampled]
        return 1 - sampled if self.one_minus else sampled

    def nearest(self, wanted: Any, sampled: Mapping[str, Any]) -> Any:
        """Return the value in the space nearest to the configuration's ``wanted``; None if none is.

        A schedule counts as its first value.
        """
        if isinstance(wanted, Schedule):
            wanted = wanted.start
        if self.kind == "categorical":
            return self._nearest_choice(wanted)
        if isinstance(wanted, bool) or not isinstance(wanted, (int, float)):
            return None
        number = 1 - wanted if self.one_minus else wanted
        inside = min(max(number, self.low), self.upper_bound(sampled))
        if self.kind == "float":
            return float(inside)
        return round(inside) if self.kind == "int" else 2 ** round(math.log2(inside))

    def _nearest_choice(self, wanted: Any) -> Any:
        for label, value in self.choices.items():
            if value == wanted and isinstance(value, bool) == isinstance(wanted, bool):
                return label
        numbers = [label for label, value in self.choices.items() if _is_number(value)]
        if not numbers or not _is_number(wanted):
            return None
        return min(numbers, key=lambda label: abs(self.choices[label] - wanted))


def at_most(parameter: Parameter, limit: float) -> Parameter:
    """Return a numeric ``parameter`` whose values stay at or below ``limit`` (at least 1)."""
    limit = max(limit, 1)
    if parameter.kind == "categorical":
        kept = {label: value for label, value in parameter.choices.items() if value <= limit}
        smallest = min(parameter.choices.items(), key=lambda item: item[1])
        return replace(parameter, choices=kept or dict([smallest]))
    if parameter.kind == "power_of_two":
        limit = 2 ** int(math.log2(limit))
    high = min(parameter.high, limit)
    return replace(parameter, low=min(parameter.low, high), high=high)


def one_of(*values: Any) -> dict[Any, Any]:
    """Return the choices of a categorical that are stored as they are."""
    return {value: value for value in values}


def _exponent(value: float) -> int:
    return round(math.log2(value))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
