"""bert as a simulated robot: what its spec promises, and what its physics does."""

import dataclasses

import mujoco
import numpy as np
import pytest

from rl_zoo.errors import ConfigError
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.driver import RobotCommand
from rl_zoo.robots.mujoco_robot import MujocoRobot


def make_robot(**options):
    robot = MujocoRobot(BERT, **options)
    robot.reset(BERT.default_pose)
    return robot


def hold(robot, pose, seconds):
    for _ in range(round(seconds * BERT.control_frequency)):
        robot.write(RobotCommand(pose))
        robot.advance()


def test_model_agrees_with_the_spec():
    robot = make_robot()
    model = robot.model
    assert model.body_subtreemass[1] == pytest.approx(BERT.mass, abs=0.01)
    assert BERT.mass == pytest.approx(3.1, abs=0.1)
    assert BERT.n_joints == model.nu == 8
    for i, joint in enumerate(BERT.joints):
        assert model.actuator_forcerange[i].tolist() == [-joint.max_torque, joint.max_torque]
        assert model.actuator_ctrlrange[i].tolist() == [joint.lower_limit, joint.upper_limit]
        assert joint.lower_limit < joint.default_position < joint.upper_limit
    assert np.all(BERT.default_pose - BERT.action_ranges >= BERT.lower_limits)
    assert np.all(BERT.default_pose + BERT.action_ranges <= BERT.upper_limits)
    assert robot.ground_truth().position_in_world[2] == pytest.approx(
        BERT.standing_height, abs=0.003
    )


def test_physics_runs_at_its_frequency():
    robot = make_robot()
    hold(robot, BERT.default_pose, 1.0)
    assert robot.read().time == pytest.approx(1.0)
    assert robot.model.opt.timestep == pytest.approx(0.002)


@pytest.mark.parametrize("stiffness", [None, 10.0])
def test_stands_still_on_its_feet(stiffness):
    robot = make_robot(spring_stiffness=stiffness)
    hold(robot, BERT.default_pose, 6.0)
    state = robot.read()
    assert np.max(np.abs(robot.data.qvel)) < 0.02
    assert robot.ground_truth().position_in_world[2] > 0.9 * BERT.standing_height
    assert state.foot_forces.sum() == pytest.approx(BERT.mass * 9.81, rel=0.02)
    assert np.all(state.foot_forces > 3.0)
    feet = [robot.data.geom(name) for name in BERT.feet]
    radius = robot.model.geom(BERT.feet[0]).size[0]
    assert all(foot.xpos[2] - radius > -0.001 for foot in feet)
    assert robot.data.ncon == 4


def test_springs_deflect_by_torque_over_stiffness():
    soft, stiff = make_robot(), make_robot(spring_stiffness=20.0)
    for robot in (soft, stiff):
        hold(robot, BERT.default_pose, 6.0)
    deflections = soft.read().spring_deflections
    assert np.max(np.abs(deflections)) > 0.05
    np.testing.assert_allclose(
        deflections * BERT.spring_stiffness, soft.read().joint_torques, atol=0.002
    )
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
    hold(robot, BERT.default_pose, 0.5)
    first = robot.data.qpos.copy()
    hold(robot, BERT.upper_limits, 1.0)
    robot.reset(BERT.default_pose)
    hold(robot, BERT.default_pose, 0.5)
    np.testing.assert_array_equal(robot.data.qpos, first)


def test_states_are_copies():
    robot = make_robot()
    state, truth = robot.read(), robot.ground_truth()
    positions, place = state.joint_positions.copy(), truth.position_in_world.copy()
    hold(robot, BERT.lower_limits, 0.2)
    np.testing.assert_array_equal(state.joint_positions, positions)
    np.testing.assert_array_equal(truth.position_in_world, place)


@pytest.mark.parametrize("stiffness", [0.0, -1.0, float("nan")])
def test_a_spring_without_stiffness_is_refused(stiffness):
    with pytest.raises(ConfigError, match=r"spring_stiffness.*positive"):
        MujocoRobot(BERT, spring_stiffness=stiffness)


def test_a_spec_in_another_order_than_the_model_is_refused():
    swapped = dataclasses.replace(BERT, joints=BERT.joints[::-1])
    with pytest.raises(ConfigError, match="same order"):
        MujocoRobot(swapped)


def test_diverged_physics_stays_visible():
    robot = make_robot()
    robot.data.qvel[:] = np.nan
    robot.advance()
    assert np.isnan(robot.read().joint_velocities).any()  # MuJoCo would silently start over
    assert robot.model.opt.disableflags & mujoco.mjtDisableBit.mjDSBL_AUTORESET
