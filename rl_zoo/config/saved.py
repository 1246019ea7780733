"""The merged entry in the zoo's own keys: what ``config.yml`` holds."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from rl_zoo.config.components import components_value
from rl_zoo.config.literals import format_literal
from rl_zoo.config.model import Normalize, Schedule, Symbol
from rl_zoo.config.parameters import COMPONENT_KEYS
from rl_zoo.config.schedules import schedule_value
from rl_zoo.config.symbols import symbol_text
from rl_zoo.config.validate import CheckedValues


def saved_hyperparams(checked: CheckedValues) -> dict[str, Any]:
    """Return the values as plain YAML data, sorted by key; reading them back gives the same run."""
    result: dict[str, Any] = {"policy": checked.policy}
    for key, value in {**checked.zoo_values, **checked.algo_kwargs}.items():
        result[key] = _saved_value(key, value)
    if checked.normalize is not None:
        result["normalize"] = _saved_normalize(checked.normalize)
    for key in COMPONENT_KEYS:
        if checked.components[key]:
            result[key] = components_value(checked.components[key])
    return dict(sorted(result.items()))


def _saved_value(key: str, value: Any) -> Any:
    if isinstance(value, Schedule):
        return schedule_value(value)
    if isinstance(value, Symbol):
        return symbol_text(value).strip("'")
    if isinstance(value, tuple):  # train_freq, ranges
        return [_saved_value(key, item) for item in value]
    if isinstance(value, Mapping) and _holds_class(value):
        return format_literal(value)
    return value


def _saved_normalize(normalize: Normalize) -> bool | str:
    if normalize == Normalize():
        return True
    default = dataclasses.asdict(Normalize())
    changed = {
        name: value
        for name, value in dataclasses.asdict(normalize).items()
        if name in ("norm_obs", "norm_reward") or value != default[name]
    }
    items = (f"{name!r}: {format_literal(value)}" for name, value in changed.items())
    return f"{{{', '.join(items)}}}"


def _holds_class(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_holds_class(item) for item in value.values())
    if isinstance(value, (list, tuple)):
        return any(_holds_class(item) for item in value)
    return isinstance(value, Symbol)
