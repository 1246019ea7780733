"""ARS: one network, clipped to the Box or squashed, or the largest of its outputs."""

from __future__ import annotations

from typing import Any

from gymnasium import spaces

from rl_zoo.deploy.graph.actions import action_of_logits, action_of_mean
from rl_zoo.deploy.graph.builder import GraphBuilder, Observation, Tensor
from rl_zoo.deploy.graph.features import add_features
from rl_zoo.deploy.graph.modules import add_module


def add_policy(builder: GraphBuilder, policy: Any, observation: Observation) -> Tensor:
    """Add the action."""
    result = add_module(builder, policy.action_net, add_features(builder, policy, observation))
    if not isinstance(policy.action_space, spaces.Box):
        return action_of_logits(builder, result, policy.action_space)
    return action_of_mean(builder, result, policy.action_space, squashed=policy.squash_output)
