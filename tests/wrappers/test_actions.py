"""What reaches the environment instead of the agent's action."""

from __future__ import annotations

import numpy as np
import pytest

from rl_zoo.wrappers.action_noise import ActionNoiseWrapper
from rl_zoo.wrappers.action_smoothing import ActionSmoothingWrapper
from rl_zoo.wrappers.frame_skip import FrameSkip


def executed(env, actions):
    start = len(env.unwrapped.actions)
    env.reset(seed=0)
    for action in actions:
        env.step(np.array([action], dtype=np.float32))
    return [action[0] for action in env.unwrapped.actions[start:]]


def test_smoothing_starts_from_the_first_action(scripted_env):
    env = ActionSmoothingWrapper(scripted_env, smoothing_coef=0.75)
    assert executed(env, [0.8, 0.8, 0.0, -0.8]) == pytest.approx([0.8, 0.8, 0.6, 0.25])
    assert executed(env, [-1.0])[-1] == -1.0  # the episode before is forgotten


def test_smoothing_starts_from_the_command_the_robot_holds(scripted_env):
    scripted_env.current_action = np.array([-0.4], dtype=np.float32)
    env = ActionSmoothingWrapper(scripted_env, smoothing_coef=0.5)
    assert executed(env, [1.0, 1.0]) == pytest.approx([0.3, 0.65])
    assert scripted_env.current_action.tolist() == pytest.approx([-0.4])


def test_smoothing_of_zero_changes_nothing(scripted_env):
    actions = [0.1, -0.7, 1.0]
    assert executed(ActionSmoothingWrapper(scripted_env), actions) == pytest.approx(actions)


def test_info_holds_the_proposed_and_the_executed_action(scripted_env):
    env = ActionSmoothingWrapper(ActionNoiseWrapper(scripted_env, 0.2), smoothing_coef=0.5)
    env.reset(seed=0)
    env.step(np.array([0.0], dtype=np.float32))
    info = env.step(np.array([0.5], dtype=np.float32))[4]
    assert info["action_proposed"].tolist() == [0.5]
    assert info["action_executed"].tolist() == scripted_env.actions[-1]
    assert info["action_executed"].dtype == np.float32


def test_noise_has_the_given_spread_and_stays_inside_the_space(scripted_env):
    small = np.array(executed(ActionNoiseWrapper(scripted_env, noise_std=0.1), [0.3] * 4000))
    assert small.mean() == pytest.approx(0.3, abs=0.01)
    assert small.std() == pytest.approx(0.1, rel=0.05)
    large = np.array(executed(ActionNoiseWrapper(scripted_env, noise_std=5.0), [0.3] * 500))
    assert large.min() == -1.0
    assert large.max() == 1.0


def test_noise_comes_from_the_seed_and_not_from_global_numpy(scripted_env):
    env = ActionNoiseWrapper(scripted_env, noise_std=0.1)
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    first = executed(env, [0.0] * 5)
    assert executed(env, [0.0] * 5) == first
    assert len(set(first)) == 5
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_frame_skip_adds_rewards_and_repeats_the_action(scripted_env):
    env = FrameSkip(scripted_env, skip=3)
    env.reset()
    observation, reward, terminated, truncated, _ = env.step(np.array([0.5], dtype=np.float32))
    assert (observation.tolist(), reward, terminated, truncated) == ([3, 30], 6.0, False, False)
    assert scripted_env.actions == [[0.5]] * 3


def test_frame_skip_stops_at_the_end_of_the_episode(scripted_env):
    scripted_env.length = 4
    env = FrameSkip(scripted_env, skip=3)
    env.reset()
    env.step(np.zeros(1, np.float32))
    _, reward, terminated, _, _ = env.step(np.zeros(1, np.float32))
    assert (reward, terminated, scripted_env.time) == (4.0, True, 4)
