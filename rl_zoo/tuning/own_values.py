"""The value that a configuration has under a dotted key, given or by default."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rl_zoo.config.component_arguments import find_argument
from rl_zoo.config.components import components_value
from rl_zoo.config.model import Component, Normalize, RunConfig, Schedule, Symbol
from rl_zoo.config.parameters import COMPONENT_KEYS
from rl_zoo.config.paths import value_at
from rl_zoo.config.symbols import symbol_from_path, symbol_text
from rl_zoo.errors import ConfigError
from rl_zoo.tuning.space import UNKNOWN

_RUN_FIELDS = ("n_envs", "n_timesteps", "policy")


def own_value(config: RunConfig, key: str) -> Any:
    """Return the value of a dotted key: the entry's, else the default; UNKNOWN if there is none.

    What has several spellings comes as the search spaces write it.
    """
    first, *path = key.split(".")
    if first in COMPONENT_KEYS:
        value = _component_value(config, key)
    elif first in ("env_kwargs", "eval_env_kwargs"):
        value = _environment_value(config, first, path)
    elif first == "normalize":
        value = _normalize_value(config.normalize, path)
    elif first == "noise_type":
        value = None if config.action_noise is None else config.action_noise.kind
    elif first == "noise_std":
        value = 0.0 if config.action_noise is None else config.action_noise.std
    elif first in _RUN_FIELDS:
        value = getattr(config, first)
    elif first == "frame_stack":
        value = 1 if config.frame_stack is None else config.frame_stack
    else:
        given = config.monitor_kwargs if first == "monitor_kwargs" else config.algo_kwargs
        path = path if first == "monitor_kwargs" else [first, *path]
        value = _at(given, path)
        if value is UNKNOWN:
            value = _default(config, key)
    return _plain(value, key)


def components_of(config: RunConfig, key: str) -> tuple[Component, ...]:
    """Return the components of ``env_wrapper``, ``vec_env_wrapper`` or ``callback``."""
    by_key = {
        "env_wrapper": config.env_wrappers,
        "vec_env_wrapper": config.vec_env_wrappers,
        "callback": config.callbacks,
    }
    return by_key[key]


def _at(data: Any, path: Sequence[str]) -> Any:
    for position, name in enumerate(path):
        if isinstance(data, Schedule):
            return getattr(data, {"schedule": "kind"}.get(name, name), UNKNOWN)
        try:
            data = value_at(data, [name])
        except KeyError:
            is_constant = isinstance(data, float) and name == "start"
            return data if is_constant and position == 1 else UNKNOWN
    return data


def _component_value(config: RunConfig, key: str) -> Any:
    from rl_zoo.callbacks.registry import CALLBACKS
    from rl_zoo.wrappers.registry import VEC_ENV_WRAPPERS, WRAPPERS

    first, _, rest = key.partition(".")
    components = components_of(config, first)
    if not rest:
        return components_value(components)
    try:
        place = find_argument([component.name for component in components], key)
    except ConfigError:
        return UNKNOWN
    component = components[place.position]
    value = _at(component.kwargs, place.path)
    if value is not UNKNOWN:
        return value
    registries = {"env_wrapper": WRAPPERS, "vec_env_wrapper": VEC_ENV_WRAPPERS}
    try:
        loaded = registries.get(first, CALLBACKS).load(component.name)
    except ConfigError:
        return UNKNOWN  # reported when the environment is checked
    return _default_argument(loaded, place.path)


def _environment_value(config: RunConfig, first: str, path: Sequence[str]) -> Any:
    import gymnasium

    from rl_zoo.envs.ids import registered_id
    from rl_zoo.registry import import_object

    value = _at(config.eval_env_kwargs, path) if first == "eval_env_kwargs" else UNKNOWN
    if value is UNKNOWN:
        value = _at(config.env_kwargs, path)
    if value is not UNKNOWN:
        return value
    try:
        spec = gymnasium.spec(registered_id(config.env_id))
        point = spec.entry_point
        target = import_object(point, kind="environment") if isinstance(point, str) else point
    except (gymnasium.error.Error, ConfigError, ImportError):
        return UNKNOWN  # reported when the environment is checked
    value = _at(spec.kwargs, path)
    return _default_argument(target, path) if value is UNKNOWN else value


def _normalize_value(normalize: Normalize | None, path: Sequence[str]) -> Any:
    if path or normalize is None:
        return getattr(normalize, path[0], UNKNOWN) if path else False
    default = asdict(Normalize())
    changed = {name: own for name, own in asdict(normalize).items() if own != default[name]}
    if changed.get("norm_obs_keys") is not None:
        changed["norm_obs_keys"] = list(changed["norm_obs_keys"])
    return changed or True


def _default(config: RunConfig, key: str) -> Any:
    """Return the default of the algorithm's or the policy's constructor."""
    from rl_zoo.agents.algorithms import algorithm_class

    first, *path = key.split(".")
    try:
        algorithm = algorithm_class(config.algo)
    except ConfigError:
        return UNKNOWN  # a plug-in's that is not installed is refused elsewhere
    if first != "policy_kwargs" or not path:
        return _default_argument(algorithm, [first, *path])
    policy = getattr(algorithm, "policy_aliases", {}).get(config.policy)
    return UNKNOWN if policy is None else _default_argument(policy, path)


def _default_argument(function: Any, path: Sequence[str]) -> Any:
    """Return the default of an argument (or of a part of it), as its signature says it."""
    if not path:
        return UNKNOWN
    for owner in inspect.getmro(function) if inspect.isclass(function) else (function,):
        try:
            parameters = inspect.signature(owner).parameters
        except (TypeError, ValueError):
            return UNKNOWN
        if path[0] in parameters:
            default = parameters[path[0]].default
            return UNKNOWN if default is inspect.Parameter.empty else _at(default, path[1:])
        if not any(item.kind is item.VAR_KEYWORD for item in parameters.values()):
            return UNKNOWN
    return UNKNOWN


def _plain(value: Any, key: str) -> Any:
    """Write what has several spellings the way the spaces do."""
    if isinstance(value, Symbol):
        return symbol_text(value).strip("'")
    if isinstance(value, type):
        return _plain(symbol_from_path(f"{value.__module__}:{value.__qualname__}"), key)
    if isinstance(value, tuple) and len(value) == 2 and value[1] == "step":
        return value[0]
    if isinstance(value, Mapping):
        parts = list(value.values())
        if key.endswith("net_arch") and parts and all(part == parts[0] for part in parts):
            return list(parts[0])  # the same network for actor and critic
        return dict(value)
    return list(value) if isinstance(value, tuple) else value
