"""A configuration while its parts are put together: values, their origins, problems, notes."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rl_zoo.config.literals import parse_literal
from rl_zoo.config.model import Schedule
from rl_zoo.config.parameters import MAPPING_KEYS
from rl_zoo.config.paths import with_value
from rl_zoo.config.schedules import parse_schedule, schedule_mapping
from rl_zoo.errors import ConfigError

PARAMS_FLAG = "-params"
STEPS_FLAG = "-n"
ENV_KWARGS_FLAGS = {"env_kwargs": "--env-kwargs", "eval_env_kwargs": "--eval-env-kwargs"}
TRIAL = "trial"


@dataclass
class Draft:
    """Values merged so far; later layers win, mappings are merged name by name."""

    default_origin: str
    """Place of a key that nobody gave, e.g. ``hyperparams/sac.yml: Ant-v4``."""
    values: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    """Dotted key -> place it comes from."""
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def merge(self, layer: Mapping[Any, Any], origin: str) -> None:
        """Put every value of ``layer`` over what is there."""
        for key, value in layer.items():
            if isinstance(key, str):
                self.put([key], value, origin)
            else:
                self.problems.append(f"{origin}: the key {key!r} must be a name")

    def put(self, path: Sequence[str], value: Any, origin: str) -> None:
        """Put ``value`` at ``path``, e.g. ``["policy_kwargs", "net_arch"]``."""
        container = self.values
        for depth in range(1, len(path)):
            if _is_element(container.get(path[depth - 1]), path[depth]):
                self._put_element(container, path, depth, value, origin)
                return
            container = self._open_mapping(container, path[:depth])
        if path[0] in MAPPING_KEYS:
            value = _read_mapping_text(value)
        self._set(container, path, value, origin)

    def set_origin(self, key: str, origin: str) -> None:
        """Note where the dotted ``key`` and all that is inside it come from."""
        self._forget_origins(key)
        self.origins[key] = origin

    def remove(self, key: str) -> Any:
        """Take the top-level ``key`` out and return its value (None if it is not there)."""
        self._forget_origins(key)
        return self.values.pop(key, None)

    def report(self, key: str, sentence: str) -> None:
        """Note that the value at the dotted ``key`` is wrong."""
        self.problems.append(f"{self.place(key)}: {sentence}")

    def place(self, key: str) -> str:
        """Return where the dotted ``key`` was given, as messages name it."""
        origin, parent = self.origins.get(key), key
        while origin is None and "." in parent:
            parent = parent.rpartition(".")[0]
            origin = self.origins.get(parent)
        return place_text(origin or self.default_origin, key)

    def raise_problems(self) -> None:
        """Raise ConfigError with all problems, if there are any."""
        if self.problems:
            raise ConfigError(list(dict.fromkeys(self.problems)))

    def _open_mapping(self, container: dict[str, Any], path: Sequence[str]) -> dict[str, Any]:
        name, key = path[-1], ".".join(path)
        if not isinstance(container.get(name), dict):
            is_mapping = path[0] in MAPPING_KEYS
            container[name] = {} if is_mapping else _schedule_parts(container.get(name))
            self.origins.setdefault(key, self.default_origin)
        inner: dict[str, Any] = container[name]
        return inner

    def _put_element(
        self, container: dict[str, Any], path: Sequence[str], depth: int, value: Any, origin: str
    ) -> None:
        """Put ``value`` into the list that ``path[:depth]`` leads to."""
        name, key = path[depth - 1], ".".join(path)
        try:
            container[name] = with_value(container.get(name), path[depth:], value)
        except ConfigError as error:
            self.problems.append(f"{place_text(origin, key)}: {error}")
        else:
            self.set_origin(key, origin)

    def _set(self, container: dict[str, Any], path: Sequence[str], value: Any, origin: str) -> None:
        name, key = path[-1], ".".join(path)
        old = container.get(name)
        if path[0] in MAPPING_KEYS and isinstance(value, Mapping):
            if not isinstance(old, dict):
                container[name] = {}
                self._forget_origins(key)
            if not value:
                self.origins.setdefault(key, origin)
            for inner_name, inner in value.items():
                self._set(container[name], [*path, str(inner_name)], inner, origin)
            return
        container[name] = copy.deepcopy(value)
        self.set_origin(key, origin)

    def _forget_origins(self, key: str) -> None:
        for other in [o for o in self.origins if o == key or o.startswith(f"{key}.")]:
            del self.origins[other]


def read_assignments(texts: Iterable[str], flag: str, problems: list[str]) -> list[tuple[str, Any]]:
    """Return the (key, value) pairs of ``key:value`` arguments; mistakes go to ``problems``."""
    pairs = []
    for text in texts:
        key, colon, value = text.partition(":")
        key = key.strip()
        if "=" in key:
            name, _, rest = text.partition("=")
            problems.append(f"{flag} {text}: use key:value, i.e. {name.strip()}:{rest.strip()}")
        elif not colon or not key or not value.strip():
            problems.append(f"{flag} {text}: must be key:value, e.g. gamma:0.99")
        else:
            try:
                pairs.append((key, parse_literal(value)))
            except ConfigError as error:
                problems.append(f"{flag} {key}: {error}")
    return pairs


def _is_element(container: Any, name: str) -> bool:
    """Say whether ``name`` can only be the index of a list (mappings may have such keys too)."""
    is_mapping = isinstance(container, Mapping)
    return name.isdecimal() and not (is_mapping and name in container)


def _read_mapping_text(value: Any) -> Any:
    """Return the mapping that a ``dict(...)`` string stands for; any other value as it is."""
    if not isinstance(value, str):
        return value
    try:
        parsed = parse_literal(value)
    except ConfigError:
        return value  # reported when the value is checked
    return parsed if isinstance(parsed, Mapping) else value


def _schedule_parts(value: Any) -> dict[str, Any]:
    """Return the parts of a schedule in its short form, or of a constant."""
    if isinstance(value, (int, float)):
        return {"start": value}
    try:
        schedule = parse_schedule(value) if isinstance(value, str) else None
    except ConfigError:
        schedule = None
    return schedule_mapping(schedule) if isinstance(schedule, Schedule) else {}


def place_text(origin: str, key: str) -> str:
    """Return how messages name the dotted ``key`` that ``origin`` gave."""
    if origin == STEPS_FLAG:
        return origin
    if origin in ENV_KWARGS_FLAGS.values():
        return f"{origin} {key.partition('.')[2]}"
    if origin == PARAMS_FLAG:
        return f"{origin} {key}"
    return f"{origin}: {key}" if origin == TRIAL or ": " not in origin else f"{origin}.{key}"
