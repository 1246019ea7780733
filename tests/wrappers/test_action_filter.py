"""Filters between agent and environment."""

from __future__ import annotations

import json

import gymnasium as gym
import numpy as np
import pytest
from scipy import signal

from rl_zoo.errors import ConfigError
from rl_zoo.wrappers.action_filter import ActionFilterWrapper, LowPassFilterWrapper
from rl_zoo.wrappers.frame_skip import FrameSkip
from rl_zoo.wrappers.registry import WRAPPERS

FILTERS = [
    ("butterworth", {"cutoff_frequency": 3.0}),
    ("exponential", {"cutoff_frequency": 3.0}),
    ("one_euro", {"min_cutoff": 1.0}),
    ("rate_limit", {"max_rate": 2.0}),
]
EACH = pytest.mark.parametrize(("name", "parameters"), FILTERS)


@pytest.fixture
def robot(scripted_env):
    """Something that holds the command -0.4 after every reset; 20 commands per second."""
    scripted_env.dt = 0.05
    scripted_env.current_action = np.array([-0.4])
    return scripted_env


def executed(env, actions):
    start = len(env.unwrapped.actions)
    env.reset(seed=0)
    for action in actions:
        env.step(np.array([action], dtype=np.float32))
    return np.array(env.unwrapped.actions[start:])[:, 0]


@EACH
def test_holding_the_current_command_changes_nothing(name, parameters, robot):
    env = ActionFilterWrapper(robot, name, **parameters)
    held = np.float32(-0.4)
    assert executed(env, [held] * 10).tolist() == [held] * 10


@EACH
def test_an_episode_starts_from_the_current_command(name, parameters, robot):
    env = ActionFilterWrapper(robot, name, **parameters)
    first = executed(env, [1.0] * 3)
    assert -0.4 < first[0] < 0.6
    assert np.all(np.diff(first) > 0)
    np.testing.assert_array_equal(executed(env, [1.0] * 3), first)  # the last episode is forgotten


def test_without_a_current_command_the_first_action_passes(scripted_env):
    env = ActionFilterWrapper(scripted_env, "exponential", dt=0.05)
    assert executed(env, [0.8, 0.8, 0.0])[:2] == pytest.approx([0.8, 0.8])
    assert executed(env, [-1.0]).tolist() == [-1.0]


def test_a_current_command_of_another_layer_is_not_taken_for_ours(robot):
    robot.current_action = np.array([-0.4, 0.2])
    env = ActionFilterWrapper(robot, "exponential")
    assert executed(env, [0.75]).tolist() == [0.75]


def test_a_current_command_in_other_units_is_not_taken_for_ours(robot):
    env = ActionFilterWrapper(gym.wrappers.RescaleAction(robot, -10.0, 10.0), "exponential")
    assert executed(env, [7.5]).tolist() == [0.75]


def test_the_cut_off_is_in_hz_of_the_environments_clock(robot):
    robot.current_action = np.zeros(1)
    env = ActionFilterWrapper(robot, "butterworth", cutoff_frequency=3.0)
    actions = np.random.default_rng(0).uniform(-0.3, 0.3, 40)
    b, a = signal.butter(2, 3.0, fs=20.0)
    np.testing.assert_allclose(executed(env, actions), signal.lfilter(b, a, actions), atol=1e-6)


def test_behind_a_frame_skip_the_clock_is_slower(robot):
    env = ActionFilterWrapper(FrameSkip(robot, skip=3), "rate_limit", max_rate=1.0)
    assert executed(env, [1.0])[0] == pytest.approx(-0.4 + 0.15)


def test_overshoot_stays_inside_the_action_space(robot):
    env = ActionFilterWrapper(robot, "butterworth", cutoff_frequency=2.0)
    found = executed(env, [-1.0] * 30 + [1.0] * 30)
    assert found.max() == 1.0
    assert found.min() == -1.0


