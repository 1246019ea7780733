"""Take the actor out of an agent: what ``ActorPolicy`` needs to act like it, as plain arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sb3_contrib.common.torch_layers import BatchRenorm
from stable_baselines3.common.torch_layers import FlattenExtractor
from stable_baselines3.common.type_aliases import TrainFrequencyUnit
from torch import nn

from rl_zoo.errors import ConfigError

Arrays = dict[str, NDArray[Any]]
Step = list[Any]
"""Kind of a layer, then the names of its arrays."""

ACTIVATIONS = (nn.ReLU, nn.Tanh, nn.ELU, nn.SiLU, nn.GELU, nn.LeakyReLU)
"""Modules without parameters that ``ActorPolicy`` computes too, with their default arguments."""


def actor_parameters(agent: Any) -> tuple[dict[str, Any], Arrays]:
    """Return description and arrays of the actor of an agent, with the normalisation it needs.

    Args:
        agent: SAC, TQC, DroQ, CrossQ, TD3 or DDPG with an MLP policy.

    Raises:
        ConfigError: If its network holds a module that the actor does not know.
    """
    arrays: Arrays = {}
    actor = agent.policy.actor
    if hasattr(agent.policy, "actor_state"):  # of SBX
        from rl_zoo.agents.jax.actor_layers import flax_actor

        return {
            "normalization": _normalization(agent, arrays),
            **flax_actor(agent.policy, arrays),
        }, arrays
    if type(actor.features_extractor) is not FlattenExtractor:
        raise ConfigError(
            "policy_kwargs.features_extractor_class: the actor of --realtime computes flat "
            f"observations only, not {type(actor.features_extractor).__name__}"
        )
    is_gaussian = hasattr(actor, "latent_pi")
    description: dict[str, Any] = {"kind": "gaussian" if is_gaussian else "deterministic"}
    description["normalization"] = _normalization(agent, arrays)
    if is_gaussian:
        description["latent"] = _steps(actor.latent_pi, "latent", arrays)
        description["mean"] = _steps(actor.mu, "mean", arrays)
        if agent.use_sde:
            with torch.no_grad():
                arrays["std"] = actor.get_std().cpu().numpy()
            description["sde_sample_freq"] = agent.sde_sample_freq
            description["sde_rollout"] = _rollout_steps(agent)
        else:
            description["log_std"] = _steps(actor.log_std, "log_std", arrays)
    else:
        description["mean"] = _steps(actor.mu, "mean", arrays)
    return description, arrays


def _rollout_steps(agent: Any) -> int:
    """Return the steps of a rollout, at whose start SB3 draws a new matrix; 0: an episode."""
    frequency = agent.train_freq
    return int(frequency.frequency) if frequency.unit is TrainFrequencyUnit.STEP else 0


def _normalization(agent: Any, arrays: Arrays) -> dict[str, float] | None:
    normalizer = agent.get_vec_normalize_env()
    if normalizer is None or not normalizer.norm_obs:
        return None
    moments = normalizer.obs_rms
    arrays["observation_mean"] = np.asarray(moments.mean, np.float64).ravel()
    deviation = np.sqrt(np.asarray(moments.var, np.float64) + normalizer.epsilon)
    arrays["observation_deviation"] = deviation.ravel()
    return {"clip": float(normalizer.clip_obs)}


def _steps(network: nn.Module, name: str, arrays: Arrays) -> list[Step]:
    return [_step(module, f"{name}.{index}", arrays) for index, module in enumerate(_flat(network))]


def _flat(network: nn.Module) -> Iterator[nn.Module]:
    if isinstance(network, nn.Sequential):
        for module in network:
            yield from _flat(module)
    elif not isinstance(network, (nn.Dropout, nn.Identity, nn.Flatten)):  # nothing while acting
        yield network


def _step(module: nn.Module, name: str, arrays: Arrays) -> Step:
    for kind, described in _MODULES.items():
        if isinstance(module, kind):
            return described(module, name, arrays)
    if isinstance(module, ACTIVATIONS):
        return [type(module).__name__]
    known = [kind.__name__ for kind in (*_MODULES, *ACTIVATIONS)]
    raise ConfigError(
        f"the actor of --realtime does not know the module {type(module).__name__} of the "
        f"policy (known: {', '.join(known)}); train with --lockstep"
    )


def _linear(module: Any, name: str, arrays: Arrays) -> Step:
    arrays[f"{name}.weight"] = module.weight.detach().cpu().numpy()
    if module.bias is None:
        arrays[f"{name}.bias"] = np.zeros(module.out_features, np.float32)
    else:
        arrays[f"{name}.bias"] = module.bias.detach().cpu().numpy()
    return ["Linear", f"{name}.weight", f"{name}.bias"]


def _layer_norm(module: Any, name: str, arrays: Arrays) -> Step:
    shape = module.normalized_shape
    scale = (
        np.ones(shape, np.float32)
        if module.weight is None
        else module.weight.detach().cpu().numpy()
    )
    shift = (
        np.zeros(shape, np.float32) if module.bias is None else module.bias.detach().cpu().numpy()
    )
    arrays[f"{name}.scale"], arrays[f"{name}.shift"] = scale, shift
    return ["LayerNorm", f"{name}.scale", f"{name}.shift", module.eps]


def _batch_renorm(module: Any, name: str, arrays: Arrays) -> Step:
    """The running statistics are one scale and one shift: (x - mean) / std * scale + bias."""
    deviation = np.sqrt(module.ra_var.cpu().numpy() + np.float32(module.eps))
    scale = module.scale.detach().cpu().numpy() / deviation
    arrays[f"{name}.scale"] = scale
    arrays[f"{name}.shift"] = (
        module.bias.detach().cpu().numpy() - module.ra_mean.cpu().numpy() * scale
    )
    return ["Affine", f"{name}.scale", f"{name}.shift"]


def _hardtanh(module: Any, _name: str, _arrays: Arrays) -> Step:
    return ["Clip", module.min_val, module.max_val]


_MODULES: dict[type[nn.Module], Callable[[Any, str, Arrays], Step]] = {
    nn.Linear: _linear,
    nn.LayerNorm: _layer_norm,
    BatchRenorm: _batch_renorm,
    nn.Hardtanh: _hardtanh,
}
