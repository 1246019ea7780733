"""bert as a simulated robot: what its spec promises, and what its physics does."""

import dataclasses

import mujoco
import numpy as np
import pytest

from rl_zoo.robots.bert import BERT
from rl_zoo.robots.driver import RobotCommand
from rl_zoo.robots.mujoco_robot import MujocoRobot
from rl_zoo.robots.simulation import SimulationOptions


def make_robot(**options):
    robot = MujocoRobot(BERT, SimulationOptions(**options))
    robot.reset(BERT.default_pose)
    return robot


def hold_pose(robot, pose, seconds):
    for _ in range(round(seconds * BERT.control_frequency)):
        robot.write(RobotCommand(pose))
        robot.advance()


def test_has_the_published_figures():
    assert BERT.mass == 3.1
    assert BERT.n_joints == 8
    np.testing.assert_array_equal(BERT.kp, 2.75)
    np.testing.assert_array_equal(BERT.max_torques, 4.0)
    assert BERT.is_elastic
    assert BERT.control_frequency == 50.0
    assert BERT.physics_frequency == 500.0
    assert np.all(BERT.default_pose - BERT.action_ranges >= BERT.lower_limits)
    assert np.all(BERT.default_pose + BERT.action_ranges <= BERT.upper_limits)


def test_physics_runs_at_its_frequency():
    robot = make_robot()
    hold_pose(robot, BERT.default_pose, 1.0)
    assert robot.read().time == pytest.approx(1.0)
    assert robot.model.opt.timestep == pytest.approx(0.002)


def test_springs_deflect_by_torque_over_stiffness():
    soft, stiff = make_robot(), make_robot(spring_stiffness=20.0)
    for robot in (soft, stiff):
        hold_pose(robot, BERT.default_pose, 6.0)
    deflections = soft.read().spring_deflections
    assert np.max(np.abs(deflections)) > 0.05
    np.testing.assert_allclose(deflections * BERT.kp, soft.read().joint_torques, atol=0.002)
    assert np.max(np.abs(stiff.read().spring_deflections)) < np.max(np.abs(deflections)) / 3


def test_torque_never_exceeds_the_motors():
    robot = make_robot(spring_stiffness=50.0)
    generator = np.random.default_rng(0)
    largest = 0.0
    for _ in range(200):
        robot.write(RobotCommand(generator.uniform(BERT.lower_limits, BERT.upper_limits)))
        robot.advance()
        largest = max(largest, float(np.max(np.abs(robot.read().joint_torques))))
    assert 3.9 < largest <= 4.0


def test_targets_are_held_within_limits_and_motor_speed():
    robot = make_robot()
    robot.write(RobotCommand(np.full(8, 100.0)))
    step = BERT.max_velocities / BERT.control_frequency
    expected = np.minimum(BERT.default_pose + step, BERT.upper_limits)
    np.testing.assert_allclose(robot.data.ctrl, expected)
    for _ in range(100):
        robot.write(RobotCommand(np.full(8, 100.0)))
    np.testing.assert_array_equal(robot.data.ctrl, BERT.upper_limits)


def test_stop_holds_the_motors_where_they_are():
    robot = make_robot()
    robot.write(RobotCommand(BERT.default_pose + 0.2))
    robot.advance()
    robot.stop()
    motors = robot.read().motor_positions
    robot.stop()
    np.testing.assert_array_equal(robot.data.ctrl, motors)


def test_nothing_survives_a_reset():
    robot = make_robot()
    hold_pose(robot, BERT.default_pose, 0.5)
    first = robot.data.qpos.copy()
    hold_pose(robot, BERT.upper_limits, 1.0)
    robot.reset(BERT.default_pose)
    hold_pose(robot, BERT.default_pose, 0.5)
    np.testing.assert_array_equal(robot.data.qpos, first)


def test_states_are_copies():
    robot = make_robot()
    state, truth = robot.read(), robot.ground_truth()
    positions, place = state.joint_positions.copy(), truth.position_in_world.copy()
    hold_pose(robot, BERT.lower_limits, 0.2)
    np.testing.assert_array_equal(state.joint_positions, positions)
    np.testing.assert_array_equal(truth.position_in_world, place)


def test_a_spec_may_name_joints_in_another_order_than_the_model():
    swapped = MujocoRobot(dataclasses.replace(BERT, joints=BERT.joints[::-1]))
    usual = MujocoRobot(BERT)
    pose = BERT.default_pose + np.linspace(-0.2, 0.2, 8)
    usual.reset(pose)
    swapped.reset(pose[::-1])
    for _ in range(20):
        usual.write(RobotCommand(pose + 0.1))
        swapped.write(RobotCommand(pose[::-1] + 0.1))
        usual.advance()
        swapped.advance()
    np.testing.assert_allclose(
        swapped.read().joint_positions, usual.read().joint_positions[::-1], atol=1e-9
    )
    np.testing.assert_allclose(swapped.read().foot_forces, usual.read().foot_forces, atol=1e-6)


def test_diverged_physics_stays_visible():
    robot = make_robot()
    robot.data.qvel[:] = np.nan
    robot.advance()
    assert np.isnan(robot.read().joint_velocities).any()  # MuJoCo would silently start over
    assert robot.model.opt.disableflags & mujoco.mjtDisableBit.mjDSBL_AUTORESET
