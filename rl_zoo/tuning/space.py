"""What can be tuned, as data: one parameter per row, and how a row meets Optuna."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from rl_zoo.config.model import EMPTY, Schedule
from rl_zoo.config.schedules import parse_schedule, schedule_mapping
from rl_zoo.errors import ConfigError

if TYPE_CHECKING:
    import optuna

Kind = Literal["float", "int", "categorical", "power_of_two"]
BUILT_IN = "built-in"
UNKNOWN: Any = object()
"""In the place of a configuration's value that cannot be read or lies in no space."""


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
    step: float | None = None
    """Distance of two values of a float or int."""
    choices: Mapping[Any, Any] = field(default_factory=lambda: EMPTY)
    """Of a categorical: what the study stores -> what the configuration gets."""
    key: str | None = None
    """Dotted configuration key, None: ``name``; empty: other values are derived from it."""
    also_sets: tuple[str, ...] = ()
    """More dotted keys that get the same value."""
    one_minus: bool = False
    """The configuration gets one minus the value."""
    at_most: tuple[str, int] | None = None
    """Another parameter whose value plus this number bounds this one from above."""
    is_rollout: bool = False
    """Steps of a rollout: bounded by the budget, and what a batch is drawn from."""
    default: Any = None
    """What the algorithm takes where neither the entry nor its constructor says it."""
    origin: str = field(default=BUILT_IN, compare=False)
    """Where it comes from: built in, or a place in a file, or a flag."""

    @property
    def config_key(self) -> str:
        """Dotted key in the configuration; empty if there is none."""
        return self.name if self.key is None else self.key

    @property
    def config_keys(self) -> tuple[str, ...]:
        """Every dotted key that gets its value."""
        return (self.config_key, *self.also_sets) if self.config_key else ()

    @property
    def study_name(self) -> str:
        """Name under which the study stores it."""
        return f"{self.name}_pow" if self.kind == "power_of_two" else self.name

    def suggest(self, trial: optuna.Trial, sampled: Mapping[str, Any]) -> Any:
        """Draw a value; ``sampled`` are the parameters drawn before."""
        name, high = self.study_name, self.upper_bound(sampled)
        if self.kind == "categorical":
            return trial.suggest_categorical(name, list(self.choices))
        if self.kind == "power_of_two":
            return 2 ** trial.suggest_int(name, _exponent(self.low), _exponent(high))
        if self.kind == "float":
            if self.step is not None:
                return trial.suggest_float(name, self.low, high, step=self.step)
            return trial.suggest_float(name, self.low, high, log=self.log)
        if self.step is not None:
            return trial.suggest_int(name, int(self.low), int(high), step=int(self.step))
        return trial.suggest_int(name, int(self.low), int(high), log=self.log)

    def distribution(self) -> optuna.distributions.BaseDistribution:
        """Return what the study will store about the parameter (its full range)."""
        from optuna.distributions import (
            CategoricalDistribution,
            FloatDistribution,
            IntDistribution,
        )

        if self.kind == "categorical":
            return CategoricalDistribution(list(self.choices))
        if self.kind == "power_of_two":
            return IntDistribution(_exponent(self.low), _exponent(self.high))
        if self.kind == "float":
            return FloatDistribution(self.low, self.high, log=self.log, step=self.step)
        return IntDistribution(
            int(self.low), int(self.high), log=self.log, step=int(self.step or 1)
        )

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

    def ends(self) -> tuple[Any, ...]:
        """Return the outermost sampled values, or every choice."""
        if self.kind == "categorical":
            return tuple(self.choices)
        as_type = float if self.kind == "float" else int
        return tuple(dict.fromkeys((as_type(self.low), as_type(self.high))))

    def nearest(self, wanted: Any, sampled: Mapping[str, Any]) -> Any:
        """Return the value in the space nearest to the configuration's ``wanted``, else UNKNOWN.

        A schedule counts as its first value.
        """
        if self.kind == "categorical":
            return self._nearest_choice(wanted)
        if isinstance(wanted, Schedule):
            wanted = wanted.start
        if not is_number(wanted):
            return UNKNOWN
        number = 1 - wanted if self.one_minus else wanted
        high = self.upper_bound(sampled)
        inside = min(max(number, self.low), high)
        if self.kind == "power_of_two":
            return 2 ** round(math.log2(inside))
        if self.step is not None:
            steps = min(round((inside - self.low) / self.step), int((high - self.low) / self.step))
            inside = self.low + steps * self.step
        return float(inside) if self.kind == "float" else round(inside)

    def _nearest_choice(self, wanted: Any) -> Any:
        if wanted is UNKNOWN:
            return UNKNOWN
        for label, value in self.choices.items():
            if is_same(value, wanted):
                return label
        if isinstance(wanted, Schedule):
            wanted = wanted.start
        numbers = [label for label, value in self.choices.items() if is_number(value)]
        if not numbers or not is_number(wanted):
            return UNKNOWN
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


def is_same(value: Any, own: Any) -> bool:
    """Say whether a value of the space is the one of a configuration."""
    if is_number(value) and is_number(own):
        return math.isclose(value, own, rel_tol=1e-6)
    if isinstance(own, Schedule):
        return value == schedule_mapping(own) or _read_schedule(value) == own
    return bool(value == own) and isinstance(value, bool) == isinstance(own, bool)


def is_number(value: Any) -> bool:
    """Say whether ``value`` is a number and no boolean."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _read_schedule(value: Any) -> Schedule | float | None:
    try:
        return parse_schedule(value) if isinstance(value, (str, Mapping)) else None
    except ConfigError:
        return None


def _exponent(value: float) -> int:
    return round(math.log2(value))
