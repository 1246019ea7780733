"""Dotted keys of the arguments of wrappers and callbacks: ``env_wrapper.HistoryWrapper.horizon``.

A component is named by the last part of its name; where several have the same, ``[0]``, ``[1]`` ...
behind it says which one, the innermost first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rl_zoo.config.components import ZOO_WRAPPERS, canonical_name, component_name
from rl_zoo.config.draft import Draft, place_text
from rl_zoo.config.paths import with_value
from rl_zoo.errors import ConfigError
from rl_zoo.suggest import did_you_mean

_KINDS = {"env_wrapper": "wrapper", "vec_env_wrapper": "vec-env wrapper", "callback": "callback"}
_WORD = re.compile(r"(?P<index>\[\d+\])?(?:\.(?P<path>.+))?")


@dataclass(frozen=True)
class ArgumentPlace:
    """Where a dotted key leads."""

    position: int
    """Of the component in the list of the configuration."""
    label: str
    """The component's own key, ``env_wrapper.HistoryWrapper`` or ``env_wrapper.FrameSkip[1]``."""
    path: tuple[str, ...]
    """From there into its arguments; empty: all of them."""

    @property
    def key(self) -> str:
        """Return the one spelling of the whole key."""
        return ".".join((self.label, *self.path))


def short_name(name: str) -> str:
    """Return the last part of a component's name."""
    return canonical_name(name).replace(":", ".").rpartition(".")[2]


def label_of(names: Sequence[str], position: int, key: str) -> str:
    """Return the key of one component among all ``names`` of ``key`` (``env_wrapper`` ...)."""
    shorts = [short_name(name) for name in names]
    name = shorts[position]
    count = shorts[:position].count(name)
    return f"{key}.{name}[{count}]" if shorts.count(name) > 1 else f"{key}.{name}"


def find_argument(names: Sequence[str], key: str) -> ArgumentPlace:
    """Return where the dotted ``key`` leads among the components called ``names``.

    Raises:
        ConfigError: If no component, or more than one, has that name.
    """
    first, _, rest = key.partition(".")
    spellings = {spelling for name in names for spelling in _spellings(name)}
    for spelling in sorted(spellings, key=len, reverse=True):
        match = _WORD.fullmatch(rest[len(spelling) :]) if rest.startswith(spelling) else None
        if match is None:
            continue
        found = [i for i, name in enumerate(names) if spelling in _spellings(name)]
        position = _choose(found, match["index"], spelling)
        path = tuple(match["path"].split(".")) if match["path"] else ()
        if not all(path):
            raise ConfigError("has an empty part between two dots")
        return ArgumentPlace(position, label_of(names, position, first), path)
    word = re.split(r"[.\[]", rest)[0]
    shorts = list(dict.fromkeys(short_name(name) for name in names))
    hint = did_you_mean(word, shorts) if shorts else "; it has none"
    raise ConfigError(f"the entry has no {_KINDS[first]} '{word}'{hint}")


def put_argument(draft: Draft, key: str, value: Any, origin: str) -> None:
    """Put an argument of a component into ``draft``; what is wrong becomes its problem."""
    first = key.partition(".")[0]
    given = draft.values.get(first)
    items = list(given) if isinstance(given, (list, tuple)) else [] if given is None else [given]
    try:
        place = find_argument([component_name(item) or "?" for item in items], key)
        items[place.position] = _with_argument(items[place.position], place.path, value)
    except ConfigError as error:
        draft.problems.append(f"{place_text(origin, key)}: {error}")
        return
    draft.values[first] = items
    draft.set_origin(place.key, origin)


def _spellings(name: str) -> set[str]:
    canonical = canonical_name(name)
    of_zoo = [f"rl_zoo3.wrappers.{canonical}"] if canonical in ZOO_WRAPPERS else []
    return {name, canonical, short_name(name), *of_zoo}


def _choose(found: Sequence[int], index: str | None, name: str) -> int:
    if index is None:
        if len(found) > 1:
            raise ConfigError(
                f"the entry has {len(found)} '{name}'; say which one, {name}[0] (the innermost) "
                f"to {name}[{len(found) - 1}]"
            )
        return found[0]
    number = int(index.strip("[]"))
    if number >= len(found):
        raise ConfigError(f"the entry has only {len(found)} '{name}', so {name}{index} is not one")
    return found[number]


def _with_argument(item: Any, path: Sequence[str], value: Any) -> Any:
    name, arguments = next(iter(item.items())) if isinstance(item, Mapping) else (item, {})
    if not path and not isinstance(value, Mapping):
        raise ConfigError(f"its arguments must be a mapping, not {value!r}")
    return {name: with_value({} if arguments is None else arguments, path, value)}
