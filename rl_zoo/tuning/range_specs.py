"""The language of ``search_space:``: one specification of what a key may be, and its meaning."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from rl_zoo.config.literals import format_literal, parse_literal
from rl_zoo.config.model import Symbol
from rl_zoo.config.rules import describe
from rl_zoo.config.symbols import symbol_text
from rl_zoo.errors import ConfigError
from rl_zoo.suggest import did_you_mean
from rl_zoo.tuning.space import Kind, Parameter, is_number

Spec = Mapping[str, Any]
"""``low``, ``high``, ``log``, ``step``, ``type``, ``power_of_two``, ``one_minus`` of numbers, or
``choices``; and ``sets``."""

SPEC_KEYS = ("low", "high", "log", "step", "type", "power_of_two", "one_minus", "choices", "sets")
_FLAGS = ("log", "power_of_two", "one_minus")
_LARGEST = 2**63 - 1
_LONG = 60


def read_spec(value: Any) -> Spec:
    """Return the specification that a configuration or flag holds.

    Raises:
        ConfigError: If it is none, or a part of it is unknown; all problems at once.
    """
    if isinstance(value, str):
        value = parse_literal(value)
    if isinstance(value, (list, tuple)):
        return {"choices": value}
    if not isinstance(value, Mapping):
        raise ConfigError(
            "must be a range such as {low: 0.1, high: 1}, a list of choices, default, or none "
            f"(not searched), not {describe(value)}"
        )
    problems = [
        f"unknown part '{part}' of a range{did_you_mean(str(part), SPEC_KEYS)}"
        for part in value
        if part not in SPEC_KEYS
    ]
    inner = next((name for name, item in value.items() if isinstance(item, Mapping)), None)
    if problems and inner not in (None, *SPEC_KEYS):
        raise ConfigError(f"is not a range; write the key with a dot: <this key>.{inner}")
    if "choices" in value and value.keys() - {"choices", "sets"}:
        others = ", ".join(str(part) for part in value if part not in ("choices", "sets"))
        problems.append(f"has choices and {others}; give choices, or a range of numbers")
    if problems:
        raise ConfigError(problems)
    return dict(value)


def merge_spec(old: Spec, new: Spec) -> Spec:
    """Return ``new`` over ``old``: parts of a range are replaced one by one, choices as a whole."""
    if "choices" in new or "choices" in old:
        kept = {"sets": old["sets"]} if "sets" in old else {}
        return {**kept, **new}
    return {**old, **new}


def spec_of(parameter: Parameter) -> Spec:
    """Return a built-in parameter as a specification: with the configuration's own values."""
    if parameter.kind == "categorical":
        return {"choices": dict(parameter.choices)}
    low, high = parameter.low, parameter.high
    if parameter.one_minus:
        low, high = _one_minus(high), _one_minus(low)
    spec: dict[str, Any] = {"low": low, "high": high}
    if parameter.kind == "power_of_two":
        spec["power_of_two"] = True
    else:
        spec["type"] = parameter.kind
    spec.update({part: True for part in ("log", "one_minus") if getattr(parameter, part)})
    return spec


def make_parameter(template: Parameter, spec: Spec, *, is_whole: bool | None) -> Parameter:
    """Return the parameter that ``spec`` describes.

    Args:
        template: Gives everything that a specification does not say: name, key, bounds by others.
        spec: A complete specification.
        is_whole: Whether the key holds whole numbers, if that is known.

    Raises:
        ConfigError: If it describes no set of values; all problems at once.
    """
    if "choices" in spec:
        choices = _read_choices(spec["choices"])
        return replace(
            _bare(template), kind="categorical", choices=choices, default=template.default
        )
    problems = [
        f"{part} must be true or false, not {describe(spec[part])}"
        for part in _FLAGS
        if not isinstance(spec.get(part, False), bool)
    ]
    problems += [
        f"{part} must be a finite number, not {describe(spec[part])}"
        for part in ("low", "high", "step")
        if spec.get(part) is not None and not _is_finite(spec[part])
    ]
    problems += [f"needs '{part}'" for part in ("low", "high") if spec.get(part) is None]
    if spec.get("type", "int") not in ("int", "float"):
        problems.append(f"type must be int or float, not {describe(spec['type'])}")
    if problems:
        raise ConfigError(problems)
    kind = _kind(spec, is_whole)
    problems = [*_range_problems(spec), *_kind_problems(spec, kind)]
    if problems:
        raise ConfigError(problems)
    return _numeric(template, spec, kind)


def _numeric(template: Parameter, spec: Spec, kind: Kind) -> Parameter:
    low, high, step = spec["low"], spec["high"], spec.get("step")
    one_minus = spec.get("one_minus", False)
    if one_minus:
        low, high = _one_minus(high), _one_minus(low)
    if step is not None:
        high = low + math.floor((high - low) / step + 1e-9) * step
    as_type = float if kind == "float" else int
    return replace(
        template,
        kind=kind,
        low=as_type(low),
        high=as_type(high),
        step=None if step is None else as_type(step),
        log=spec.get("log", False) and kind != "power_of_two",
        one_minus=one_minus,
    )


def _bare(template: Parameter) -> Parameter:
    return Parameter(
        template.name,
        "categorical",
        key=template.key,
        also_sets=template.also_sets,
        is_rollout=template.is_rollout,
        origin=template.origin,
    )


