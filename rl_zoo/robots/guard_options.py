"""Read safety limits from what a configuration says."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from rl_zoo.errors import ConfigError
from rl_zoo.finite import is_finite_number
from rl_zoo.suggest import did_you_mean

if TYPE_CHECKING:
    from rl_zoo.robots.guard_limits import SafetyLimits

_PER_JOINT = ("max_torque", "max_joint_velocity", "max_tracking_error", "max_command_velocity")
_NUMBERS = (
    "control_period",
    "min_leg_distance",
    "max_tilt",
    "min_height",
    "max_temperature",
    "min_battery_voltage",
    "max_state_age",
)
_REQUIRED = ("joint_range", "control_period", "leg_pairs", "reactions", "cost_weights")
_BY_LIMIT = ("reactions", "cost_weights")
_AXES = ("x", "y", "z")


def read_options(defaults: SafetyLimits, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields of ``SafetyLimits`` from the keywords of its ``from_spec``.

    Args:
        defaults: The limits that the options change.
        options: What the user said.

    Raises:
        ConfigError: All mistakes at once.
    """
    readers: dict[str, Callable[[SafetyLimits, str, Any], Any]] = {
        **dict.fromkeys(_PER_JOINT, _read_per_joint),
        **dict.fromkeys(_NUMBERS, _read_number),
        "joint_range": _read_joint_range,
        "foot_box": _read_foot_box,
        "leg_pairs": _read_leg_pairs,
        "reactions": _read_reactions,
        "cost_weights": _read_cost_weights,
    }
    problems: list[str] = []
    fields: dict[str, Any] = {}
    for key, value in options.items():
        if key not in readers:
            problems.append(f"limits.{key}: unknown limit{did_you_mean(key, readers)}")
        elif value is None and key not in _REQUIRED:
            fields[key] = None
        else:
            try:
                where = key if key in _BY_LIMIT else f"limits.{key}"
                fields[key] = readers[key](defaults, where, value)
            except ConfigError as error:
                problems += error.problems
    if problems:
        raise ConfigError(problems)
    return fields


def _read_number(_: SafetyLimits, where: str, value: Any) -> float:
    return _positive(where, value)


def _positive(where: str, value: Any) -> float:
    number = _number(where, value)
    if number <= 0.0:
        raise ConfigError(f"{where}: {value!r} is not a positive number")
    return number


def _number(where: str, value: Any) -> float:
    if not is_finite_number(value):
        raise ConfigError(f"{where}: {value!r} is not a finite number")
    return float(value)


def _read_per_joint(limits: SafetyLimits, where: str, value: Any) -> tuple[float, ...]:
    names = limits.joint_names
    if isinstance(value, Mapping):
        known = getattr(limits, where.removeprefix("limits."))
        values = dict(zip(names, known or (math.inf,) * len(names), strict=True))
        for name, item in value.items():
            values[_known(where, name, names)] = _positive(f"{where}.{name}", item)
        missing = [name for name, item in values.items() if math.isinf(item)]
        if missing:
            raise ConfigError(f"{where}: no value for the joint '{missing[0]}'")
        return tuple(values.values())
    if isinstance(value, (list, tuple)):
        _check_length(where, value, len(names))
        return tuple(_positive(where, item) for item in value)
    return (_positive(where, value),) * len(names)


def _read_joint_range(
    limits: SafetyLimits, where: str, value: Any
) -> tuple[tuple[float, float], ...]:
    names = limits.joint_names
    ranges = dict(zip(names, limits.joint_range, strict=True))
    if isinstance(value, Mapping):
        for name, pair in value.items():
            ranges[_known(where, name, names)] = _pair(f"{where}.{name}", pair)
    elif isinstance(value, (list, tuple)):
        _check_length(where, value, len(names))
        ranges = {name: _pair(where, pair) for name, pair in zip(names, value, strict=True)}
    else:
        raise ConfigError(f"{where}: {value!r} is neither a list of pairs nor a mapping by joint")
    return tuple(ranges.values())


def _read_foot_box(_: SafetyLimits, where: str, value: Any) -> tuple[tuple[float, float], ...]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{where}: {value!r} is not a mapping of x, y, z to [low, high] in m")
    for key in value:
        _known(where, key, _AXES)
    missing = [axis for axis in _AXES if axis not in value]
    if missing:
        raise ConfigError(f"{where}.{missing[0]}: missing; it is [low, high] in m from the hip")
    return tuple(_pair(f"{where}.{axis}", value[axis]) for axis in _AXES)


def _read_leg_pairs(limits: SafetyLimits, where: str, value: Any) -> tuple[tuple[str, str], ...]:
    names = [leg.name for leg in limits.legs]
    pairs = []
    for pair in value if isinstance(value, (list, tuple)) else [value]:
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise ConfigError(f"{where}: {pair!r} is not a pair of names of legs")
        one, other = (_known(where, name, names) for name in pair)
        if one == other:
            raise ConfigError(f"{where}: '{one}' cannot be kept away from itself")
        pairs.append((one, other))
    return tuple(pairs)


def _read_reactions(limits: SafetyLimits, where: str, value: Any) -> dict[str, str]:
    from rl_zoo.robots.guard_limits import REACTIONS, UNCONDITIONAL, WATCHED

    reactions = dict(limits.reactions)
    for name, reaction in _items(where, value):
        name = _known(where, name, reactions)
        valid = [
            item
            for item in REACTIONS
            if not (item == "soft" and name in WATCHED and name != "state")
            and not (item == "report" and name in UNCONDITIONAL)
        ]
        if reaction not in valid:
            raise ConfigError(
                f"{where}.{name}: '{reaction}' is not possible{did_you_mean(str(reaction), valid)}"
            )
        reactions[name] = reaction
    return reactions


def _read_cost_weights(limits: SafetyLimits, where: str, value: Any) -> dict[str, float]:
    weights = dict(limits.cost_weights)
    for name, weight in _items(where, value):
        number = _number(f"{where}.{name}", weight)
        if number < 0.0:
            raise ConfigError(f"{where}.{name}: {weight!r} is negative")
        weights[_known(where, name, weights)] = number
    return weights


def _items(where: str, value: Any) -> Iterable[tuple[str, Any]]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{where}: {value!r} is not a mapping by name of the limit")
    return value.items()


def _known(where: str, name: Any, names: Iterable[str]) -> str:
    valid = list(names)
    if name not in valid:
        raise ConfigError(f"{where}: unknown name '{name}'{did_you_mean(str(name), valid)}")
    return str(name)


def _pair(where: str, value: Any) -> tuple[float, float]:
    if not isinstance(value, (list, tuple)) or len(value) != 2:
        raise ConfigError(f"{where}: {value!r} is not [low, high]")
    low, high = _number(where, value[0]), _number(where, value[1])
    if not low < high:
        raise ConfigError(f"{where}: {value!r} is not [low, high] with low below high")
    return low, high


def _check_length(where: str, value: Any, length: int) -> None:
    if len(value) != length:
        raise ConfigError(f"{where}: {len(value)} values for {length} joints")
