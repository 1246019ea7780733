"""SAC, TQC, CrossQ and DroQ: the mean of a Gaussian, squashed by tanh."""

from __future__ import annotations

from typing import Any

from rl_zoo.deploy.graph.actions import action_of_mean
from rl_zoo.deploy.graph.builder import GraphBuilder, Observation, Tensor
from rl_zoo.deploy.graph.features import add_features
from rl_zoo.deploy.graph.modules import add_module


def add_policy(builder: GraphBuilder, policy: Any, observation: Observation) -> Tensor:
    """Add the deterministic action; that of gSDE is the mean too, clipped as ``mu`` clips it."""
    actor = policy.actor
    latent = add_module(builder, actor.latent_pi, add_features(builder, actor, observation))
    squashed = builder.node("Tanh", add_module(builder, actor.mu, latent))
    return action_of_mean(builder, squashed, policy.action_space, squashed=True)
