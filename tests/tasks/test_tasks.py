"""The tasks: each reward term against values worked out by hand."""

import math

import numpy as np
import pytest

from rl_zoo.errors import ConfigError
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.go2 import GO2
from rl_zoo.tasks.catalog import TASKS, make_task
from rl_zoo.tasks.rewards import progress, tracking
from rl_zoo.tasks.task import (
    LYING,
    REST,
    Task,
    fixed_command,
    termination_reason,
    weighted,
)

# A step whose terms have round values: 0.1 m/s up, all actions changed by 0.5, half the torque.
SMOOTH = {
    "velocity": (0.25, -0.1, 0.1),
    "action": 0.5,
    "joint_torques": np.full(8, 2.0),
    "angular_velocity_in_body": np.array([0.1, -0.2, 0.4]),
}
SMOOTH_TERMS = {"bounce": -0.01, "action_change": -8 * 0.25, "effort": -8 * 0.25}
GENERATOR = np.random.default_rng(0)


@pytest.mark.parametrize("name", TASKS.built_in_names())
@pytest.mark.parametrize("spec", [BERT, GO2], ids=lambda spec: spec.name)
def test_every_term_has_a_weight_and_the_reverse(name, spec, step):
    task = make_task(name, spec, {})
    assert {*make_task(name, BERT, {}).reward_terms(step()), "fall"} == set(task.weights)
    assert all(weight > 0 for weight in task.weights.values())
    assert task.name == name
    command = task.sample_command(GENERATOR)
    assert command.shape == (3,)


def test_walk_by_hand(step, quaternion):
    task = make_task("walk", BERT, {"target_speed": 0.5})
    terms = task.reward_terms(step(orientation=quaternion((0, 0, 1), -0.2), **SMOOTH))
    assert terms == pytest.approx(
        {"forward": 0.5, "lateral": -0.1, "heading": -0.2, "rotation": -0.21, **SMOOTH_TERMS}
    )
    np.testing.assert_array_equal(task.sample_command(GENERATOR), [0.5, 0, 0])


def test_the_default_speed_of_walk_follows_from_the_robots_size():
    assert make_task("walk", BERT, {}).target_speed == 0.5
    assert 0.9 < make_task("walk", GO2, {}).target_speed < 1.3


def test_fast_by_hand(step, quaternion):
    task = make_task("fast", BERT, {"target_speed": 0.5})
    given = {**SMOOTH, "velocity": (1.5, -0.1, 0.1)}
    terms = task.reward_terms(step(orientation=quaternion((0, 0, 1), -0.2), **given))
    assert terms == pytest.approx(
        {"forward": 3.0, "lateral": -0.1, "heading": -0.2, "rotation": -0.21, **SMOOTH_TERMS}
    )
    assert task.reward_terms(step(velocity=(-9, 0, 0)))["forward"] == -1.0


def test_turn_by_hand(step):
    task = make_task("turn", BERT, {"target_yaw_rate": 0.8})
    terms = task.reward_terms(step(**SMOOTH))
    assert terms == pytest.approx(
        {"turn": 0.5, "drift": -math.hypot(0.25, 0.1), "rotation": -0.05, **SMOOTH_TERMS}
    )
    right = make_task("turn", BERT, {"target_yaw_rate": -0.4})
    gyro = np.array([0.0, 0.0, -0.4])
    assert right.reward_terms(step(angular_velocity_in_body=gyro))["turn"] == 1.0
    assert right.reward_terms(step(angular_velocity_in_body=-gyro))["turn"] == -1.0


