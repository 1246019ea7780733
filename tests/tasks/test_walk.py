"""The walking task: each function against values worked out by hand."""

import math
from dataclasses import fields, replace

import numpy as np
import pytest

from rl_zoo.errors import ConfigError
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.driver import GroundTruth, RobotState
from rl_zoo.tasks import walk


def quaternion(axis, angle):
    half = 0.5 * angle
    return (math.cos(half), *(math.sin(half) * np.asarray(axis, dtype=float)))


STATE = RobotState(
    time=0.0,
    joint_positions=BERT.default_pose + 0.1,
    joint_velocities=np.full(8, 2.0),
    joint_torques=np.full(8, 0.5),
    motor_positions=BERT.default_pose + 0.3,
    orientation=(1.0, 0.0, 0.0, 0.0),
    angular_velocity_in_body=np.array([0.0, 0.0, 2.0]),
)
NO_ACTION = np.zeros(8)


def truth(*velocity):
    return GroundTruth(np.array([0.0, 0.0, 0.15]), np.array(velocity, dtype=float))


def test_observation_of_a_level_robot():
    seen = walk.observe(BERT, BERT.default_pose, STATE, np.full(8, -0.5))
    assert seen.shape == (walk.observation_size(BERT),) == (39,)
    np.testing.assert_allclose(seen[:4], [0, 0, -1, 0], atol=1e-12)
    np.testing.assert_allclose(seen[4:7], [0, 0, 0.5])
    np.testing.assert_allclose(seen[7:15], 0.1)
    np.testing.assert_allclose(seen[15:23], 0.2)
    np.testing.assert_allclose(seen[23:31], 0.8)
    np.testing.assert_allclose(seen[31:], -0.5)


@pytest.mark.parametrize(
    ("axis", "gravity"),
    [
        ((0, 1, 0), (math.sin(0.3), 0, -math.cos(0.3))),
        ((1, 0, 0), (0, -math.sin(0.3), -math.cos(0.3))),
    ],
)
def test_gravity_in_the_trunks_frame(axis, gravity):
    state = replace(STATE, orientation=quaternion(axis, 0.3))
    seen = walk.observe(BERT, BERT.default_pose, state, NO_ACTION)
    np.testing.assert_allclose(seen[:3], gravity, atol=1e-12)


def test_heading_is_the_turn_about_the_vertical():
    assert walk.heading(quaternion((0, 0, 1), 0.7)) == pytest.approx(0.7)
    assert walk.heading(quaternion((0, 1, 0), 0.5)) == pytest.approx(0.0)


def test_progress_is_largest_at_the_target():
    speeds = (-5.0, 0.0, 0.25, 0.5, 0.75, 1.0, 3.0)
    expected = [-1.0, 0.0, 0.5, 1.0, 0.5, 0.0, -1.0]
    assert [walk.progress(speed, 0.5) for speed in speeds] == expected


def test_reward_terms_by_hand():
    weights = walk.RewardWeights(1, 2, 3, 4, 5, 6, 7)
    task = walk.WalkTask(target_speed=0.5, weights=weights)
    state = replace(STATE, orientation=quaternion((0, 0, 1), -0.2))
    action = np.full(8, 0.5)
    terms = walk.reward_terms(task, state, truth(0.25, -0.1, 0.2), action, NO_ACTION)
    assert terms == pytest.approx(
        {
            "forward": 0.5,
            "lateral": -2 * 0.1,
            "heading": -3 * 0.2,
            "rotation": -4 * 4.0,
            "bounce": -5 * 0.04,
            "action_change": -6 * 8 * 0.25,
            "effort": -7 * 8 * 0.25,
        }
    )


def test_every_weight_has_a_term_and_the_reverse():
    terms = walk.reward_terms(walk.WalkTask(), STATE, truth(0, 0, 0), NO_ACTION, NO_ACTION)
    assert {*terms, "fall"} == {item.name for item in fields(walk.RewardWeights)}


def test_standing_earns_less_than_walking():
    task = walk.WalkTask()
    still = replace(STATE, angular_velocity_in_body=np.zeros(3))
    stand = walk.reward_terms(task, still, truth(0, 0, 0), NO_ACTION, NO_ACTION)
    stepping = walk.reward_terms(task, STATE, truth(0.3, 0.02, 0.05), np.full(8, 0.3), NO_ACTION)
    assert sum(stepping.values()) > sum(stand.values()) + 0.2


@pytest.mark.parametrize(
    ("axis", "angle", "height", "expected"),
    [
        ((0, 1, 0), 0.0, 0.15, None),
        ((0, 0, 1), 3.0, 0.15, None),
        ((0, 1, 0), 0.7, 0.15, None),
        ((0, 1, 0), 0.9, 0.15, "fall"),
        ((1, 0, 0), -0.9, 0.15, "fall"),
        ((1, 0, 0), 3.1, None, "fall"),
        ((0, 1, 0), 0.0, 0.05, "fall"),
        ((0, 1, 0), 0.0, None, None),
    ],
)
def test_fall_is_tilt_or_height(axis, angle, height, expected):
    state = replace(STATE, orientation=quaternion(axis, angle))
    assert walk.termination_reason(walk.WalkTask(), state, height) == expected


def test_all_mistakes_of_a_task_are_reported_at_once():
    with pytest.raises(ConfigError) as caught:
        walk.make_walk_task(0.0, {"forwrad": 1.0, "fall": float("nan")})
    first, second, third = caught.value.problems
    assert "'forwrad'; did you mean 'forward'?" in first
    assert "reward_weights.fall" in second
    assert "target_speed: must be a positive number" in third


def test_weights_given_replace_only_themselves():
    task = walk.make_walk_task(0.3, {"effort": 0.1})
    assert task.target_speed == 0.3
    assert task.weights == replace(walk.RewardWeights(), effort=0.1)
