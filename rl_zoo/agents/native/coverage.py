"""Which agents the native learner can update; the others keep SB3's own updates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from gymnasium import spaces
from sb3_contrib import TQC
from sb3_contrib.tqc import policies as tqc_policies
from stable_baselines3 import DDPG, SAC, TD3
from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm
from stable_baselines3.common.policies import ContinuousCritic
from stable_baselines3.common.torch_layers import FlattenExtractor
from stable_baselines3.sac import policies as sac_policies
from stable_baselines3.td3 import policies as td3_policies

from rl_zoo.agents.droq import DroQ
from rl_zoo.agents.native.layers import Layer, is_supported, layers_of
from rl_zoo.agents.native.state_noise import state_noise_of

_ALGORITHMS: tuple[type[OffPolicyAlgorithm], ...] = (SAC, TQC, TD3, DDPG, DroQ)
_PARTS = (
    sac_policies.Actor,
    td3_policies.Actor,
    tqc_policies.Actor,
    ContinuousCritic,
    tqc_policies.Critic,
    type(None),
)
"""What an actor or a critic may be: a subclass may compute something else from the same layers."""


class Networks(NamedTuple):
    """The layers of an agent's networks."""

    actor: list[Layer]
    actor_target: list[Layer] | None
    critics: list[list[Layer]]
    critic_targets: list[list[Layer]]


def reason_against(agent: OffPolicyAlgorithm) -> str | None:
    """Return why the native learner cannot update ``agent``, in words; None if it can."""
    if not any(algorithm.train is _own_train(agent) for algorithm in _ALGORITHMS):
        return f"{type(agent).__name__} is not {', '.join(a.__name__ for a in _ALGORITHMS)}"
    if agent.device.type != "cpu":
        return f"the agent is on {agent.device}"
    space = agent.observation_space
    if not isinstance(space, spaces.Box) or space.dtype not in (np.float32, np.float64):
        return f"observations are {type(space).__name__} of {space.dtype or 'several parts'}"
    reason = _reason_in_networks(agent)
    if reason is not None:
        return reason
    reasons = [_reason_in_optimizer(optimizer) for optimizer in optimizers_of(agent)]
    return next(filter(None, [*reasons, _reason_in_parameters(agent)]), None)


def networks_of(agent: Any) -> Networks | None:
    """Return the layers of ``agent``'s networks; None if one holds other modules."""
    stochastic = isinstance(agent, SAC | TQC)
    actor = _stochastic_actor(agent.actor) if stochastic else layers_of(agent.actor.mu)
    target = None if stochastic else layers_of(agent.actor_target.mu)
    critics = [layers_of(network) for network in _critics(agent.critic)]
    targets = [layers_of(network) for network in _critics(agent.critic_target)]
    every: Sequence[list[Layer] | None] = [actor, *critics, *targets]
    if not stochastic:
        every = [*every, target]
    if not all(map(is_supported, every)) or any(n[-1].squashed for n in [*critics, *targets] if n):
        return None
    assert actor is not None
    if actor[-1].squashed == stochastic or any(layer.norm or layer.dropout for layer in actor):
        return None
    return Networks(actor, target, [n for n in critics if n], [n for n in targets if n])


def optimizers_of(agent: Any) -> list[torch.optim.Optimizer]:
    """Return the optimisers of actor, critics and, if it is learned, entropy coefficient."""
    entropy = getattr(agent, "ent_coef_optimizer", None)
    found = [agent.actor.optimizer, agent.critic.optimizer]
    return found if entropy is None else [*found, entropy]


def _own_train(agent: OffPolicyAlgorithm) -> Any:
    """Return the method that updates ``agent`` where the native learner does not."""
    kinds = [kind for kind in type(agent).__mro__ if "train" in vars(kind)]
    first = kinds[0]
    return (kinds[1] if first.__name__ == "NativeUpdates" else first).train  # type: ignore[attr-defined]


def _critics(critic: Any) -> list[torch.nn.Sequential]:
    return list(
        critic.quantile_critics if hasattr(critic, "quantile_critics") else critic.q_networks
    )


def _stochastic_actor(actor: Any) -> list[Layer] | None:
    hidden = layers_of(actor.latent_pi)
    if actor.use_sde:
        noise = state_noise_of(actor)
        heads: tuple[Any, ...] = () if noise is None else (noise.means,)
    else:
        heads = (actor.mu, actor.log_std)
    if hidden is None or not heads or not all(type(head) is torch.nn.Linear for head in heads):
        return None
    return [*hidden, Layer(heads, None, 0.0, None)]


def _reason_in_networks(agent: Any) -> str | None:
    extractors = {type(agent.actor.features_extractor), type(agent.critic.features_extractor)}
    if extractors != {FlattenExtractor}:
        return f"features extractor {', '.join(sorted(e.__name__ for e in extractors))}"
    parts = [agent.actor, agent.critic, agent.critic_target, getattr(agent, "actor_target", None)]
    own = sorted({type(part).__name__ for part in parts if type(part) not in _PARTS})
    if own:
        return f"networks of classes of their own ({', '.join(own)})"
    if agent.use_sde and state_noise_of(agent.actor) is None:
        return "gSDE with a noise of its own kind"
    if networks_of(agent) is None:
        return "layers other than linear ones with ReLU, Tanh, ELU, SiLU, LeakyReLU or GELU"
    if getattr(agent.critic, "n_quantiles", 2) == 1:
        return "critics of one quantile"
    return None


def _reason_in_parameters(agent: Any) -> str | None:
    for network in (agent.actor, agent.critic):
        learned = network.optimizer.param_groups[0]["params"]
        found = list(network.parameters())
        if {*map(id, learned)} != {*map(id, found)} or not all(p.requires_grad for p in found):
            return "parameters that are not learned"
    return None


def _reason_in_optimizer(optimizer: torch.optim.Optimizer) -> str | None:
    group = optimizer.param_groups[0]
    if type(optimizer) is not torch.optim.Adam or len(optimizer.param_groups) != 1:
        return f"optimizer {type(optimizer).__name__}"
    if group["amsgrad"] or group["maximize"] or group.get("decoupled_weight_decay"):
        return "options of Adam (amsgrad, maximize, decoupled weight decay)"
    return None
