"""Which function writes the graph of a policy, by the policy's class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from rl_zoo.deploy.graph.builder import GraphBuilder, Observation, Tensor
from rl_zoo.deploy.graph.class_registry import ClassRegistry

PolicyGraph: TypeAlias = Callable[[GraphBuilder, Any, Observation], Tensor]
"""Adds the nodes of a policy; takes the builder, the policy and what ``predict`` is given, returns
what ``predict(deterministic=True)`` returns, in the type of the action space."""

_HERE = "rl_zoo.deploy.graph.policies"

POLICY_GRAPHS = ClassRegistry(
    kind="policy",
    group="rl_zoo.policy_graphs",
    built_in={
        "stable_baselines3.SACPolicy": f"{_HERE}.stochastic_actor:add_policy",
        "sb3_contrib.TQCPolicy": f"{_HERE}.stochastic_actor:add_policy",
        "sb3_contrib.CrossQPolicy": f"{_HERE}.stochastic_actor:add_policy",
        "stable_baselines3.TD3Policy": f"{_HERE}.deterministic_actor:add_policy",
        "stable_baselines3.ActorCriticPolicy": f"{_HERE}.actor_critic:add_policy",
        "sb3_contrib.RecurrentActorCriticPolicy": f"{_HERE}.recurrent:add_policy",
        "stable_baselines3.DQNPolicy": f"{_HERE}.q_network:add_dqn",
        "sb3_contrib.QRDQNPolicy": f"{_HERE}.q_network:add_qrdqn",
        "sb3_contrib.ARSPolicy": f"{_HERE}.ars:add_policy",
        "sbx.SACPolicy": f"{_HERE}.sbx:add_actor",
        "sbx.TQCPolicy": f"{_HERE}.sbx:add_actor",
        "sbx.CrossQPolicy": f"{_HERE}.sbx:add_actor",
        "sbx.TD3Policy": f"{_HERE}.sbx:add_actor",
        "sbx.PPOPolicy": f"{_HERE}.sbx:add_ppo",
        "sbx.DQNPolicy": f"{_HERE}.sbx:add_dqn",
        "rl_zoo.OscillatorPolicy": f"{_HERE}.open_loop:add_policy",
    },
    methods=("predict", "_predict"),
)


def policy_graph(policy: Any) -> PolicyGraph:
    """Return the function that writes the graph of ``policy``.

    Raises:
        ConfigError: If its class is unknown, or changes how a known one acts.
    """
    function: PolicyGraph = POLICY_GRAPHS.function_of(policy)
    return function
