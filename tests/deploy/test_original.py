"""The original agent on observations of our choice: through its own stack, in order."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from stable_baselines3.common.vec_env import DummyVecEnv, VecFrameStack, VecNormalize

from rl_zoo.deploy.original import original_actions, random_observations
from rl_zoo.envs.guarded import GuardedVecEnv


class _Quiet(gym.Env[Any, Any]):
    observation_space = gym.spaces.Box(-9, 9, (2,), np.float32)
    action_space = gym.spaces.Box(-1, 1, (2,), np.float32)

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        raise AssertionError("the environment itself is not touched")

    def step(self, action: Any) -> Any:
        raise AssertionError("the environment itself is not touched")


class _Echo:
    """Returns what it sees, and remembers where episodes start."""

    def __init__(self) -> None:
        self.starts: list[bool] = []

    def predict(self, observation: Any, state: Any, episode_start: Any, deterministic: bool) -> Any:
        self.starts.append(bool(episode_start[0]))
        return observation, state


EPISODES = [[np.full(2, 10.0 * e + t, np.float32) for t in range(3)] for e in range(2)]


def _stack() -> Any:
    return GuardedVecEnv(DummyVecEnv([_Quiet]))


def test_observations_arrive_in_order_and_episodes_start_where_they_start() -> None:
    agent, stack = _Echo(), _stack()
    actions, times = original_actions(agent, stack, EPISODES)
    np.testing.assert_array_equal(np.array(actions), np.array(EPISODES))
    assert agent.starts == [True, False, False, True, False, False]
    assert times.shape == (6,)


def test_they_are_normalised_by_the_stack() -> None:
    stack = VecNormalize(_stack(), training=False, clip_obs=5.0)
    stack.obs_rms.mean = np.array([1.0, -1.0])
    stack.obs_rms.var = np.array([4.0, 0.25])
    actions, _ = original_actions(_Echo(), stack, EPISODES)
    expected = (np.array(EPISODES) - [1.0, -1.0]) / np.sqrt(np.array([4.0, 0.25]) + stack.epsilon)
    np.testing.assert_allclose(np.array(actions), np.clip(expected, -5, 5), rtol=1e-6)


def test_they_have_the_type_that_the_agent_was_trained_on() -> None:
    third = np.full(2, 1.0 / 3.0)  # of an environment that returns float64, whatever it says
    actions, _ = original_actions(_Echo(), _stack(), [[third, list(third)]])
    assert actions[0][0].dtype == np.float32
    np.testing.assert_array_equal(actions[0], np.float32([third, third]))


def test_stacked_frames_start_anew_with_each_episode() -> None:
    actions, _ = original_actions(_Echo(), VecFrameStack(_stack(), 2), EPISODES)
    np.testing.assert_array_equal(actions[0][0], [0, 0, 0, 0])
    np.testing.assert_array_equal(actions[0][2], [1, 1, 2, 2])
    np.testing.assert_array_equal(actions[1][0], [0, 0, 10, 10])


def test_the_stack_is_whole_again_afterwards() -> None:
    inner = _stack()
    stack = VecNormalize(inner, training=False)
    original_actions(_Echo(), stack, EPISODES)
    assert stack.venv is inner


def test_random_observations_spread_twice_as_wide_as_the_recorded() -> None:
    generator = np.random.default_rng(0)
    recorded = list(generator.normal([3.0, -1.0], [0.5, 0.0], (4000, 2)).astype(np.float32))
    drawn = np.array(random_observations(_Quiet.observation_space, recorded, 4000, generator))
    np.testing.assert_allclose(drawn.mean(axis=0), [3.0, -1.0], atol=0.06)
    np.testing.assert_allclose(drawn.std(axis=0), [1.0, 1.0], atol=0.05)  # the second: never moved
    assert drawn.dtype == np.float32


def test_random_observations_are_inside_their_space() -> None:
    space = gym.spaces.Dict(
        {
            "position": gym.spaces.Box(-1, 1, (2,), np.float32),
            "image": gym.spaces.Box(0, 255, (4, 4, 3), np.uint8),
            "mode": gym.spaces.Discrete(3),
        }
    )
    space.seed(0)
    recorded = [space.sample() for _ in range(20)]
    for item in random_observations(space, recorded, 50, np.random.default_rng(1)):
        assert space["position"].contains(item["position"])
        assert space["image"].contains(item["image"])
        assert 0 <= item["mode"] < 3
