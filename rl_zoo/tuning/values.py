"""Between the parameters of a trial and the keys of a configuration, in both directions."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rl_zoo.config.model import RunConfig, Symbol
from rl_zoo.config.symbols import symbol_text
from rl_zoo.tuning.space import Parameter, at_most
from rl_zoo.tuning.spaces import find_space

if TYPE_CHECKING:
    import optuna

_HINDSIGHT_BUFFER = "stable_baselines3:HerReplayBuffer"


@dataclass(frozen=True)
class EntryPoint:
    """A configuration's own values, as a point of the search space."""

    params: Mapping[str, Any]
    """Study name -> stored value; the nearest one where the space does not hold it."""
    inexact: tuple[str, ...]
    """Configuration keys whose value the space cannot express."""


def space_of(config: RunConfig, fixed: Sequence[str] = ()) -> tuple[Parameter, ...]:
    """Return the parameters to search around ``config``.

    Args:
        config: What is tuned; its budget bounds the length of a rollout.
        fixed: Dotted keys that the user gave on the command line: they are not searched.
    """
    hindsight = config.algo_kwargs.get("replay_buffer_class") == Symbol(_HINDSIGHT_BUFFER)
    space = find_space(config.algo, hindsight=hindsight)
    rollout = config.n_timesteps // config.n_envs
    limited = (
        at_most(item, rollout) if item.name == "n_steps" else item
        for item in space
        if not (item.config_key and _is_fixed(item.config_key, fixed))
    )
    return tuple(limited)


def suggest(space: Sequence[Parameter], trial: optuna.Trial) -> dict[str, Any]:
    """Draw one value of every parameter; return them by the parameters' names."""
    sampled: dict[str, Any] = {}
    for parameter in space:
        sampled[parameter.name] = parameter.suggest(trial, sampled)
    return sampled


def read_stored(space: Sequence[Parameter], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sampled values of a stored trial, by the parameters' names."""
    return {
        parameter.name: parameter.from_study(stored[parameter.study_name])
        for parameter in space
        if parameter.study_name in stored
    }


def to_config_values(
    space: Sequence[Parameter], sampled: Mapping[str, Any], n_envs: int | None = None
) -> dict[str, Any]:
    """Return dotted configuration keys and their values for one sampled point.

    Args:
        space: The parameters.
        sampled: A value for each (or some) of them.
        n_envs: Environments side by side, which bound the batch that a rollout can fill.
    """
    values = {
        parameter.config_key: parameter.to_config(sampled[parameter.name])
        for parameter in space
        if parameter.config_key and parameter.name in sampled
    }
    if "train_freq" in values:
        # One update per step, unless the space samples how many steps an update waits for.
        waits = int(sampled.get("subsample_steps", 1))
        values["gradient_steps"] = max(values["train_freq"] // waits, 1)
    if "top_frac_size" in sampled and "n_delta" in values:
        values["n_top"] = max(int(sampled["top_frac_size"] * values["n_delta"]), 1)
    if "noise_type" in values and values["noise_type"] is None:
        values["noise_std"] = None
    if n_envs is not None and "n_steps" in values and "batch_size" in values:
        values["batch_size"] = min(values["batch_size"], values["n_steps"] * n_envs)
    return values


def entry_point(space: Sequence[Parameter], config: RunConfig) -> EntryPoint:
    """Return the point of the space at (or nearest to) the configuration's own values."""
    sampled: dict[str, Any] = {}
    for parameter in space:
        value = parameter.nearest(_own_value(parameter, config), sampled)
        if value is not None or None in parameter.choices.values():
            sampled[parameter.name] = value
    values = to_config_values(space, sampled)
    wanted = {p.config_key: _own_value(p, config) for p in space if p.config_key}
    wanted.update({key: _config_value(config, key) for key in values if key not in wanted})
    if config.action_noise is None:
        wanted.pop("noise_std", None)  # means nothing without noise
    if "n_top" in wanted and wanted["n_top"] is None:
        wanted["n_top"] = wanted["n_delta"]  # as the algorithm does
    inexact = tuple(
        key for key, own in wanted.items() if key not in values or not _same(values[key], own)
    )
    by_name = {parameter.name: parameter for parameter in space}
    stored = {by_name[n].study_name: by_name[n].to_study(value) for n, value in sampled.items()}
    return EntryPoint(stored, inexact)


def _is_fixed(key: str, fixed: Sequence[str]) -> bool:
    return any(key == given or key.startswith(f"{given}.") for given in fixed)


def _own_value(parameter: Parameter, config: RunConfig) -> Any:
    if parameter.name == "subsample_steps":
        frequency = _config_value(config, "train_freq")
        updates = _config_value(config, "gradient_steps")
        positive = isinstance(frequency, int) and isinstance(updates, int) and updates > 0
        return frequency // updates if positive else 1
    if parameter.name == "top_frac_size":
        n_delta, n_top = (_config_value(config, key) for key in ("n_delta", "n_top"))
        return n_top / n_delta if isinstance(n_top, int) and n_delta else 1.0
    if parameter.name == "noise_type":
        return None if config.action_noise is None else config.action_noise.kind
    if parameter.name == "noise_std":
        return 0.0 if config.action_noise is None else config.action_noise.std
    value = _config_value(config, parameter.config_key)
    return parameter.default if value is None else value


def _config_value(config: RunConfig, key: str) -> Any:
    """Return the value of a dotted key, else the default of the algorithm's constructor."""
    first, _, inner = key.partition(".")
    value: Any = config.algo_kwargs.get(first)
    if inner:
        value = value.get(inner) if isinstance(value, Mapping) else None
    elif first not in config.algo_kwargs:
        value = _constructor_default(config.algo, first)
    return _plain(value)


def _constructor_default(algo: str, name: str) -> Any:
    from rl_zoo.agents.algorithms import algorithm_class

    parameter = inspect.signature(algorithm_class(algo)).parameters.get(name)
    return None if parameter is None or parameter.default is parameter.empty else parameter.default


def _plain(value: Any) -> Any:
    """Write what has several spellings the way the spaces do."""
    if isinstance(value, Symbol):
        return symbol_text(value).strip("'")
    if isinstance(value, tuple) and len(value) == 2 and value[1] == "step":
        return value[0]
    if isinstance(value, Mapping):  # the same network for actor and critic
        parts = list(value.values())
        return list(parts[0]) if parts and all(part == parts[0] for part in parts) else dict(value)
    return list(value) if isinstance(value, tuple) else value


def _same(value: Any, own: Any) -> bool:
    if isinstance(value, float) and isinstance(own, (int, float)):
        return math.isclose(value, own, rel_tol=1e-6)
    return bool(value == own)
