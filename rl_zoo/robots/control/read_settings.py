"""Read the control loop's settings as a configuration file gives them, checked."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from rl_zoo.errors import ConfigError
from rl_zoo.finite import is_finite_number
from rl_zoo.robots.control.settings import ControlSettings
from rl_zoo.robots.driver import BUTTONS, MEASURES
from rl_zoo.robots.guard_limits import SafetyLimits
from rl_zoo.robots.spec import RobotSpec
from rl_zoo.suggest import did_you_mean

_BY_ENVIRONMENT = "action_period"
_NAMES = tuple(item.name for item in fields(ControlSettings) if item.name != _BY_ENVIRONMENT)
_NUMBERS = tuple(item.name for item in fields(ControlSettings) if item.type == "float")
_INTERPOLATIONS = ("linear", "hold")


def read_control_settings(
    given: object, spec: RobotSpec, action_period: float | None = None
) -> ControlSettings:
    """Return the settings of the control loop.

    Args:
        given: Fields of ``ControlSettings`` by name, but ``action_period``.
        spec: The robot.
        action_period: Time between two actions, s; None: the robot's control period.

    Raises:
        ConfigError: All problems at once, each starting with ``control.<field>``.
    """
    if not isinstance(given, Mapping):
        raise ConfigError(f"control: must be a mapping of {', '.join(_NAMES)}, not {given!r}")
    period = 1.0 / spec.control_frequency if action_period is None else action_period
    values: dict[str, Any] = {_BY_ENVIRONMENT: period}
    problems: list[str] = []
    for name, value in given.items():
        if name not in _NAMES:
            problems.append(f"control.{name}: unknown{did_you_mean(str(name), _NAMES)}")
            continue
        try:
            values[name] = _read(name, value, spec)
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    settings = ControlSettings(**values)
    if settings.rate * period < 1.0:
        raise ConfigError(
            f"control.rate: {settings.rate:g} Hz is less than the policy's {1.0 / period:g} Hz"
        )
    return settings


def plain_settings(settings: ControlSettings) -> dict[str, Any]:
    """Return the settings that are not as by default, as plain data."""
    default = ControlSettings()
    return {
        name: value
        for name, value in dataclasses.asdict(settings).items()
        if value != getattr(default, name) and name != _BY_ENVIRONMENT
    }


def _read(name: str, value: Any, spec: RobotSpec) -> Any:
    where = f"control.{name}"
    if name in _NUMBERS:
        if not is_finite_number(value) or not value > 0.0:
            raise ConfigError(f"{where}: must be a positive number, not {value!r}")
        return float(value)
    if name == "interpolation":
        return _one_of(where, value, _INTERPOLATIONS)
    if name in ("read_only", "dry_run"):
        if not isinstance(value, bool):
            raise ConfigError(f"{where}: must be true or false, not {value!r}")
        return value
    if name == "require":
        return tuple(_one_of(where, item, MEASURES) for item in _listed(where, value))
    if name.endswith("_buttons"):
        chords = _listed(where, value)
        return tuple(
            tuple(_one_of(where, button, BUTTONS) for button in _listed(where, chord))
            for chord in chords
        )
    return _read_limits(where, value, spec)


def _read_limits(where: str, value: Any, spec: RobotSpec) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConfigError(f"{where}: must be a mapping of limits, not {value!r}")
    try:
        SafetyLimits.from_spec(spec, **value)
    except ConfigError as error:
        raise ConfigError([f"control.{text}" for text in error.problems]) from error
    return dict(value)


def _listed(where: str, value: Any) -> list[Any]:
    if isinstance(value, str) or not isinstance(value, (list, tuple)):
        raise ConfigError(f"{where}: must be a list, not {value!r}")
    return list(value)


def _one_of(where: str, value: Any, valid: tuple[str, ...]) -> str:
    if value not in valid:
        raise ConfigError(f"{where}: '{value}' is unknown{did_you_mean(str(value), valid)}")
    return str(value)
