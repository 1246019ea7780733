"""Show a search space with the entry's values and the origin of every range."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rl_zoo.config.literals import format_literal
from rl_zoo.config.model import RunConfig, Schedule
from rl_zoo.config.schedules import schedule_value
from rl_zoo.tuning.range_specs import range_text
from rl_zoo.tuning.space import UNKNOWN, Parameter
from rl_zoo.tuning.values import entry_point, own_or_default

_HEADER = ("searched", "range", "entry", "origin")
_WIDEST = (72, 48, 32)


def format_space(space: Sequence[Parameter], config: RunConfig) -> str:
    """Return a table of key, range, the entry's value and origin.

    An entry's value that the range cannot express has a star.
    """
    inexact = set(entry_point(space, config).inexact)
    rows = [_HEADER, *(_row(parameter, config, inexact) for parameter in space)]
    widths = [min(max(len(row[i]) for row in rows), _WIDEST[i]) for i in range(3)]
    lines = [
        "  ".join(f"{row[i]:<{widths[i]}}" for i in range(3)) + f"  {row[3]}".rstrip()
        for row in rows
    ]
    if any(key in inexact for parameter in space for key in parameter.config_keys):
        lines.append("* outside the range; trial 0 uses it all the same")
    return "\n".join(lines)


def _row(parameter: Parameter, config: RunConfig, inexact: set[str]) -> tuple[str, str, str, str]:
    keys = parameter.config_keys
    name = ", ".join(keys) or parameter.name
    texts = (_text(own_or_default(parameter, key, config)) for key in keys)
    own = ", ".join(dict.fromkeys(texts)) or "-"
    star = "*" if any(key in inexact for key in keys) else ""
    origin = parameter.origin
    for key in (*keys, parameter.name):
        origin = origin.removesuffix(f" {key}").removesuffix(f".{key}")
    return name, range_text(parameter), own + star, origin


def _text(value: Any) -> str:
    if value is UNKNOWN:
        return "unknown"
    if isinstance(value, Schedule):
        return str(schedule_value(value))
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return f"{value:g}"
    try:
        return format_literal(value)
    except TypeError:
        return str(value)
