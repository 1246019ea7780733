"""Options of the task that an open robot takes without a new connection."""

import gymnasium
import numpy as np
import pytest

from rl_zoo.envs.ids import OUR_ENVIRONMENTS, register_environments
from rl_zoo.errors import ConfigError

QUIET = np.zeros(8, np.float32)


@pytest.fixture
def robot():
    register_environments()
    env = gymnasium.make("Bert-Real-v0", driver="mock")
    yield env
    env.close()


def own_options(**more):
    return {**OUR_ENVIRONMENTS["Bert-Real-v0"]["kwargs"], "driver": "mock", **more}


def test_task_and_observation_change_on_the_open_link(robot):
    robot.reset(seed=0)
    robot.step(QUIET)
    link = robot.unwrapped.link
    before = robot.observation_space.shape
    assert robot.unwrapped.change_options(**own_options(observe_velocity="estimated", max_gap=4.0))
    assert robot.unwrapped.link is link
    assert robot.observation_space.shape == (before[0] + 3,)
    assert robot.reset(seed=0)[0] in robot.observation_space
    assert robot.step(QUIET)[0] in robot.observation_space
    assert robot.unwrapped.change_options(**own_options())
    assert robot.observation_space.shape == before


def test_reward_is_that_of_an_environment_made_with_the_options(robot):
    wanted = {"target_speed": 0.7}
    assert robot.unwrapped.change_options(**own_options(**wanted))
    other = gymnasium.make("Bert-Real-v0", **{"driver": "mock", **wanted})
    rewards = []
    for env in (robot, other):
        env.reset(seed=0)
        rewards.append([env.step(QUIET + 0.1)[1] for _ in range(5)])
    other.close()
    assert rewards[0] == rewards[1]


@pytest.mark.parametrize(
    "options",
    [{"robot": "go1"}, {"control": {"rate": 250}}, {"driver_options": {"lag": 0.1}}],
)
def test_another_robot_or_control_loop_is_refused(robot, options):
    old = robot.unwrapped.real
    assert not robot.unwrapped.change_options(**own_options(**options))
    assert robot.unwrapped.real is old


def test_an_option_without_meaning_changes_nothing(robot):
    with pytest.raises(ConfigError, match="max_gap"):
        robot.unwrapped.change_options(**own_options(max_gap=0.5))
    robot.reset(seed=0)
    assert robot.step(QUIET)[0] in robot.observation_space


def test_a_resting_robot_is_soft_and_stands_up_again(robot):
    from rl_zoo.robots.control.modes import Mode

    robot.reset(seed=0)
    robot.step(QUIET)
    robot.unwrapped.rest()
    assert robot.unwrapped.link.snapshot().mode is Mode.IDLE
    robot.unwrapped.rest()
    assert robot.unwrapped.link.snapshot().mode is Mode.IDLE
    robot.reset()
    assert robot.unwrapped.link.snapshot().mode is Mode.READY