def _kind(spec: Spec, is_whole: bool | None) -> Kind:
    if spec.get("power_of_two"):
        return "power_of_two"
    if "type" in spec:
        return "int" if spec["type"] == "int" else "float"
    given = [spec[part] for part in ("low", "high", "step") if spec.get(part) is not None]
    all_whole = all(isinstance(number, int) for number in given)
    if spec.get("one_minus") or is_whole is False:
        return "float"
    return "int" if is_whole or all_whole else "float"


def _range_problems(spec: Spec) -> list[str]:
    low, high, step = spec["low"], spec["high"], spec.get("step")
    problems = []
    if low > high:
        problems.append(f"low {low:g} is greater than high {high:g}")
    if spec.get("log") and spec.get("one_minus") and high >= 1:
        problems.append(f"one_minus with log needs high below 1, not {high:g}")
    elif spec.get("log") and not spec.get("one_minus") and low <= 0:
        problems.append(f"log needs low above 0, not {low:g}")
    if step is not None and step <= 0:
        problems.append(f"step must be above 0, not {step:g}")
    elif step is not None and step > high - low:
        problems.append(f"step {step:g} is longer than the range")
    if step is not None and spec.get("log"):
        problems.append("log and step exclude each other; write log: false or leave out step")
    return problems


def _kind_problems(spec: Spec, kind: Kind) -> list[str]:
    if kind == "float":
        return []
    problems = [
        f"{part} {spec[part]:g} is not a whole number, as this key needs"
        for part in ("low", "high", "step")
        if spec.get(part) is not None and spec[part] % 1
    ]
    problems += [
        f"{part} is beyond a 64-bit number"
        for part in ("low", "high")
        if abs(spec[part]) > _LARGEST
    ]
    if spec.get("one_minus"):
        problems.append("one_minus is for numbers between 0 and 1, not for whole numbers")
    if kind == "power_of_two":
        problems += [
            f"{part} {spec[part]:g} is not a power of two; write power_of_two: false for any number"
            for part in ("low", "high")
            if not _is_power_of_two(spec[part])
        ]
        if spec.get("step") is not None:
            problems.append("power_of_two and step exclude each other")
    return problems


def _read_choices(given: Any) -> dict[Any, Any]:
    """Return the choices: what a study stores -> what the configuration gets."""
    if isinstance(given, Mapping):
        pairs = [(label, plain_value(value)) for label, value in given.items()]
    elif isinstance(given, (list, tuple)):
        values = [plain_value(value) for value in given]
        pairs = [(_label(value), value) for value in values]
    else:
        raise ConfigError(
            f"choices must be a list, or a mapping of names to values, not {describe(given)}"
        )
    if not pairs:
        raise ConfigError("choices is empty; leave the key out, or write none")
    problems, choices = [], dict[Any, Any]()
    for label, value in pairs:
        if label in choices:
            problems.append(f"the choice {label!r} is given twice (a study takes {label!r} as one)")
        if not _survives_storage(value):
            problems.append(
                f"the choice {label!r} cannot be kept in a study; use numbers, text, lists and "
                "mappings with text keys"
            )
        choices[label] = value
    if problems:
        raise ConfigError(problems)
    return choices


def plain_value(value: Any) -> Any:
    """Return a value as plain data: a class by its name, a tuple as a list."""
    if isinstance(value, Symbol):
        return symbol_text(value).strip("'")
    if isinstance(value, Mapping):
        return {name: plain_value(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_value(item) for item in value]
    return value


def range_text(parameter: Parameter) -> str:
    """Return the values of a parameter in words, those of the configuration."""
    if parameter.kind == "categorical":
        return _choices_text(parameter.choices)
    spec = spec_of(parameter)
    text = f"{spec['low']:g} to {spec['high']:g}"
    if parameter.kind == "power_of_two":
        return f"{text}, powers of two"
    parts = [
        "whole" if parameter.kind == "int" else "",
        f"step {parameter.step:g}" if parameter.step else "",
        f"log{' of 1 - value' if parameter.one_minus else ''}" if parameter.log else "",
    ]
    if parameter.at_most is not None:
        other, offset = parameter.at_most
        parts.append(f"at most {other}{f'{offset:+d}' if offset else ''}")
    kept = ", ".join(part for part in parts if part)
    return f"{text} ({kept})" if kept else text


def _choices_text(choices: Mapping[Any, Any]) -> str:
    texts = [(_value_text(label), _value_text(value)) for label, value in choices.items()]
    named = [label if label == value else f"{label} {value}" for label, value in texts]
    long = sum(map(len, named)) > _LONG
    return " | ".join(label for label, _ in texts) if long else " | ".join(named)


def _value_text(value: Any) -> str:
    return value if isinstance(value, str) else format_literal(value)


def _label(value: Any) -> Any:
    return format_literal(value) if isinstance(value, (list, Mapping)) else value


def _survives_storage(value: Any) -> bool:
    try:
        return bool(json.loads(json.dumps(value)) == value)
    except (TypeError, ValueError):
        return False


def _one_minus(value: float) -> float:
    return round(1 - value, 12)  # 1 - 0.9999 is meant to be 1e-4


def _is_finite(value: Any) -> bool:
    return is_number(value) and math.isfinite(value)


def _is_power_of_two(value: float) -> bool:
    return value >= 1 and math.log2(value).is_integer()
