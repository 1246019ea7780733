"""The history vector, entry by entry."""

from __future__ import annotations

import copy

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces
from gymnasium.utils.env_checker import check_env
from hypothesis import given, settings
from hypothesis import strategies as st

from rl_zoo.errors import ConfigError
from rl_zoo.motion.history_buffer import HistoryBuffer
from rl_zoo.wrappers.history import HistoryWrapper
from rl_zoo.wrappers.history_obs_dict import HistoryWrapperObsDict
from rl_zoo.wrappers.history_space import history_shape, history_space


def act(value):
    return np.array([value], dtype=np.float32)


def test_observations_then_actions_oldest_first_zeros_before_the_start(scripted_env):
    env = HistoryWrapper(scripted_env, horizon=2)
    assert env.reset()[0].tolist() == [0, 0, 0, 0, 0, 0]
    assert env.step(act(0.5))[0].tolist() == [0, 0, 1, 10, 0, 0.5]
    assert env.step(act(-1.0))[0].tolist() == [1, 10, 2, 20, 0.5, -1]
    assert env.step(act(0.25))[0].tolist() == [2, 20, 3, 30, -1, 0.25]
    assert env.reset()[0].tolist() == [0, 0, 0, 0, 0, 0]


def test_an_observation_once_given_is_not_changed_later(scripted_env):
    env = HistoryWrapper(scripted_env, horizon=2)
    env.reset()
    first = env.step(act(0.5))[0]
    env.step(act(1.0))
    assert first.tolist() == [0, 0, 1, 10, 0, 0.5]


def test_bounds_repeat_those_of_the_parts(scripted_env):
    space = HistoryWrapper(scripted_env, horizon=3).observation_space
    assert space.low.tolist() == [-1e5] * 6 + [-1.0] * 3
    assert space.high.tolist() == [1e5] * 6 + [1.0] * 3
    assert space.dtype == np.float32


def test_the_zeros_of_the_start_are_inside_the_space(scripted_env):
    scripted_env.action_space = spaces.Box(0.5, 1.0, (1,), np.float32)
    env = HistoryWrapper(scripted_env)
    assert env.observation_space.contains(env.reset()[0])


def test_integer_observations_do_not_cut_off_actions(scripted_env):
    scripted_env.observation_space = spaces.Box(0, 1000, (2,), np.uint16)
    env = HistoryWrapper(scripted_env)
    env.reset()
    assert env.step(act(-0.5))[0].tolist() == [0, 0, 1, 10, 0, -0.5]


def test_a_picture_is_refused(scripted_env):
    scripted_env.observation_space = spaces.Box(0, 255, (4, 4), np.uint8)
    with pytest.raises(ConfigError, match=r"observation space of one dimension.*\(4, 4\)"):
        HistoryWrapper(scripted_env)


@settings(max_examples=60, deadline=None)
@given(
    horizon=st.integers(1, 6),
    n_obs=st.integers(1, 4),
    n_act=st.integers(1, 3),
    n_steps=st.integers(0, 12),
)
def test_the_vector_is_the_tail_of_the_episode(horizon, n_obs, n_act, n_steps):
    rng = np.random.default_rng(n_steps)
    observations = rng.uniform(-1, 1, (n_steps + 1, n_obs)).astype(np.float32)
    actions = rng.uniform(-1, 1, (n_steps, n_act)).astype(np.float32)
    boxes = spaces.Box(-1, 1, (n_obs,)), spaces.Box(-1, 1, (n_act,))
    shape = history_shape(*boxes, horizon)
    buffer = HistoryBuffer(shape)
    buffer.start(np.ones(n_obs))
    buffer.append(np.ones(n_obs), np.ones(n_act))  # of an episode before
    vector = buffer.start(observations[0])
    for observation, action in zip(observations[1:], actions, strict=True):
        vector = buffer.append(observation, action)

    def tail(rows, width):
        padded = np.concatenate([np.zeros((horizon, width), np.float32), rows])
        return padded[-horizon:].ravel()

    expected = np.concatenate([tail(observations, n_obs), tail(actions, n_act)])
    np.testing.assert_array_equal(vector, expected)
    assert history_space(*boxes, shape).contains(vector)


def test_dict_history_replaces_observation_only_and_changes_nothing_inside(goal_env):
    before = copy.deepcopy(goal_env.observation_space)
    env = HistoryWrapperObsDict(goal_env, horizon=2)
    first, _ = env.reset(seed=1, options={"a": 1})
    second = env.step(act(0.5))[0]
    assert first["observation"].tolist() == [0, 0, 0, 0, 0, 0]
    assert second["observation"].tolist() == [0, 0, 1, 10, 0, 0.5]
    assert second["desired_goal"].tolist() == [1]
    assert env.observation_space.contains(second)
    assert goal_env.observation_space == before
    assert goal_env.reset_arguments == [(1, {"a": 1})]
    HistoryWrapperObsDict(goal_env, horizon=2)  # the zoo cannot wrap the same environment twice


def test_dict_history_passes_the_gymnasium_checker(goal_env):
    check_env(HistoryWrapperObsDict(goal_env), skip_render_check=True, skip_close_check=True)


def test_each_history_names_the_other_where_it_does_not_fit(goal_env):
    with pytest.raises(ConfigError, match="needs a Box observation space"):
        HistoryWrapper(goal_env)
    with pytest.raises(ConfigError, match="HistoryWrapper is the one for a Box"):
        HistoryWrapperObsDict(gym.make("Pendulum-v1"))
