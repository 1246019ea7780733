"""Recurrent PPO: its LSTM's memory is a state of the graph, zeros when an episode starts.

The critic's LSTM plays no part in acting, whether it is shared, its own or none.
"""

from __future__ import annotations

from typing import Any

from rl_zoo.deploy.graph.builder import GraphBuilder, Observation, Tensor
from rl_zoo.deploy.graph.features import add_features
from rl_zoo.deploy.graph.lstm import add_lstm
from rl_zoo.deploy.graph.modules import add_module
from rl_zoo.deploy.graph.policies.actor_critic import add_action


def add_policy(builder: GraphBuilder, policy: Any, observation: Observation) -> Tensor:
    """Add the deterministic action and the next memory."""
    features = add_features(builder, policy, observation, policy.pi_features_extractor)
    hidden = add_lstm(builder, "lstm", policy.lstm_actor, features)
    latent = add_module(builder, policy.mlp_extractor.policy_net, hidden)
    return add_action(builder, policy, latent)