def test_omnidirectional_by_hand(step, quaternion):
    task = make_task("omnidirectional", BERT, {"command_ranges": {"vx": [-0.2, 0.4]}})
    # Facing +y: 0.1 m/s to the world's -x is 0.1 m/s to the left.
    facing = quaternion((0, 0, 1), math.pi / 2)
    given = {**SMOOTH, "velocity": (-0.1, 0.25, 0.1)}
    terms = task.reward_terms(step(orientation=facing, command=(0.25, 0.0, 0.4), **given))
    assert terms == pytest.approx(
        {
            "velocity": math.exp(-((0.1 / 0.2) ** 2)),
            "yaw_rate": 1.0,
            "rotation": -0.05,
            **SMOOTH_TERMS,
        }
    )
    perfect = task.reward_terms(step(orientation=facing, command=(0.25, 0.1, 0.4), **given))
    assert perfect["velocity"] == 1.0


def test_stand_up_by_hand(step, quaternion):
    task = make_task("stand_up", BERT, {})
    terms = task.reward_terms(
        step(
            height=0.0765,
            joint_positions=BERT.default_pose + 0.5,
            orientation=quaternion((1, 0, 0), math.pi / 3),
            **SMOOTH,
        )
    )
    assert terms == pytest.approx(
        {
            "height": 0.5,
            "upright": 0.5,
            "pose": math.exp(-1.0),
            "still": -math.hypot(0.25, 0.1),
            "rotation": -0.21,
            **SMOOTH_TERMS,
        }
    )
    stands = task.reward_terms(step(height=9.0))
    assert (stands["height"], stands["upright"], stands["pose"]) == (1.0, 1.0, 1.0)


def test_progress_is_largest_at_the_target():
    speeds = (-5.0, 0.0, 0.25, 0.5, 0.75, 1.0, 3.0)
    expected = [-1.0, 0.0, 0.5, 1.0, 0.5, 0.0, -1.0]
    assert [progress(speed, 0.5) for speed in speeds] == expected


def test_tracking_has_its_width():
    assert tracking(0.0, 0.3) == 1.0
    assert tracking(-0.3, 0.3) == pytest.approx(math.exp(-1))


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("walk", {"velocity": (0.4, 0.02, 0.05), "action": 0.3}, {}),
        ("fast", {"velocity": (0.4, 0.02, 0.05), "action": 0.3}, {}),
        ("turn", {"angular_velocity_in_body": np.array([0.1, 0.1, 0.6]), "action": 0.3}, {}),
        ("stand_up", {}, {"height": 0.03, "joint_positions": BERT.default_pose + 0.6}),
        (
            "omnidirectional",
            {"velocity": (0.25, 0, 0.05), "command": (0.3, 0, 0), "action": 0.3},
            {"command": (0.3, 0, 0)},
        ),
    ],
)
def test_doing_the_task_earns_more_than_not_doing_it(name, good, bad, step):
    task = make_task(name, BERT, {})

    def reward(given):
        return sum(task.weights[key] * v for key, v in task.reward_terms(step(**given)).items())

    assert reward(good) > reward(bad) + 0.15


def test_commands_are_drawn_from_their_ranges():
    given = {"vx": [-0.1, 0.3], "vy": [-0.2, 0.2], "yaw_rate": [0.5, 0.5]}
    task = make_task("omnidirectional", BERT, {"command_ranges": given})
    drawn = np.array([task.sample_command(np.random.default_rng(i)) for i in range(300)])
    assert drawn[:, 0].min() == pytest.approx(-0.1, abs=0.02)
    assert drawn[:, 0].max() == pytest.approx(0.3, abs=0.02)
    assert np.ptp(drawn[:, 1]) > 0.35
    np.testing.assert_array_equal(drawn[:, 2], 0.5)
    assert task.command_period == 5.0
    assert task.observes_command


def test_only_a_robot_with_abduction_is_asked_to_walk_sideways():
    drawn = {
        spec.name: [make_task("omnidirectional", spec, {}).sample_command(GENERATOR)
                    for _ in range(20)]
        for spec in (BERT, GO2)
    }  # fmt: skip
    assert np.all(np.array(drawn["bert"])[:, 1] == 0.0)
    assert np.ptp(np.array(drawn["go2"])[:, 1]) > 0.1


