"""One step of bert, made by hand."""

import math

import numpy as np
import pytest

from rl_zoo.robots.bert import BERT
from rl_zoo.robots.driver import RobotState
from rl_zoo.tasks.task import Step


def turned(axis, angle):
    """Return the quaternion of a turn about one axis."""
    half = 0.5 * angle
    return (math.cos(half), *(math.sin(half) * np.asarray(axis, dtype=float)))


@pytest.fixture
def quaternion():
    """Make a quaternion from axis and angle."""
    return turned


@pytest.fixture
def state():
    """Make readings of bert; keywords replace those of standing still."""

    def make(**given):
        values = {
            "time": 0.0,
            "joint_positions": BERT.default_pose.copy(),
            "joint_velocities": np.zeros(8),
            "joint_torques": np.zeros(8),
            "motor_positions": BERT.default_pose.copy(),
            "orientation": (1.0, 0.0, 0.0, 0.0),
            "angular_velocity_in_body": np.zeros(3),
            "foot_forces": np.full(4, 7.6),
        }
        return RobotState(**{**values, **given})

    return make


@pytest.fixture
def step(state):
    """Make a step; unknown keywords are readings."""

    def make(
        velocity=(0, 0, 0),
        action=0.0,
        previous_action=0.0,
        command=(0, 0, 0),
        height=0.153,
        **given,
    ):
        return Step(
            BERT,
            state(**given),
            np.array(velocity, dtype=float),
            height,
            np.full(8, float(action)),
            np.full(8, float(previous_action)),
            np.array(command, dtype=float),
        )

    return make
