"""SBX's policies (SB3 in JAX): the same graphs as SB3's, from the parameters of flax."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

from rl_zoo.deploy.graph.actions import action_of_logits, action_of_mean, argmax
from rl_zoo.deploy.graph.builder import GraphBuilder, Observation, Tensor
from rl_zoo.deploy.graph.flax_networks import add_flax_network


def add_actor(builder: GraphBuilder, policy: Any, observation: Observation) -> Tensor:
    """Add the deterministic action of SAC (DroQ, SimBa), TQC, CrossQ, TD3 and DDPG."""
    mean = _output(builder, policy, policy.actor, policy.actor_state, observation)
    squashed = builder.node("Tanh", mean)
    return action_of_mean(builder, squashed, policy.action_space, squashed=True)


def add_ppo(builder: GraphBuilder, policy: Any, observation: Observation) -> Tensor:
    """Add the most probable action of PPO, of every kind of action space."""
    result = _output(builder, policy, policy.actor, policy.actor_state, observation)
    space = policy.action_space
    if isinstance(space, spaces.Box):
        return action_of_mean(builder, result, space, squashed=False)
    if isinstance(space, spaces.MultiBinary):  # SBX takes it for choices between two
        pairs = spaces.MultiDiscrete(np.full(space.n, 2))
        return builder.cast(action_of_logits(builder, result, pairs), space.dtype)
    return action_of_logits(builder, result, space)


def add_dqn(builder: GraphBuilder, policy: Any, observation: Observation) -> Tensor:
    """Add the greedy choice of DQN."""
    values = _output(builder, policy, policy.qf, policy.qf_state, observation)
    return argmax(builder, values, policy.action_space.dtype)


def _output(
    builder: GraphBuilder, policy: Any, network: Any, state: Any, observation: Observation
) -> Tensor:
    """Return the mean or the scores; ``state`` is the training state that holds the parameters."""
    variables = {**state.params} if "params" in state.params else {"params": state.params}
    statistics = getattr(state, "batch_stats", None)
    if statistics is not None:
        variables["batch_stats"] = statistics
    return add_flax_network(builder, network, variables, _joined(builder, policy, observation))


def _joined(builder: GraphBuilder, policy: Any, observation: Observation) -> Tensor:
    """Return the observation in float32; SBX puts the parts of a Dict one after the other."""
    space = policy.observation_space
    if not isinstance(space, spaces.Dict):
        (value,) = observation.values()
        return builder.cast(value, np.float32)
    parts = [builder.cast(observation[key], np.float32) for key in space.spaces]
    return builder.concat([builder.reshape(part, (part.size,)) for part in parts], axis=0)
