"""DQN and QR-DQN: the choice with the largest value."""

from __future__ import annotations

from typing import Any

from rl_zoo.deploy.graph.actions import argmax
from rl_zoo.deploy.graph.builder import GraphBuilder, Observation, Tensor
from rl_zoo.deploy.graph.features import add_features
from rl_zoo.deploy.graph.modules import add_module


def add_dqn(builder: GraphBuilder, policy: Any, observation: Observation) -> Tensor:
    """Add the greedy choice of DQN."""
    network = policy.q_net
    values = add_module(builder, network.q_net, add_features(builder, network, observation))
    builder.note_scores(values)
    return argmax(builder, values, policy.action_space.dtype)


def add_qrdqn(builder: GraphBuilder, policy: Any, observation: Observation) -> Tensor:
    """Add the choice of QR-DQN whose quantiles have the largest mean."""
    network = policy.quantile_net
    features = add_features(builder, network, observation)
    quantiles = add_module(builder, network.quantile_net, features)
    n_choices = int(policy.action_space.n)
    table = builder.reshape(quantiles, (network.n_quantiles, n_choices))
    values = builder.node("ReduceMean", table, shape=(n_choices,), axes=[1], keepdims=0)
    builder.note_scores(values)
    return argmax(builder, values, policy.action_space.dtype)