@pytest.mark.parametrize(
    ("tilt", "height", "expected"),
    [
        (0.0, 0.153, None),
        (0.49, 0.153, None),
        (0.51, 0.153, "fall"),
        (3.1, 0.153, "fall"),
        (0.0, 0.0919, None),
        (0.0, 0.0917, "fall"),  # 0.6 standing heights
    ],
)
def test_a_fall_is_tilt_or_height(tilt, height, expected):
    assert termination_reason(make_task("walk", BERT, {}), tilt, height, BERT) == expected
    assert termination_reason(make_task("stand_up", BERT, {}), tilt, height, BERT) is None


def test_where_an_episode_starts():
    starts = {name: make_task(name, BERT, {}).start for name in TASKS.built_in_names()}
    assert starts.pop("stand_up") == LYING
    assert set(starts.values()) == {REST}


def test_weights_given_replace_only_themselves():
    usual, changed = (make_task("walk", BERT, given) for given in
                      ({}, {"reward_weights": {"effort": 0.1}}))  # fmt: skip
    assert changed.weights == {**usual.weights, "effort": 0.1}


def test_all_mistakes_of_a_task_are_reported_at_once():
    given = {
        "target_speed": 0.0,
        "target_yaw_rate": "fast",
        "reward_weights": {"forwrad": 1.0, "fall": float("nan")},
        "command_ranges": {"yaw_rat": [0, 1], "vx": [1, 0]},
    }
    with pytest.raises(ConfigError) as caught:
        make_task("walk", BERT, given)
    for problem, words in zip(
        caught.value.problems,
        [
            "target_speed: must be a positive number of m/s, not 0.0",
            "target_yaw_rate: must be a number of rad/s other than 0, not 'fast'",
            "command_ranges.yaw_rat: no such command; did you mean 'yaw_rate'?",
            "command_ranges.vx: must be [low, high], not [1, 0]",
            "reward_weights: no reward term 'forwrad'; did you mean 'forward'?",
            "reward_weights.fall: must be a finite number, not nan",
        ],
        strict=True,
    ):
        assert words in problem


def test_a_mistyped_task_is_answered_with_the_nearest():
    with pytest.raises(ConfigError, match=r"unknown task 'trun'; did you mean 'turn'\?"):
        make_task("trun", BERT, {})


def _task(**given):
    values = {
        "name": "odd",
        "reward_terms": lambda step: {"tall": step.height},
        "weights": {"tall": 1.0, "fall": 1.0},
        "sample_command": fixed_command(),
        "target_speed": 0.0,
    }
    return Task(**{**values, **given})


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (
            lambda spec, options: _task(weights={"fall": 1.0}),
            "its reward term 'tall' has no weight",
        ),
        (
            lambda spec, options: _task(weights={"tall": 1.0}),
            "its reward term 'fall' has no weight",
        ),
        (lambda spec, options: _task(reward_terms=lambda step: step.hight), "no attribute 'hight'"),
        (lambda spec, options: 3, "gives no rl_zoo.tasks.task.Task but 3"),
        (lambda spec: _task(), "makes no task: TypeError"),
        (2.75, "makes no task: TypeError: 'float' object is not callable"),
    ],
)
def test_a_third_partys_mistake_shows_before_the_first_step(function, message, monkeypatch):
    monkeypatch.setattr("rl_zoo.robots.bert.odd_task", function, raising=False)
    with pytest.raises(ConfigError, match=message):
        make_task("rl_zoo.robots.bert:odd_task", BERT, {})


def test_a_term_that_turns_up_later_without_a_weight_is_named():
    with pytest.raises(ConfigError, match="task 'odd': its reward term 'late' has no weight"):
        weighted(_task(), {"tall": 1.0, "late": 1.0})


@pytest.mark.parametrize(
    "given", [{"reward_weights": [1]}, {"command_ranges": 3}, {"command_ranges": {"vx": 3}}]
)
def test_a_value_of_another_kind_is_one_problem(given):
    with pytest.raises(ConfigError) as caught:
        make_task("walk", BERT, given)
    assert len(caught.value.problems) == 1
