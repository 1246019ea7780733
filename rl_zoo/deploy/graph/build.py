"""Build the graph of a policy with everything between the environment's observation and action."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import numpy_helper

from rl_zoo.deploy.graph.builder import BuiltNetwork, GraphBuilder
from rl_zoo.deploy.graph.policies.catalog import policy_graph
from rl_zoo.deploy.graph.preprocess import Preprocessing, space_parts
from rl_zoo.errors import ConfigError


def build_network(policy: Any, preprocessing: Preprocessing) -> BuiltNetwork:
    """Return the graph ``observation -> deterministic action``.

    Args:
        policy: ``agent.policy`` of SB3, or another one that ``POLICY_GRAPHS`` knows.
        preprocessing: What the agent's VecEnv does with observations; see ``preprocessing_of``.

    Raises:
        ConfigError: If a class of policy or module is unknown, naming it, or if weights are NaN.
    """
    builder = GraphBuilder()
    observation = {
        key: builder.input(key, part.shape or (), np.dtype(part.dtype))
        for key, part in space_parts(preprocessing.observation_space).items()
    }
    action = policy_graph(policy)(builder, policy, preprocessing.add_to(builder, observation))
    builder.set_output(action)
    built = builder.build()
    for tensor in built.model.graph.initializer:
        if np.isnan(numpy_helper.to_array(tensor)).any():
            raise ConfigError(
                "weights of the policy are NaN, training diverged: choose earlier ones (--best, "
                "--checkpoint N)"
            )
    return built
