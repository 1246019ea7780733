"""Dotted paths into plain data: mappings by name, lists by index."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rl_zoo.errors import ConfigError
from rl_zoo.suggest import did_you_mean


def value_at(data: Any, path: Sequence[str]) -> Any:
    """Return the value at ``path``.

    Raises:
        KeyError: If there is none.
    """
    for name in path:
        if isinstance(data, Mapping):
            data = data[_key_in(data, name)]
        elif isinstance(data, (list, tuple)) and name.isdecimal() and int(name) < len(data):
            data = data[int(name)]
        else:
            raise KeyError(name)
    return data


def with_value(data: Any, path: Sequence[str], value: Any) -> Any:
    """Return a copy of ``data`` with ``value`` at ``path``; a mapping is merged into a mapping.

    Names that are missing are added to a mapping (and to nothing), elements never to a list.

    Raises:
        ConfigError: If the path leads through something that has no such part.
    """
    if not path:
        if isinstance(data, Mapping) and isinstance(value, Mapping):
            merged = dict(data)
            for name, inner in value.items():
                merged[name] = with_value(data.get(name), (), inner)
            return merged
        return value
    name, rest = path[0], path[1:]
    if isinstance(data, (list, tuple)):
        return _with_element(data, name, rest, value)
    if name.isdecimal() and not (isinstance(data, Mapping) and _key_in(data, name) in data):
        raise ConfigError(f"there is no list with an element {name}")
    if data is not None and not isinstance(data, Mapping):
        raise ConfigError(f"the value there is {data!r}, which has no '{name}'")
    mapping = {} if data is None else dict(data)
    key = _key_in(mapping, name)
    mapping[key] = with_value(mapping.get(key), rest, value)
    return mapping


def _with_element(data: Sequence[Any], name: str, rest: Sequence[str], value: Any) -> Any:
    indices = [str(index) for index in range(len(data))]
    if name not in indices:
        raise ConfigError(
            f"the list there has {len(data)} elements and no '{name}'{did_you_mean(name, indices)}"
        )
    elements = list(data)
    elements[int(name)] = with_value(elements[int(name)], rest, value)
    return tuple(elements) if isinstance(data, tuple) else elements


def _key_in(mapping: Mapping[Any, Any], name: str) -> Any:
    """Return the mapping's key that is written ``name``: YAML reads ``0:`` as a number."""
    if name not in mapping and name.isdecimal() and int(name) in mapping:
        return int(name)
    return name
