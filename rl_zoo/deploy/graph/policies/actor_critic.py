"""PPO, A2C and TRPO: the most probable action of every kind of action space."""

from __future__ import annotations

from typing import Any

from gymnasium import spaces

from rl_zoo.deploy.graph.actions import action_of_logits, action_of_mean
from rl_zoo.deploy.graph.builder import GraphBuilder, Observation, Tensor
from rl_zoo.deploy.graph.features import add_features
from rl_zoo.deploy.graph.modules import add_module


def add_policy(builder: GraphBuilder, policy: Any, observation: Observation) -> Tensor:
    """Add the deterministic action."""
    features = add_features(builder, policy, observation, policy.pi_features_extractor)
    latent = add_module(builder, policy.mlp_extractor.policy_net, features)
    return add_action(builder, policy, latent)


def add_action(builder: GraphBuilder, policy: Any, latent: Tensor) -> Tensor:
    """Add the last layer of an actor and the mode of its distribution.

    Args:
        builder: Of the graph.
        policy: With ``action_net``, ``action_space`` and ``squash_output``.
        latent: Features of the actor.
    """
    result = add_module(builder, policy.action_net, latent)
    if not isinstance(policy.action_space, spaces.Box):
        return action_of_logits(builder, result, policy.action_space)
    if policy.squash_output:
        result = builder.node("Tanh", result)
    return action_of_mean(builder, result, policy.action_space, squashed=policy.squash_output)
