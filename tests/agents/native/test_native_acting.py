"""Actions found in numpy are those that SB3 finds, with the same random numbers."""

import gymnasium as gym
import numpy as np
import pytest
import torch
from sb3_contrib import TQC
from stable_baselines3 import DDPG, SAC, TD3
from stable_baselines3.common.noise import NormalActionNoise

from rl_zoo.agents.native.backend import enable_native
from rl_zoo.errors import NonFiniteError


class Wide(gym.Env):
    """Bounds that are not [-1, 1], and more actions than one vector of the processor holds."""

    observation_space = gym.spaces.Box(-np.inf, np.inf, (5,), np.float64)

    def __init__(self, n_actions):
        bounds = np.linspace(0.5, 3.0, n_actions, dtype=np.float32)
        self.action_space = gym.spaces.Box(-bounds, 2.0 * bounds)


@pytest.mark.parametrize("n_actions", [1, 6, 20])
@pytest.mark.parametrize("algorithm", [SAC, TQC, TD3, DDPG])
def test_action_and_stored_action_are_those_of_sb3(algorithm, n_actions):
    noise = NormalActionNoise(np.zeros(n_actions), 0.3 * np.ones(n_actions))
    found = []
    for native in (False, True):
        agent = algorithm("MlpPolicy", Wide(n_actions), seed=0, buffer_size=10, device="cpu")
        if native:
            assert enable_native(agent) is None
        agent.num_timesteps = 200
        torch.manual_seed(3)
        np.random.seed(3)
        for step in range(4):
            agent._last_obs = np.full((1, 5), 0.4 * step)
            found.append(agent._sample_action(100, noise if step > 1 else None))
    for real, ours in zip(found[:4], found[4:], strict=True):
        for mine, theirs in zip(ours, real, strict=True):
            assert mine.shape == theirs.shape and mine.dtype == theirs.dtype
            np.testing.assert_allclose(mine, theirs, atol=2e-6)


@pytest.mark.parametrize("algorithm", [SAC, TD3])
def test_action_that_is_not_finite_reaches_no_environment(algorithm):
    agent = algorithm("MlpPolicy", Wide(2), seed=0, buffer_size=10, device="cpu")
    assert enable_native(agent) is None
    agent.num_timesteps, agent._last_obs = 200, np.array([[0.0, 0.0, np.nan, 0.0, 0.0]])
    with pytest.raises(NonFiniteError, match="action is not finite"):
        agent._sample_action(100)


def test_newer_weights_act_at_once():
    agent = SAC("MlpPolicy", Wide(2), seed=0, buffer_size=10, device="cpu")
    assert enable_native(agent) is None
    agent.num_timesteps, agent._last_obs = 200, np.ones((1, 5))
    before = agent._sample_action(100)[1]
    agent.policy.load_state_dict({k: 0.0 * v for k, v in agent.policy.state_dict().items()})
    torch.manual_seed(7)
    after = agent._sample_action(100)[1]
    torch.manual_seed(7)

    np.testing.assert_allclose(after[0], np.tanh(torch.empty(2).normal_().numpy()), atol=1e-6)
    assert not np.allclose(before, after)
