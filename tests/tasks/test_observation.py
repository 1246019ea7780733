"""What the policy sees: every part in its place and scale."""

import dataclasses
import math

import numpy as np
import pytest

from rl_zoo.robots.bert import BERT
from rl_zoo.robots.go2 import GO2
from rl_zoo.tasks.catalog import make_task
from rl_zoo.tasks.observation import Observed, layout_of, observe


def parts_of(layout, seen):
    values = observe(layout, seen, 1.0)
    assert values.shape == (layout.size,)
    bounds = np.cumsum(list(layout.parts.values()))[:-1]
    return dict(zip(layout.parts, np.split(values, bounds), strict=True))


def test_every_part_by_hand(state, quaternion):
    layout = dataclasses.replace(
        layout_of(BERT, make_task("omnidirectional", BERT, {}), contacts=True, velocity=True),
        heading=True,
    )
    readings = state(
        joint_positions=BERT.default_pose + 0.1,
        joint_velocities=np.full(8, 2.0),
        motor_positions=BERT.default_pose + 0.3,
        orientation=quaternion((0, 0, 1), 0.7),
        angular_velocity_in_body=np.array([0.0, 1.0, 2.0]),
        foot_forces=np.array([0.0, 0.9, 1.1, 9.0]),
    )
    seen = Observed(readings, np.full(8, -0.5), np.array([0.3, 0, 0.2]), np.array([0.2, 0.1, 0.0]))
    parts = parts_of(layout, seen)
    expected = {
        "gravity": [0, 0, -1],
        "heading": [0.7],
        "gyroscope": [0, 0.25, 0.5],
        "joint_positions": [0.1] * 8,
        "joint_velocities": [0.2] * 8,
        "spring_deflections": [0.8] * 8,
        "previous_action": [-0.5] * 8,
        "contacts": [0, 0, 1, 1],
        "command": [0.3, 0, 0.2],
        "velocity": [0.2, 0.1, 0.0],
    }
    assert list(parts) == list(expected)
    for name, values in expected.items():
        np.testing.assert_allclose(parts[name], values, atol=1e-12)


@pytest.mark.parametrize(
    ("axis", "gravity"),
    [
        ((0, 1, 0), (math.sin(0.3), 0, -math.cos(0.3))),
        ((1, 0, 0), (0, -math.sin(0.3), -math.cos(0.3))),
    ],
)
def test_gravity_in_the_trunks_frame(axis, gravity, state, quaternion):
    layout = layout_of(BERT, make_task("walk", BERT, {}), contacts=False, velocity=False)
    seen = Observed(state(orientation=quaternion(axis, 0.3)), np.zeros(8), np.zeros(3), np.zeros(3))
    np.testing.assert_allclose(parts_of(layout, seen)["gravity"], gravity, atol=1e-12)


@pytest.mark.parametrize(
    ("spec", "task", "contacts", "velocity", "size"),
    [
        (BERT, "walk", False, False, 39),
        (BERT, "walk", True, False, 43),
        (BERT, "walk", True, True, 46),
        (BERT, "omnidirectional", True, False, 45),
        (BERT, "turn", True, False, 42),
        (GO2, "walk", True, False, 3 + 1 + 3 + 36 + 4),
    ],
)
def test_size_by_robot_and_task(spec, task, contacts, velocity, size):
    layout = layout_of(spec, make_task(task, spec, {}), contacts=contacts, velocity=velocity)
    assert layout.size == size
    assert ("spring_deflections" in layout.parts) == spec.is_elastic


def test_contacts_of_a_robot_without_sensors_are_zero(state):
    layout = layout_of(BERT, make_task("walk", BERT, {}), contacts=True, velocity=False)
    seen = Observed(state(foot_forces=None), np.zeros(8), np.zeros(3), np.zeros(3))
    np.testing.assert_array_equal(parts_of(layout, seen)["contacts"], np.zeros(4))
