"""The phases of an open-loop policy in a graph are those of the original, step by step."""

from __future__ import annotations

import numpy as np
import pytest
from gymnasium import spaces

from rl_zoo.agents.open_loop_policy import OscillatorPolicy
from rl_zoo.deploy.graph.build import build_network
from rl_zoo.deploy.graph.preprocess import Preprocessing
from rl_zoo.deploy.network import Network, open_session
from rl_zoo.motion.oscillator import JointPattern
from tests.deploy.graph.conftest import UNEVEN, VECTOR

PATTERN = JointPattern((0.4, 1.5, 0.06), (-0.5, 2.0, 6.0), (0.2, -0.4, 0.14), 3.1, 0.7)


def policy(space, period):
    made = OscillatorPolicy(VECTOR, space)
    made.pattern = PATTERN
    made.control_period = period
    return made


@pytest.mark.parametrize("period", [0.02, 0.37, 2.5])
@pytest.mark.parametrize(
    "space", [UNEVEN, spaces.Box(-1.0, 1.0, (3,), np.float64)], ids=["float32", "float64"]
)
def test_thousand_steps_of_two_episodes(space, period):
    original = policy(space, period)
    built = build_network(original, Preprocessing(VECTOR))
    network = Network(open_session(built.model.SerializeToString(), "x"), built.layout, "x")
    observation = np.zeros(VECTOR.shape, np.float32)
    n_clipped = 0
    for _ in range(2):
        network.reset()
        state, start = None, np.array([True])
        for _ in range(1000):
            expected, state = original.predict(observation[None], state, start, deterministic=True)
            start = np.array([False])
            action = network.run(observation)
            assert action.dtype == space.dtype
            np.testing.assert_allclose(action, expected[0], rtol=0.0, atol=2e-7)
            np.testing.assert_array_equal(network.states()[0], state[0])
            n_clipped += np.sum((action == space.low) | (action == space.high))
    assert 100 < n_clipped < 5000  # both inside and at the bounds


def test_the_observation_stays_an_input():
    built = build_network(policy(UNEVEN, 0.02), Preprocessing(VECTOR))
    assert [item.shape for item in built.layout.inputs] == [VECTOR.shape]
    assert built.layout.states[0].initial == tuple(PATTERN.initial_phases)
