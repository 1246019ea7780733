"""TD3 and DDPG: the output of the actor, which ends in tanh."""

from __future__ import annotations

from typing import Any

from rl_zoo.deploy.graph.actions import action_of_mean
from rl_zoo.deploy.graph.builder import GraphBuilder, Observation, Tensor
from rl_zoo.deploy.graph.features import add_features
from rl_zoo.deploy.graph.modules import add_module


def add_policy(builder: GraphBuilder, policy: Any, observation: Observation) -> Tensor:
    """Add the action."""
    actor = policy.actor
    action = add_module(builder, actor.mu, add_features(builder, actor, observation))
    return action_of_mean(builder, action, policy.action_space, squashed=True)
