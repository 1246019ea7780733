"""Names, units and bounds in a bundle are those of the robot."""

from __future__ import annotations

import json
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces

from rl_zoo.deploy.describe import (
    action_layout,
    array_layout,
    describe_robot_of,
    observation_layouts,
)
from rl_zoo.envs.control_period import control_period
from rl_zoo.envs.ids import require_env
from rl_zoo.errors import ConfigError
from rl_zoo.robots.bert import BERT


@pytest.fixture(scope="module")
def bert() -> Any:
    require_env("Bert-v0")
    env = gym.make("Bert-v0", observe_velocity="estimated")
    yield env
    env.close()


def test_every_entry_of_a_robots_observation_is_named_once(bert: Any) -> None:
    (layout,) = observation_layouts(bert.observation_space, bert)
    covered = [i for part in layout.parts for i in range(part.start, part.start + part.size)]
    assert covered == list(range(layout.shape[0]))
    assert all(len(part.entries) == part.size for part in layout.parts)


def test_scales_turn_entries_back_into_units(bert: Any) -> None:
    observation, _ = bert.reset(seed=0)
    for _ in range(5):
        observation, *_ = bert.step(bert.action_space.sample())
    (layout,) = observation_layouts(bert.observation_space, bert)
    state = bert.unwrapped.robot_state
    expected = {
        "joint_positions": state.joint_positions - BERT.default_pose,
        "joint_velocities": state.joint_velocities,
        "gyroscope": state.angular_velocity_in_body,
        "spring_deflections": state.motor_positions - state.joint_positions,
    }
    parts = {part.name: part for part in layout.parts}
    for name, values in expected.items():
        part = parts[name]
        seen = observation[part.start : part.start + part.size] / part.scale
        np.testing.assert_allclose(seen, values, atol=1e-5)


def test_an_action_is_an_angle_of_each_joint(bert: Any) -> None:
    layout = action_layout(bert.action_space, bert)
    assert [part.name for part in layout.array.parts] == list(BERT.joint_names)
    reach = [1.0 / part.scale for part in layout.array.parts]
    target = BERT.default_pose + np.array(reach)
    np.testing.assert_allclose(bert.unwrapped.action_to_positions(np.ones(8)), target)


def test_the_robot_is_described_with_the_gains_that_are_used(bert: Any) -> None:
    robot = describe_robot_of(bert)
    assert robot is not None
    json.dumps(robot, allow_nan=False)
    assert [joint["name"] for joint in robot["joints"]] == list(BERT.joint_names)
    assert [joint["kp"] for joint in robot["joints"]] == BERT.kp.tolist()
    assert control_period(bert) == pytest.approx(1.0 / BERT.control_frequency)


def test_an_environment_without_a_robot_says_less() -> None:
    env = gym.make("CartPole-v1")
    assert describe_robot_of(env) is None
    assert control_period(env) is None
    (layout,) = observation_layouts(env.observation_space, env)
    assert layout.parts == ()


@pytest.mark.parametrize(
    ("space", "kind", "choices"),
    [
        (spaces.Discrete(4), "discrete", (4,)),
        (spaces.MultiDiscrete([2, 5]), "multi_discrete", (2, 5)),
        (spaces.MultiBinary(3), "multi_binary", (2, 2, 2)),
        (spaces.Box(-2, 2, (3,), np.float32), "box", ()),
    ],
)
def test_kinds_of_actions(space: Any, kind: str, choices: tuple[int, ...]) -> None:
    layout = action_layout(space, gym.make("CartPole-v1"))
    assert (layout.kind, layout.n) == (kind, choices)


def test_bounds_are_short_where_they_are_alike_and_absent_where_there_are_none() -> None:
    assert array_layout("a", spaces.Box(-1, 1, (3,), np.float32)).low == -1.0
    assert array_layout("a", spaces.Box(-np.inf, np.inf, (3,), np.float32)).low is None
    mixed = spaces.Box(np.array([-1, -np.inf]), np.array([1, np.inf]), dtype=np.float64)
    high = array_layout("a", mixed).high
    assert isinstance(high, tuple)
    assert high[0] == 1.0
    assert np.isfinite(high[1])
    json.dumps(high, allow_nan=False)


def test_a_space_without_numbers_is_refused() -> None:
    with pytest.raises(ConfigError, match="text"):
        array_layout("text", spaces.Text(5))
