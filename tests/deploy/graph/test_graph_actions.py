"""The last nodes of a graph round as SB3 does: the same bits from the same output of a network."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch
from gymnasium import spaces
from stable_baselines3.common.distributions import BernoulliDistribution
from stable_baselines3.common.policies import ActorCriticPolicy

from rl_zoo.deploy.graph.actions import action_of_logits, action_of_mean
from rl_zoo.deploy.graph.builder import GraphBuilder
from tests.deploy.graph.conftest import UNEVEN, VECTOR

LOW, HIGH = np.array([-0.3, -1.0, 0.1]), np.array([0.7, 1.0, 0.2])
BOXES = [
    pytest.param(UNEVEN, id="uneven"),
    pytest.param(spaces.Box(LOW, HIGH, dtype=np.float64), id="double"),
    pytest.param(
        spaces.Box(LOW.astype(np.float32), HIGH.astype(np.float32), dtype=np.float32),
        id="one half-range is 1",
    ),
    pytest.param(spaces.Box(-1.0, np.array([1.0, 0.1, 2.0], np.float32)), id="one lower bound"),
    pytest.param(spaces.Box(-0.1, 0.3, (3,), np.float64), id="equal bounds, double"),
    pytest.param(spaces.Box(-1.0, 1.0, (3,), np.float32), id="unit"),
    pytest.param(spaces.Box(-2.7, 1.1, (3,), np.float16), id="half"),
]


def run(add: Any, values: np.ndarray) -> np.ndarray:
    builder = GraphBuilder()
    builder.set_output(add(builder, builder.input("x", values.shape[1:], values.dtype)))
    session = onnxruntime.InferenceSession(
        builder.build().model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    result: np.ndarray = session.run(None, {"in_x": values})[0]
    return result


@pytest.mark.parametrize("squashed", [True, False])
@pytest.mark.parametrize("space", BOXES)
def test_actions_of_a_box_have_the_bits_of_sb3(space: spaces.Box, squashed: bool) -> None:
    scale = 1.0 if squashed else 3.0
    outputs = np.random.default_rng(0).uniform(-scale, scale, (300, 3)).astype(np.float32)
    outputs[:3] = [[-scale], [0.0], [scale]]
    policy = ActorCriticPolicy(VECTOR, space, lambda _: 0.0, net_arch=[])
    policy._squash_output = squashed
    policy._predict = lambda observation, deterministic: torch.as_tensor(outputs)
    theirs = policy.predict(np.zeros((300, 5), np.float32), deterministic=True)[0]

    ours = run(lambda builder, x: action_of_mean(builder, x, space, squashed=squashed), outputs)

    assert ours.dtype == space.dtype
    assert np.array_equal(ours, theirs.astype(space.dtype))


def test_a_probability_of_one_half_is_no_for_both() -> None:
    logits = np.array([[0.0, -0.0, 1e-3, -1e-3]], np.float32)
    theirs = BernoulliDistribution(4).proba_distribution(torch.as_tensor(logits)).mode().numpy()

    ours = run(lambda builder, x: action_of_logits(builder, x, spaces.MultiBinary(4)), logits)

    assert np.array_equal(ours, theirs)