def test_info_holds_the_proposed_and_the_executed_action(robot):
    env = ActionFilterWrapper(ActionFilterWrapper(robot, "rate_limit", max_rate=1.0), "one_euro")
    env.reset()
    info = env.step(np.array([1.0], dtype=np.float32))[4]
    assert info["action_proposed"].tolist() == [1.0]
    assert info["action_executed"].tolist() == robot.actions[-1]
    assert info["action_executed"].dtype == np.float32


@EACH
def test_the_memory_survives_a_checkpoint(name, parameters, robot):
    env = ActionFilterWrapper(robot, name, **parameters)
    executed(env, [1.0, -1.0, 0.5])
    state = json.loads(json.dumps(env.checkpoint_state()))
    env.step(np.ones(1, np.float32))
    expected = robot.actions[-1]
    other = ActionFilterWrapper(robot, name, **parameters)
    other.reset()
    other.restore_checkpoint_state(state)
    other.step(np.ones(1, np.float32))
    assert robot.actions[-1] == expected


def test_the_zoos_low_pass_wrapper_is_a_butterworth(robot):
    robot.current_action = np.zeros(1)
    env = WRAPPERS.load("utils.wrappers.LowPassFilterWrapper")(robot, freq=5.0, df=25.0)
    assert isinstance(env, LowPassFilterWrapper)
    actions = np.random.default_rng(0).uniform(-0.3, 0.3, 20)
    b, a = signal.butter(2, 5.0, fs=25.0)
    np.testing.assert_allclose(executed(env, actions), signal.lfilter(b, a, actions), atol=1e-6)


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"filter": "buterworth"}, "ActionFilterWrapper.filter: 'buterworth' is unknown"),
        ({"filter": ["butterworth"]}, "ActionFilterWrapper.filter: .* is unknown"),
        ({"cutof_frequency": 3.0}, "ActionFilterWrapper.cutof_frequency: no parameter of 'butter"),
        ({"cutoff_frequency": 10.0}, "cutoff_frequency: 10.0 Hz is not below 10 Hz"),
        ({"filter": "rate_limit"}, "ActionFilterWrapper.max_rate: missing"),
        ({"filter": "rate_limit", "max_rate": [1.0, 2.0]}, "max_rate: 2 numbers for values of"),
        ({"dt": 0.0}, "ActionFilterWrapper.dt: 0.0 is not a positive number"),
    ],
)
def test_an_argument_without_meaning_is_named(parameters, text, robot):
    with pytest.raises(ConfigError, match=text):
        ActionFilterWrapper(robot, **parameters)


@pytest.mark.parametrize(
    ("wrapper", "text"),
    [
        (
            "ActionFilterWrapper: {filter: rate_limit, max_rat: 3}",
            "ActionFilterWrapper.max_rat: no parameter of 'rate_limit'; did you mean 'max_rate'?",
        ),
        ("LowPassFilterWrapper: {fre: 3}", "LowPassFilterWrapper.fre: unknown keyword; did you"),
        ("LowPassFilterWrapper: {freq: -3}", "LowPassFilterWrapper.freq: -3 is not a positive"),
    ],
)
def test_a_mistake_is_found_before_anything_is_opened(wrapper, text, train, arguments, tmp_path):
    params = [f"env_wrapper:[{{{wrapper}}}]"]
    code, _, err = train(*arguments("sac", "Single-v0", "-n", 10, params=params))
    assert code == 2
    assert text in err
    assert not (tmp_path / "logs").exists()


def test_an_environment_without_a_clock_needs_one(scripted_env):
    with pytest.raises(ConfigError, match=r"ActionFilterWrapper.dt: this environment has no dt"):
        ActionFilterWrapper(scripted_env)
    with pytest.raises(ConfigError, match=r"LowPassFilterWrapper.df: 0 is not a positive"):
        LowPassFilterWrapper(scripted_env, df=0)


def test_discrete_actions_are_refused():
    with pytest.raises(ConfigError, match="ActionFilterWrapper: needs a Box action space"):
        ActionFilterWrapper(gym.make("CartPole-v1"))
