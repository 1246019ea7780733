"""Hyperparameters of a run as flat names and texts, so that runs can be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rl_zoo.config.yaml import dump_yaml, load_saved_yaml
from rl_zoo.errors import ZooError
from rl_zoo.runs.folder import RunFolder

ABSENT = "–"
"""Text of a setting that a run does not have."""

Settings = dict[str, str]
"""Dotted name -> value as text."""


def read_settings(folder: RunFolder) -> tuple[Settings, str]:
    """Return the settings in ``config.yml``, and what is wrong with the file ("" if nothing).

    Lists of wrappers are named by wrapper: ``env_wrapper.HistoryWrapper.horizon``.
    """
    if not folder.config_file.is_file():
        return {}, f"{folder.path.name}: no config.yml, so its hyperparameters are unknown"
    try:
        content = load_saved_yaml(folder.config_file)
    except ZooError as error:
        return {}, str(error)
    if not isinstance(content, Mapping):
        return {}, f"{folder.config_file}: holds no hyperparameters"
    return dict(_flatten("", content)), ""


def differing(settings: Sequence[Settings]) -> list[str]:
    """Return the names whose values are not the same in all ``settings``, sorted."""
    names = sorted({name for one in settings for name in one})
    return [name for name in names if len({one.get(name, ABSENT) for one in settings}) > 1]


def _flatten(name: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _flatten(f"{name}.{key}" if name else str(key), item)
    elif isinstance(value, list) and value and all(map(_is_component, value)):
        for item in value:
            for key, arguments in item.items() if isinstance(item, Mapping) else ((item, True),):
                yield from _flatten(f"{name}.{str(key).rpartition('.')[2]}", arguments)
    else:
        yield name, _text(value)


def _is_component(item: Any) -> bool:
    """Say whether a list item is a wrapper or callback: its name, or its name and arguments."""
    named = isinstance(item, Mapping) and len(item) == 1
    return named or (isinstance(item, str) and item.rpartition(".")[2][:1].isupper())


def _text(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "none"}[value]
    if isinstance(value, float):
        return f"{value:g}" if abs(value) < 1e6 and value != int(value) else _number(value)
    if isinstance(value, (str, int)):
        return str(value)
    return " ".join(dump_yaml(value).split())


def _number(value: float) -> str:
    """Return a float as text; 100000.0 is 100000, as a whole number would be."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:g}"
