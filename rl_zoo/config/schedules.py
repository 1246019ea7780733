"""Hyperparameters that change with training progress, as written in a configuration."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from rl_zoo.config.model import Schedule, ScheduleKind
from rl_zoo.errors import ConfigError
from rl_zoo.suggest import did_you_mean

PREFIXES: dict[str, ScheduleKind] = {
    "lin": "linear",
    "exp": "exponential",
    "cos": "cosine",
    "constant": "constant",
}
"""First part of the short form ``<prefix>_<start>`` or ``<prefix>_<start>_<end>``."""

_KEYS = ("schedule", "start", "end", "end_fraction")
EXPONENTIAL_DECAY = 100.0
"""``exp_<start>`` without an end falls to ``start / EXPONENTIAL_DECAY``."""


def parse_schedule(value: str | Mapping[str, Any]) -> Schedule | float:
    """Return the schedule that ``value`` describes (a float if it is constant).

    Args:
        value: ``lin_0.001``, ``exp_0.001``, ``cos_0.001``, ``lin_<start>_<end>``, or the mapping
            ``{schedule: linear, start: 0.001, end: 0.0, end_fraction: 1.0}``.

    Raises:
        ConfigError: If the shape is unknown or a number is missing or out of range.
    """
    return _from_text(value) if isinstance(value, str) else _from_mapping(value)


def schedule_value(schedule: Schedule) -> str | dict[str, Any]:
    """Return ``schedule`` as a configuration writes it; the short form where one exists."""
    for prefix, kind in PREFIXES.items():
        if kind == schedule.kind and schedule == parse_schedule(f"{prefix}_{schedule.start!r}"):
            return f"{prefix}_{schedule.start!r}"
    return schedule_mapping(schedule)


def schedule_mapping(schedule: Schedule) -> dict[str, Any]:
    """Return ``schedule`` as the mapping that names all its parts."""
    return {
        "schedule": schedule.kind,
        "start": schedule.start,
        "end": schedule.end,
        "end_fraction": schedule.end_fraction,
    }


def _from_text(text: str) -> Schedule | float:
    prefix, *numbers = text.strip().split("_")
    if not numbers and _is_number_text(prefix):
        raise ConfigError(f"must be a number, not {text!r} (text); write it without quotes")
    if not numbers:
        raise ConfigError(
            f"'{text}' is neither a number nor a schedule; write a number or e.g. lin_0.001"
        )
    if prefix not in PREFIXES:
        known = [f"{name}_{'_'.join(numbers)}" for name in PREFIXES]
        raise ConfigError(f"unknown schedule '{text}'{did_you_mean(text, known)}")
    try:
        values = [float(number) for number in numbers]
    except ValueError:
        values = []
    if len(values) not in (1, 2):
        raise ConfigError(f"'{text}' must be {prefix}_<start> or {prefix}_<start>_<end>")
    return _make(PREFIXES[prefix], values[0], values[1] if len(values) == 2 else None, 1.0)


def _from_mapping(value: Mapping[str, Any]) -> Schedule | float:
    for key in value:
        if key not in _KEYS:
            raise ConfigError(f"unknown key '{key}' of a schedule{did_you_mean(str(key), _KEYS)}")
    if "schedule" not in value:
        raise ConfigError("a schedule needs 'schedule': linear, exponential, cosine or constant")
    shape = value["schedule"]
    kind = next((kind for kind in PREFIXES.values() if kind == shape), None)
    if kind is None:
        hint = did_you_mean(str(shape), PREFIXES.values())
        raise ConfigError(f"unknown schedule '{shape}'{hint}")
    for key in ("start", "end", "end_fraction"):
        number = value.get(key)
        if key in value and (isinstance(number, bool) or not isinstance(number, (int, float))):
            raise ConfigError(f"'{key}' of the schedule must be a number, not {number!r}")
    if "start" not in value:
        raise ConfigError("a schedule needs 'start', the value at the first step")
    end = float(value["end"]) if "end" in value else None
    return _make(kind, float(value["start"]), end, float(value.get("end_fraction", 1.0)))


def _is_number_text(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _make(kind: ScheduleKind, start: float, end: float | None, fraction: float) -> Schedule | float:
    if not all(math.isfinite(number) for number in (start, end or 0.0, fraction)):
        raise ConfigError("the numbers of a schedule must be finite")
    if kind == "constant":
        if end not in (None, start):
            raise ConfigError("a constant schedule has no 'end'")
        return start
    if end is None:
        end = start / EXPONENTIAL_DECAY if kind == "exponential" else 0.0
    if kind == "exponential" and not (start > 0 and end > 0):
        raise ConfigError("an exponential schedule needs positive 'start' and 'end'")
    if not 0 < fraction <= 1:
        raise ConfigError(f"'end_fraction' {fraction} is outside (0, 1]")
    return Schedule(kind, start, end, fraction)
