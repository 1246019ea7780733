"""What a value may be: its type, range and words; and the conversion to what the algorithm gets."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from rl_zoo.config.literals import parse_literal
from rl_zoo.config.model import Schedule, Symbol
from rl_zoo.config.open_loop_rules import (
    convert_gait,
    convert_legs,
    convert_pattern,
    convert_range,
)
from rl_zoo.config.schedules import parse_schedule
from rl_zoo.config.symbols import (
    ACTIVATIONS,
    OPTIMIZERS,
    is_object_path,
    known_symbol,
    symbol_from_path,
)
from rl_zoo.errors import ConfigError
from rl_zoo.suggest import did_you_mean, nearest_name

Kind = Literal[
    "integer",
    "number",
    "boolean",
    "text",
    "names",
    "class",
    "mapping",
    "net_arch",
    "train_freq",
    "step_list",
    "range",
    "gait",
    "legs",
    "pattern",
]
Report = Callable[[str, str], None]
"""Called with a dotted key and the sentence about its value."""

_LARGEST = 2**63 - 1
INVALID: Any = object()
"""What :func:`convert` returns for a value that it reported."""


@dataclass(frozen=True)
class Rule:
    """What one hyperparameter may be."""

    kind: Kind
    low: float = -math.inf
    high: float = math.inf
    open_low: bool = False
    """The lower bound itself is not allowed."""
    optional: bool = False
    """``null`` is allowed."""
    schedulable: bool = False
    """A schedule such as ``lin_0.001`` is allowed."""
    words: tuple[str, ...] = ()
    """Words allowed instead of a number; ``auto`` also allows ``auto_<number>``."""
    family: Literal["", "activation", "optimizer"] = ""
    """Short names that a class may have."""
    fields: Mapping[str, Rule] = field(default_factory=dict)
    """Rules of the keys of a mapping, or the allowed keys of a ``net_arch`` mapping."""
    closed: bool = False
    """A mapping may have no other keys than ``fields``."""


def convert(rule: Rule, value: Any, key: str, report: Report) -> Any:
    """Return ``value`` as the algorithm gets it, or INVALID after reporting what is wrong."""
    if value is None and rule.optional:
        return None
    try:
        return _CONVERTERS[rule.kind](rule, value, key, report)
    except ConfigError as error:
        report(key, str(error))
        return INVALID


def describe(value: Any) -> str:
    """Return ``value`` with its type, for a message."""
    kind = {str: "text", bool: "a boolean", int: "a number", float: "a number", list: "a list"}
    if value is None:
        return "empty"
    return f"{value!r} ({kind.get(type(value), type(value).__name__)})"


def _number(rule: Rule, value: Any, key: str, report: Report) -> Any:
    if rule.schedulable and isinstance(value, (str, Mapping)):
        schedule = parse_schedule(value)
        if isinstance(schedule, Schedule):
            _check_range(rule, schedule.start)
            if schedule.end != 0:
                _check_range(rule, schedule.end)
            return schedule
        value = schedule
    if isinstance(value, str) and value in rule.words:
        return value
    if isinstance(value, str) and "auto" in rule.words and value.startswith("auto_"):
        _check_range(rule, _plain_number(value[5:], value))
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ConfigError(
            f"must be a number{_or_words(rule)}, not {describe(value)}{_unquote(value)}"
        )
    _check_range(rule, value)
    return float(value)


def _integer(rule: Rule, value: Any, key: str, report: Report) -> int:
    is_whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
    if isinstance(value, bool) or not is_whole:
        raise ConfigError(f"must be a whole number, not {describe(value)}{_unquote(value)}")
    _check_range(rule, value)
    return int(value)


def _boolean(rule: Rule, value: Any, key: str, report: Report) -> bool:
    if not isinstance(value, bool):
        quoted = isinstance(value, str) and value.strip("'\" ").lower() in ("true", "false")
        hint = "; write it without quotes" if quoted else ""
        raise ConfigError(f"must be true or false, not {describe(value)}{hint}")
    return value


def _text(rule: Rule, value: Any, key: str, report: Report) -> str:
    if not isinstance(value, str):
        raise ConfigError(f"must be text, not {describe(value)}")
    if rule.words and value.strip() not in rule.words:
        raise ConfigError(f"unknown value '{value}'{did_you_mean(value, rule.words)}")
    return value.strip()


def _names(rule: Rule, value: Any, key: str, report: Report) -> tuple[str, ...]:
    if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
        return tuple(value)
    raise ConfigError(f"must be a list of names, not {describe(value)}")


def _class(rule: Rule, value: Any, key: str, report: Report) -> Symbol:
    if isinstance(value, type):
        value = Symbol(f"{value.__module__}:{value.__qualname__}")
    if isinstance(value, Symbol):
        return symbol_from_path(value.path)
    if not isinstance(value, str):
        raise ConfigError(f"must be the name of a class, not {describe(value)}")
    members = {"activation": ACTIVATIONS, "optimizer": OPTIMIZERS}.get(rule.family, [])
    prefix = "nn" if rule.family == "activation" else "th.optim"
    by_short_name = {name.lower(): f"{prefix}.{name}" for name in members}
    text = by_short_name.get(value.strip().lower(), value.strip())
    symbol = known_symbol(text)
    if symbol is not None:
        return symbol
    if not is_object_path(text):
        nearest = nearest_name(text, by_short_name)
        hint = f"; did you mean '{by_short_name[nearest]}'?" if nearest else ""
        raise ConfigError(f"unknown class '{value}'{hint or '; write package.module.Name'}")
    return symbol_from_path(text)


def _mapping(rule: Rule, value: Any, key: str, report: Report) -> dict[str, Any]:
    if isinstance(value, str):
        value = parse_literal(value)
    if not isinstance(value, Mapping):
        raise ConfigError(f"must be a mapping such as {{name: value}}, not {describe(value)}")
    result = {}
    for name, item in value.items():
        if not isinstance(name, str):
            report(key, f"the name {name!r} must be text")
        elif name in rule.fields:
            result[name] = convert(rule.fields[name], item, f"{key}.{name}", report)
        elif rule.closed:
            last = key.rpartition(".")[2]
            report(f"{key}.{name}", f"unknown name in {last}{did_you_mean(name, rule.fields)}")
        else:
            result[name] = _open_value(item)
    return result


def _open_value(value: Any) -> Any:
    """Return a value of which nothing is known, with classes as Symbols."""
    if isinstance(value, type):
        return symbol_from_path(f"{value.__module__}:{value.__qualname__}")
    if isinstance(value, Mapping):
        return {key: _open_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_open_value(item) for item in value)
    return value


def _net_arch(rule: Rule, value: Any, key: str, report: Report) -> Any:
    if isinstance(value, str):
        value = parse_literal(value)
    if isinstance(value, (list, tuple)) and len(value) == 1 and isinstance(value[0], Mapping):
        value = value[0]  # the spelling of SB3 before 1.8
    if not isinstance(value, Mapping):
        return _layer_sizes(value)
    if not rule.fields:
        raise ConfigError("must be a list of layer sizes such as [64, 64]")
    result = {}
    for part, sizes in value.items():
        if part not in rule.fields:
            report(
                f"{key}.{part}",
                f"unknown part of the network{did_you_mean(str(part), rule.fields)}",
            )
            continue
        try:
            result[part] = _layer_sizes(sizes)
        except ConfigError as error:
            report(f"{key}.{part}", str(error))
    return result


def _layer_sizes(value: Any) -> list[int]:
    sizes = list(value) if isinstance(value, (list, tuple)) else None
    if sizes is None or any(
        isinstance(size, bool) or not isinstance(size, (int, float)) or size < 1 or size % 1
        for size in sizes
    ):
        raise ConfigError(f"must be a list of layer sizes such as [64, 64], not {describe(value)}")
    return [int(size) for size in sizes]


def _train_freq(rule: Rule, value: Any, key: str, report: Report) -> int | tuple[int, str]:
    if isinstance(value, str):
        value = parse_literal(value)
    if not isinstance(value, (list, tuple)):
        return _integer(rule, value, key, report)
    if len(value) != 2 or value[1] not in ("step", "episode"):
        raise ConfigError(f"must be a number of steps or [n, 'step' | 'episode'], not {value!r}")
    return _integer(rule, value[0], key, report), value[1]


def _step_list(rule: Rule, value: Any, key: str, report: Report) -> list[int]:
    if isinstance(value, str):
        value = parse_literal(value)
    if not isinstance(value, (list, tuple)):
        raise ConfigError(f"must be a list of steps such as [1000, 5000], not {describe(value)}")
    return [_integer(rule, item, key, report) for item in value]


def _check_range(rule: Rule, value: float) -> None:
    if isinstance(value, int) and abs(value) > _LARGEST:
        raise ConfigError("is larger than a 64-bit number")
    if not math.isfinite(value):
        raise ConfigError(f"must be finite, not {value}")
    if value < rule.low or value > rule.high or (rule.open_low and value == rule.low):
        raise ConfigError(f"must be {_range_text(rule)}, not {value:g}")


def _range_text(rule: Rule) -> str:
    if rule.high < math.inf:
        return f"in {'(' if rule.open_low else '['}{rule.low:g}, {rule.high:g}]"
    return f"{'greater than' if rule.open_low else 'at least'} {rule.low:g}"


def _plain_number(text: str, whole: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ConfigError(f"'{whole}' must be auto or auto_<number>") from None


def _or_words(rule: Rule) -> str:
    return "".join(f" or '{word}'" for word in rule.words)


def _unquote(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    try:
        float(value)
    except ValueError:
        return ""
    return "; write it without quotes"


_CONVERTERS: dict[str, Callable[[Rule, Any, str, Report], Any]] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "text": _text,
    "names": _names,
    "class": _class,
    "mapping": _mapping,
    "net_arch": _net_arch,
    "train_freq": _train_freq,
    "step_list": _step_list,
    "range": lambda rule, value, key, report: convert_range(value),
    "gait": lambda rule, value, key, report: convert_gait(value),
    "legs": lambda rule, value, key, report: convert_legs(value),
    "pattern": lambda rule, value, key, report: convert_pattern(value),
}
