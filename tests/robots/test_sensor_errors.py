"""Noise and bias of simulated sensors have the size that was asked for."""

import dataclasses
import math

import numpy as np
import pytest

from rl_zoo.errors import ConfigError
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.driver import RobotState
from rl_zoo.robots.mujoco_robot import MujocoRobot
from rl_zoo.robots.sensor_errors import (
    TYPICAL,
    SensorErrors,
    disturb,
    draw_bias,
    read_sensor_errors,
)
from rl_zoo.robots.simulation import SimulationOptions

SIZES = SensorErrors(0.01, 0.2, 0.05, 0.02, 0.3, 0.5)
STATE = RobotState(
    time=0.0,
    joint_positions=BERT.default_pose,
    joint_velocities=np.zeros(8),
    joint_torques=np.zeros(8),
    motor_positions=BERT.default_pose.copy(),
    orientation=(math.cos(0.2), 0.0, math.sin(0.2), 0.0),
    angular_velocity_in_body=np.zeros(3),
    acceleration_in_body=np.array([0.0, 0.0, 9.81]),
    foot_forces=np.full(4, 7.6),
)
NO_BIAS = draw_bias(SensorErrors(), 8, np.random.default_rng(0))


def angle_between(p, q):
    """Return the rotation vector from p to q in p's frame, small angles."""
    w, x, y, z = p
    conjugate = np.array([[w, x, y, z], [-x, w, z, -y], [-y, -z, w, x], [-z, y, -x, w]])
    return 2.0 * (conjugate @ np.array(q))[1:]


def errors_of(reading):
    return {
        "joint_position": reading.joint_positions - STATE.joint_positions,
        "joint_velocity": reading.joint_velocities,
        "angular_velocity": reading.angular_velocity_in_body,
        "orientation": angle_between(STATE.orientation, reading.orientation),
        "acceleration": reading.acceleration_in_body - STATE.acceleration_in_body,
    }


def test_noise_is_normal_with_the_given_deviation():
    generator = np.random.default_rng(0)
    samples = [errors_of(disturb(STATE, NO_BIAS, SIZES, generator)) for _ in range(4000)]
    for name in samples[0]:
        values = np.array([sample[name] for sample in samples])
        deviation = getattr(SIZES, name)
        np.testing.assert_allclose(values.std(axis=0), deviation, rtol=0.06)
        np.testing.assert_allclose(values.mean(axis=0), 0.0, atol=4 * deviation / math.sqrt(4000))
        assert abs(np.corrcoef(values[:, 0], values[:, 1])[0, 1]) < 0.06


def test_bias_is_uniform_within_its_range_and_constant():
    generator = np.random.default_rng(0)
    drawn = []
    for _ in range(1500):
        bias = draw_bias(SIZES, 8, generator)
        first = errors_of(disturb(STATE, bias, SensorErrors(), generator))
        second = errors_of(disturb(STATE, bias, SensorErrors(), generator))
        for name, values in first.items():
            np.testing.assert_array_equal(values, second[name])
        drawn.append(first)
    for name in drawn[0]:
        values = np.abs([sample[name] for sample in drawn])
        size = getattr(SIZES, name)
        assert np.all(values <= size * 1.001)
        assert values.max() > 0.98 * size
        assert values.mean() == pytest.approx(0.5 * size, rel=0.05)


def test_readings_stay_physical():
    loud = dataclasses.replace(SIZES, foot_force=20.0, orientation=0.5)
    generator = np.random.default_rng(0)
    for _ in range(200):
        reading = disturb(STATE, NO_BIAS, loud, generator)
        assert np.all(reading.foot_forces >= 0.0)
        assert sum(part * part for part in reading.orientation) == pytest.approx(1.0)


def test_unknown_readings_stay_unknown():
    state = dataclasses.replace(STATE, acceleration_in_body=None, foot_forces=None)
    reading = disturb(state, NO_BIAS, SIZES, np.random.default_rng(0))
    assert reading.acceleration_in_body is None
    assert reading.foot_forces is None


def test_a_rigid_motor_reads_what_its_joint_reads():
    rigid = dataclasses.replace(STATE, motor_positions=STATE.joint_positions)
    reading = disturb(rigid, NO_BIAS, SIZES, np.random.default_rng(0))
    np.testing.assert_array_equal(reading.motor_positions, reading.joint_positions)
    assert not reading.spring_deflections.any()


def test_a_number_is_a_multiple_of_the_typical_errors():
    assert read_sensor_errors("sensor_noise", 0).is_zero
    assert read_sensor_errors("sensor_noise", 1) == TYPICAL
    assert read_sensor_errors("sensor_noise", 2.0).orientation == 2.0 * TYPICAL.orientation
    only = read_sensor_errors("sensor_noise", {"orientation": 0.03})
    assert only == SensorErrors(orientation=0.03)


def test_all_mistakes_are_reported_at_once():
    with pytest.raises(ConfigError) as caught:
        read_sensor_errors("sensor_bias", {"gryo": 1.0, "imu": 1.0})
    assert len(caught.value.problems) == 2


def test_a_simulated_robot_reads_with_errors_and_repeats_them():
    robot = MujocoRobot(BERT, SimulationOptions(sensor_noise=TYPICAL, sensor_bias=TYPICAL))
    exact = MujocoRobot(BERT)
    exact.reset(BERT.default_pose)
    truth = exact.read()
    readings = []
    for _ in range(2):
        robot.reset(BERT.default_pose, generator=np.random.default_rng(3))
        readings.append([robot.read().joint_positions for _ in range(2)])
    np.testing.assert_array_equal(readings[0], readings[1])
    assert not np.array_equal(readings[0][0], readings[0][1])
    error = readings[0][0] - truth.joint_positions
    assert 0.0 < np.max(np.abs(error)) < 6 * TYPICAL.joint_position
    np.testing.assert_array_equal(robot.ground_truth().position_in_world[:2], 0.0)
