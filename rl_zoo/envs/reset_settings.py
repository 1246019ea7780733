"""How a robot is brought back to its default pose between episodes, as checked data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from rl_zoo.errors import ConfigError
from rl_zoo.finite import is_finite_number
from rl_zoo.suggest import did_you_mean

OPERATOR, RAMP = "operator", "ramp"
GET_UP = (OPERATOR, RAMP)


@dataclass(frozen=True)
class ResetSettings:
    """What happens before an episode can begin."""

    get_up: str = OPERATOR
    """A robot on its back or side: ask the ``operator`` to turn it over, or try the ``ramp``."""
    auto_rearm: bool = False
    """Re-arm by itself after a fault whose cause is gone; never after an emergency stop."""
    cool_below: float | None = None
    """After overheating the motors rest until all are colder, degrees Celsius; None: 10 below
    ``control.warn_temperature``."""
    settle_time: float = 0.3
    """In the default pose before the first observation, s."""
    rest_time: float = 0.5
    """A robot that fell lies still for this long before it gets up, s."""
    tipped_over: float = 0.9
    """Tilt of the trunk beyond which it lies on its side or back, rad."""
    attempts: int = 3
    """To stand up, before the operator is asked."""


def read_reset_settings(given: object) -> ResetSettings:
    """Return the settings from plain values.

    Raises:
        ConfigError: All problems at once, each starting with ``reset.<key>``.
    """
    names = tuple(item.name for item in fields(ResetSettings))
    if not isinstance(given, Mapping):
        raise ConfigError(f"reset: must be a mapping of {', '.join(names)}, not {given!r}")
    problems: list[str] = []
    for name, value in given.items():
        problem = _problem(str(name), value, names)
        if problem:
            problems.append(f"reset.{name}: {problem}")
    if problems:
        raise ConfigError(problems)
    values: dict[str, Any] = dict(given)
    return ResetSettings(**values)


def _problem(name: str, value: Any, names: tuple[str, ...]) -> str:
    if name not in names:
        return f"unknown{did_you_mean(name, names)}"
    if name == "get_up":
        return "" if value in GET_UP else f"'{value}' is neither of {', '.join(GET_UP)}"
    if name == "auto_rearm":
        return "" if isinstance(value, bool) else f"must be true or false, not {value!r}"
    if name == "attempts":
        is_count = isinstance(value, int) and not isinstance(value, bool) and value > 0
        return "" if is_count else f"must be a whole number from 1 up, not {value!r}"
    if name == "cool_below" and value is None:
        return ""
    is_positive = is_finite_number(value) and value > 0.0
    return "" if is_positive else f"must be a positive number, not {value!r}"
