"""Values and tables as plain text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rl_zoo.deploy.inspection.page_width import broken, broken_row, column_widths

UNKNOWN = "-"
_SHOWN = 16
"""Entries of a list that are shown one by one."""

UNITS: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "action_range",
            "action_ranges",
            "default_pose",
            "default_position",
            "joint_range",
            "lower_limit",
            "max_tilt",
            "max_tracking_error",
            "motor_lower_limit",
            "motor_upper_limit",
            "upper_limit",
        ),
        "rad",
    ),
    **dict.fromkeys(("max_command_velocity", "max_joint_velocity", "max_velocity"), "rad/s"),
    **dict.fromkeys(("control_period", "dt", "max_state_age", "motor_lag"), "s"),
    **dict.fromkeys(("cutoff_frequency", "control_frequency"), "Hz"),
    **dict.fromkeys(("min_height", "min_leg_distance"), "m"),
    **dict.fromkeys(("kp", "spring_stiffness"), "Nm/rad"),
    **dict.fromkeys(("kd", "spring_damping"), "Nms/rad"),
    "latency": "ms",
    "mass": "kg",
    "max_temperature": "°C",
    "max_torque": "Nm",
    "min_battery_voltage": "V",
    "payload.mass": "kg",
}
"""Units of quantities of robots, filters and limits, by the name they have in a bundle."""


def text_table(
    header: Sequence[str], rows: Iterable[Sequence[str]], units: Sequence[str] = ()
) -> list[str]:
    """Return aligned lines; columns of numbers to the right, empty columns left out.

    A title of several words (``motor_strength``) takes several lines, the units one below. Words of
    a table that is wider than a page go into several lines.
    """
    body = [tuple(row) for row in rows]
    kept = [i for i in range(len(header)) if any(row[i] not in ("", UNKNOWN) for row in body)]
    titles = [header[i].replace("_", " ").split(" ") for i in kept]
    height = max(map(len, titles), default=0)
    head = [
        tuple((title[line:] or [""])[0] if line < len(title) else "" for title in titles)
        for line in range(height)
    ]
    if any(units):
        head.append(tuple(units[i] for i in kept))
    cells = [tuple(row[i] for i in kept) for row in body]
    if not kept:
        return []
    widths = column_widths([*head, *cells])
    lines = [part for row in (*head, *cells) for part in broken_row(row, widths)]
    to_right = [all(_is_number(row[i]) for row in cells) for i in range(len(kept))]
    return [
        "  ".join(
            f"{cell:>{width}}" if right else f"{cell:<{width}}"
            for cell, width, right in zip(line, widths, to_right, strict=True)
        ).rstrip()
        for line in lines
    ]


def pairs_table(pairs: Mapping[str, Any]) -> list[str]:
    """Return one line per key with its value; what is unknown is left out."""
    shown = {key: value for key, value in flattened(pairs) if value not in (None, "")}
    width = max(map(len, shown), default=0)
    return [
        line
        for key, value in shown.items()
        for line in broken(
            f"{key:<{width}}  {value_text(value)} {UNITS.get(key, '')}".rstrip(), indent=width + 2
        )
    ]


def flattened(pairs: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    """Yield key and value of nested mappings, keys joined by dots."""
    for key, value in pairs.items():
        if isinstance(value, Mapping) and value and all(entry == 0 for entry in value.values()):
            yield f"{prefix}{key}", f"all 0 ({', '.join(value)})"
        elif isinstance(value, Mapping):
            yield from flattened(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def value_text(value: Any) -> str:
    """Return a value as a person reads it: few digits, long lists by their range."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, (list, tuple)):
        return _list_text(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {value_text(entry)}" for key, entry in value.items())
    return str(value)


def range_text(low: Any, high: Any) -> str:
    """Return bounds, each a number or one number per entry, as ``low .. high``."""
    lows, highs = _numbers(low), _numbers(high)
    if not lows and not highs:
        return UNKNOWN
    below = f"{min(lows):.4g}" if lows else "-inf"
    above = f"{max(highs):.4g}" if highs else "inf"
    is_widest = len({*lows}) > 1 or len({*highs}) > 1
    return f"{below} .. {above}" + (" (widest)" if is_widest else "")


def duration_text(seconds: float) -> str:
    """Return a control period with its rate."""
    return f"{1000.0 * seconds:g} ms ({1.0 / seconds:g} Hz)"


def _numbers(values: Any) -> list[float]:
    entries = values if isinstance(values, (list, tuple)) else [values]
    return [float(entry) for entry in entries if entry is not None and math.isfinite(entry)]


def _list_text(values: Sequence[Any]) -> str:
    texts = [value_text(value) for value in values]
    if len(texts) > 2 and len(set(texts)) == 1:
        return f"{texts[0]} ({len(texts)} times)"
    if any(isinstance(value, (list, tuple)) for value in values):
        return ", ".join(f"[{text}]" for text in texts[:_SHOWN]) + _rest(texts)
    if len(texts) > _SHOWN and all(isinstance(value, (int, float)) for value in values):
        return f"{min(values):.4g} .. {max(values):.4g} ({len(texts)} numbers)"
    return " ".join(texts[:_SHOWN]) + _rest(texts)


def _rest(texts: Sequence[str]) -> str:
    return f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""


def _is_number(text: str) -> bool:
    if text in ("", UNKNOWN):
        return True
    try:
        float(text)
    except ValueError:
        return False
    return True
