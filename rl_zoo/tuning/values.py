"""Between the parameters of a trial and the keys of a configuration, in both directions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rl_zoo.config.model import RunConfig
from rl_zoo.tuning.own_values import own_value
from rl_zoo.tuning.space import UNKNOWN, Parameter, is_same

if TYPE_CHECKING:
    import optuna

_NET_ARCH = "policy_kwargs.net_arch"


@dataclass(frozen=True)
class EntryPoint:
    """A configuration's own values, as a point of the search space."""

    params: Mapping[str, Any]
    """Study name -> stored value; the nearest one where the space does not hold it."""
    inexact: tuple[str, ...]
    """Configuration keys whose value the space cannot express."""


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
        n_envs: Environments side by side, which bound the batch that a rollout can fill; unless
            they are sampled themselves.
    """
    values = {
        key: parameter.to_config(sampled[parameter.name])
        for parameter in space
        if parameter.name in sampled
        for key in parameter.config_keys
    }
    if isinstance(values.get("train_freq"), int) and "gradient_steps" not in values:
        # One update per step, unless the space samples how many steps an update waits for.
        waits = int(sampled.get("subsample_steps", 1))
        values["gradient_steps"] = max(values["train_freq"] // waits, 1)
    if "top_frac_size" in sampled and "n_delta" in values:
        values["n_top"] = max(int(sampled["top_frac_size"] * values["n_delta"]), 1)
    if "net_width" in sampled:
        values[_NET_ARCH] = [sampled["net_width"]] * int(sampled.get("net_depth", 2))
    if "noise_type" in values and values["noise_type"] is None:
        values["noise_std"] = None
    if any(parameter.is_rollout for parameter in space):
        rollout: list[Any] = [
            values.get("n_envs", n_envs),
            values.get("n_steps"),
            values.get("batch_size"),
        ]
        if all(isinstance(value, int) for value in rollout):  # else told when they are checked
            values["batch_size"] = min(rollout[2], rollout[0] * rollout[1])
    return values


def entry_point(space: Sequence[Parameter], config: RunConfig) -> EntryPoint:
    """Return the point of the space at (or nearest to) the configuration's own values."""
    sampled: dict[str, Any] = {}
    for parameter in space:
        value = parameter.nearest(_own_sample(parameter, config), sampled)
        if value is not UNKNOWN:
            sampled[parameter.name] = value
    values = to_config_values(space, sampled)
    wanted = {key: own_or_default(p, key, config) for p in space for key in p.config_keys}
    wanted.update({key: own_value(config, key) for key in values if key not in wanted})
    if config.action_noise is None:
        wanted.pop("noise_std", None)  # means nothing without noise
    if wanted.get("n_top", 0) is None:
        wanted["n_top"] = wanted["n_delta"]  # as the algorithm does
    inexact = tuple(
        key for key, own in wanted.items() if key not in values or not is_same(values[key], own)
    )
    by_name = {parameter.name: parameter for parameter in space}
    stored = {by_name[n].study_name: by_name[n].to_study(value) for n, value in sampled.items()}
    return EntryPoint(stored, inexact)


def own_or_default(parameter: Parameter, key: str, config: RunConfig) -> Any:
    """Return the configuration's value of one of the parameter's keys; UNKNOWN if there is none."""
    value = own_value(config, key)
    if (value is None or value is UNKNOWN) and parameter.default is not None:
        return parameter.default
    return value


def _own_sample(parameter: Parameter, config: RunConfig) -> Any:
    """Return what the configuration has in the place of ``parameter``."""
    if parameter.name == "subsample_steps":
        frequency = own_value(config, "train_freq")
        updates = own_value(config, "gradient_steps")
        positive = isinstance(frequency, int) and isinstance(updates, int) and updates > 0
        return frequency // updates if positive else 1
    if parameter.name == "top_frac_size":
        n_delta, n_top = (own_value(config, key) for key in ("n_delta", "n_top"))
        return n_top / n_delta if isinstance(n_top, int) and n_delta else 1.0
    if parameter.name in ("net_width", "net_depth"):
        layers = own_value(config, _NET_ARCH)
        if not isinstance(layers, list) or not layers:
            return parameter.default
        return layers[0] if parameter.name == "net_width" else len(layers)
    return own_or_default(parameter, parameter.config_key, config)
