"""Delayed rewards, and episodes that end with success."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from rl_zoo.wrappers.delayed_reward import DelayedRewardWrapper
from rl_zoo.wrappers.episode_control import EpisodeControlWrapper
from rl_zoo.wrappers.monitor import RunMonitor
from rl_zoo.wrappers.truncated_on_success import TruncatedOnSuccessWrapper

ZERO = np.zeros(1, np.float32)


def test_delayed_rewards_come_in_sums_and_none_is_lost_at_the_end(scripted_env):
    scripted_env.length = 5
    env = DelayedRewardWrapper(scripted_env, delay=3)
    env.reset()
    assert [env.step(ZERO)[1] for _ in range(5)] == [0, 0, 6, 0, 9]


def test_delayed_rewards_forget_the_episode_before(scripted_env):
    env = DelayedRewardWrapper(scripted_env, delay=3)
    env.reset()
    env.step(ZERO)
    env.reset()
    assert [env.step(ZERO)[1] for _ in range(3)] == [0, 0, 6]


def test_delayed_rewards_are_paid_when_the_time_is_up(scripted_env):
    env = DelayedRewardWrapper(gym.wrappers.TimeLimit(scripted_env, 4), delay=10)
    env.reset()
    assert [env.step(ZERO)[1] for _ in range(4)] == [0, 0, 0, 10]


def test_successes_must_follow_each_other(scripted_env):
    scripted_env.successes = {1, 3, 4}
    env = TruncatedOnSuccessWrapper(scripted_env, n_successes=2)
    env.reset()
    steps = [env.step(ZERO) for _ in range(4)]
    assert [step[3] for step in steps] == [False, False, False, True]
    assert steps[3][4]["truncation_reason"] == "success"
    assert "truncation_reason" not in steps[2][4]


def test_a_success_in_the_last_step_of_a_time_limit_is_a_success(scripted_env):
    scripted_env.successes = {3}
    env = TruncatedOnSuccessWrapper(gym.wrappers.TimeLimit(scripted_env, 3))
    env.reset(seed=0)
    *_, truncated, info = [env.step(ZERO) for _ in range(3)][-1]
    assert (truncated, info["truncation_reason"]) == (True, "success")


def test_successes_of_the_episode_before_do_not_count(scripted_env):
    scripted_env.successes = {1}
    env = TruncatedOnSuccessWrapper(scripted_env, n_successes=2)
    for _ in range(3):
        env.reset()
        assert not env.step(ZERO)[3]


def test_reward_offset_is_added_to_steps_and_to_hindsight_rewards(goal_env):
    env = TruncatedOnSuccessWrapper(goal_env, reward_offset=1.0)
    env.reset()
    assert env.step(ZERO)[1] == 2.0
    achieved, desired = np.array([[0.0], [1.0]]), np.array([[1.0], [1.0]])
    assert env.compute_reward(achieved, desired, [{}, {}]).tolist() == [0.0, 1.0]
    outer = gym.wrappers.TimeLimit(env, 10)
    assert outer.get_wrapper_attr("compute_reward")(achieved, desired, {}).tolist() == [0.0, 1.0]


def test_an_episode_that_terminates_is_not_called_a_success(scripted_env):
    scripted_env.length, scripted_env.successes = 1, {1}
    env = EpisodeControlWrapper(TruncatedOnSuccessWrapper(scripted_env))
    env.reset()
    _, _, terminated, truncated, info = env.step(ZERO)
    assert (terminated, truncated, info["termination_reason"]) == (True, False, "terminated")
    assert "truncation_reason" not in info


@pytest.mark.parametrize("n_successes", [1, 3])
def test_the_monitor_counts_episodes_that_success_ended(scripted_env, n_successes):
    scripted_env.successes = set(range(5, 100))
    inner = TruncatedOnSuccessWrapper(scripted_env, 0.5, n_successes)
    env = RunMonitor(EpisodeControlWrapper(inner))
    env.reset()
    info = {}
    while "episode" not in info:
        *_, info = env.step(ZERO)
    length = 4 + n_successes
    assert info["episode"]["l"] == length
    assert info["episode"]["r"] == sum(range(length + 1)) + 0.5 * length
    assert info["truncation_reason"] == "success"
