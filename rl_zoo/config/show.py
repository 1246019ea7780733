"""Show a configuration with the origin of every value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from rl_zoo.config.component_arguments import label_of
from rl_zoo.config.literals import format_literal
from rl_zoo.config.model import ActionNoise, Component, Normalize, RunConfig, Schedule, Symbol
from rl_zoo.config.parameters import COMPONENT_KEYS
from rl_zoo.config.symbols import symbol_text

_SHOWN_AS = {"env_wrappers": "env_wrapper", "vec_env_wrappers": "vec_env_wrapper"}
_FIRST = ("algo", "env_id", "policy", "n_timesteps", "n_envs")
_HIDDEN = ("hyperparams", "origins", "notes", "algo_kwargs", "search_space", *_FIRST)


def format_config(config: RunConfig) -> str:
    """Return a table of key, value and origin; the notes, if any, follow below it."""
    rows = [(shown_key(key), value, origin) for key, value, origin in config_rows(config)]
    key_width = max(len(key) for key, _, _ in rows)
    value_width = min(max(len(value) for _, value, _ in rows), 48)
    lines = [
        f"{key:<{key_width}}  {value:<{value_width}}  {origin}".rstrip()
        for key, value, origin in rows
    ]
    return "\n".join([*lines, *(f"note: {note}" for note in config.notes)])


def config_rows(config: RunConfig) -> list[tuple[str, str, str]]:
    """Return the dotted key, the value as text and the origin of every value; no key twice."""
    return [(key, value, _origin(config, key)) for key, value in _rows(config) if value is not None]


def shown_key(key: str) -> str:
    """Return a key as tables show it: a component's name is part of its value already."""
    return key.partition(".")[0] if key.partition(".")[0] in COMPONENT_KEYS else key


def _rows(config: RunConfig) -> Iterator[tuple[str, str | None]]:
    for name in _FIRST:
        yield name, str(getattr(config, name))
    yield from _flat("", dict(sorted(config.algo_kwargs.items())))
    for item in fields(config):
        if item.name in _HIDDEN:
            continue
        value = getattr(config, item.name)
        key = _SHOWN_AS.get(
            item.name, item.name.removesuffix("s") if item.name == "callbacks" else item.name
        )
        if isinstance(value, Mapping):
            yield from _flat(f"{key}.", value)
        elif isinstance(value, Normalize):
            yield from _normalize_rows(value)
        elif isinstance(value, ActionNoise):
            yield from (("noise_type", value.kind), ("noise_std", f"{value.std:g}"))
        elif isinstance(value, tuple):
            names = [component.name for component in value]
            for position, component in enumerate(value):
                yield label_of(names, position, key), _component_text(component)
        elif value is not None:
            yield key, str(value)


def _normalize_rows(value: Normalize) -> Iterator[tuple[str, str]]:
    if value == Normalize():
        yield "normalize", "True"
    for part in fields(value):
        item = getattr(value, part.name)
        if item != part.default:
            yield f"normalize.{part.name}", _text(item)


def _flat(prefix: str, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in values.items():
        if isinstance(value, Mapping) and value and not prefix:
            yield from _flat(f"{key}.", value)
        else:
            yield f"{prefix}{key}", _text(value)


def _text(value: Any) -> str:
    if isinstance(value, Schedule):
        until = "" if value.end_fraction == 1 else f" until {value.end_fraction:g} of the budget"
        return f"{value.kind} {value.start:g} -> {value.end:g}{until}"
    if isinstance(value, Symbol):
        return symbol_text(value).strip("'")
    if isinstance(value, str):
        return value
    try:
        return format_literal(value)
    except TypeError:
        return str(value)


def _component_text(component: Component) -> str:
    arguments = ", ".join(f"{name}={_text(value)}" for name, value in component.kwargs.items())
    return f"{component.name}({arguments})" if arguments else component.name


def _origin(config: RunConfig, key: str) -> str:
    if key in ("algo", "env_id"):
        return "--env" if key == "env_id" else "--algo"
    inner: dict[str, list[str]] = {}
    for other, origin in config.origins.items():
        if other.startswith(f"{key}."):
            inner.setdefault(origin, []).append(other[len(key) + 1 :])
    parent = key
    while parent not in config.origins and "." in parent:
        parent = parent.rpartition(".")[0]
    own = config.origins.get(parent, "default")
    if own == "default" and inner:  # a mapping of which every value has an origin of its own
        own = next(iter(inner))
    parts = [f"{', '.join(names)}: {place}" for place, names in inner.items() if place != own]
    return "; ".join([own, *parts])
