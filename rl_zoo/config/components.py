"""Wrappers and callbacks as a configuration names them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rl_zoo.config.model import Component, Symbol
from rl_zoo.config.rules import Report, describe
from rl_zoo.config.symbols import is_object_path, symbol_text
from rl_zoo.suggest import did_you_mean

ZOO_WRAPPERS = frozenset(
    [
        "YAMLCompatResizeObservation",
        "TruncatedOnSuccessWrapper",
        "ActionNoiseWrapper",
        "ActionSmoothingWrapper",
        "DelayedRewardWrapper",
        "HistoryWrapper",
        "HistoryWrapperObsDict",
        "FrameSkip",
        "MaskVelocityWrapper",
        "TimeFeatureWrapper",
    ]
)
"""Wrappers of RL Zoo: saved under its path, so that its own ``enjoy`` finds them."""

_ZOO_PATH = re.compile(r"(?:rl_zoo3?|utils)\.(?:wrappers|callbacks)\.(?P<name>[A-Za-z_]\w*)")
_RENAMED = {"DoneOnSuccessWrapper": "TruncatedOnSuccessWrapper"}
_GYM_MODULE_PATH = re.compile(
    r"gym(?:nasium)?\.wrappers\.(?!vector\b)(?:[a-z_0-9]+\.)?(?P<name>[A-Z]\w*)"
)


def canonical_name(name: str) -> str:
    """Return the name under which a wrapper or callback is found today.

    ``rl_zoo3.wrappers.X`` becomes ``X``; a path through a module of ``gymnasium.wrappers``
    becomes ``gymnasium.wrappers.X``, because those modules move between releases.
    """
    name = name.strip()
    zoo_path = _ZOO_PATH.fullmatch(name)
    if zoo_path:
        return _RENAMED.get(zoo_path["name"], zoo_path["name"])
    gym_path = _GYM_MODULE_PATH.fullmatch(name)
    return f"gymnasium.wrappers.{gym_path['name']}" if gym_path else name


def parse_components(
    value: Any, key: str, report: Report, known_names: Sequence[str] | None = None
) -> tuple[Component, ...]:
    """Return the components of ``value``: a name, ``{name: kwargs}``, or a list of those.

    Args:
        value: What the configuration holds.
        key: ``env_wrapper``, ``vec_env_wrapper`` or ``callback``.
        report: Called with every mistake.
        known_names: Valid short names; None accepts every name.
    """
    if value is None:
        return ()
    components = []
    for item in value if isinstance(value, (list, tuple)) else [value]:
        component = _parse_one(item, key, report)
        if component is not None and _is_known(component.name, key, report, known_names):
            components.append(component)
    return tuple(components)


def components_value(components: Sequence[Component]) -> list[Any]:
    """Return ``components`` as a configuration writes them, readable by the zoo too."""
    result: list[Any] = []
    for component in components:
        in_zoo = component.name in ZOO_WRAPPERS
        name = f"rl_zoo3.wrappers.{component.name}" if in_zoo else component.name
        result.append({name: dict(component.kwargs)} if component.kwargs else name)
    return result


def _parse_one(item: Any, key: str, report: Report) -> Component | None:
    kwargs: Any = {}
    if isinstance(item, Mapping):
        if len(item) != 1:
            report(
                key,
                f"one list item must hold one name, not {len(item)} ({', '.join(map(str, item))}); "
                "start each name with '- ' and indent its arguments below it",
            )
            return None
        item, kwargs = next(iter(item.items()))
    name = component_name(item)
    if name is None:
        report(key, f"must be a name or {{name: arguments}}, not {describe(item)}")
        return None
    if kwargs is None:
        kwargs = {}
    if not isinstance(kwargs, Mapping) or not all(isinstance(word, str) for word in kwargs):
        report(f"{key}.{name}", f"its arguments must be a mapping, not {describe(kwargs)}")
        return None
    return Component(canonical_name(name), {word: _argument(kwargs[word]) for word in kwargs})


def component_name(item: Any) -> str | None:
    """Return the name in an item of a list of components, None if there is none."""
    if isinstance(item, Mapping):
        item = next(iter(item)) if len(item) == 1 else None
    if isinstance(item, type):
        return f"{item.__module__}:{item.__qualname__}"
    if isinstance(item, Symbol):
        return item.path
    return item if isinstance(item, str) else None


def _argument(value: Any) -> Any:
    return symbol_text(value).strip("'") if isinstance(value, Symbol) else value


def _is_known(name: str, key: str, report: Report, known_names: Sequence[str] | None) -> bool:
    if is_object_path(name):
        return True
    kind = key.replace("env_wrapper", "wrapper").replace("vec_", "vec-env ")
    if not name.isidentifier():
        report(key, f"'{name}' is not a name or path such as package.module.Name")
        return False
    if known_names is not None and name not in known_names:
        report(key, f"unknown {kind} '{name}'{did_you_mean(name, known_names)}")
        return False
    return True
