"""The on-board velocity against what is known exactly."""

import math

import numpy as np
import pytest

from rl_zoo.envs.robot_env import RobotEnv
from rl_zoo.motion.kinematics import foot_jacobian, foot_position, joint_angles
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.driver import RobotState
from rl_zoo.robots.mini_cheetah import MINI_CHEETAH
from rl_zoo.robots.mujoco_robot import MujocoRobot
from rl_zoo.robots.velocity_estimator import VelocityEstimator, _foot_motion

LEVEL = (1.0, 0.0, 0.0, 0.0)
GRAVITY = np.array([0.0, 0.0, 9.81])


def state_of(spec, positions, velocities, **given):
    values = {
        "time": 0.0,
        "joint_torques": np.zeros(spec.n_joints),
        "motor_positions": positions,
        "orientation": LEVEL,
        "angular_velocity_in_body": np.zeros(3),
        "acceleration_in_body": GRAVITY,
        "foot_forces": np.full(4, 0.25 * spec.mass * 9.81),
        **given,
    }
    return RobotState(joint_positions=positions, joint_velocities=velocities, **values)


def joint_velocities(spec, pose, foot_velocity):
    """Return the joint velocities that move every foot alike in the trunk's frame."""
    velocities = np.zeros(spec.n_joints)
    for leg in spec.legs:
        places = list(spec.leg_indices(leg))
        jacobian = foot_jacobian(leg, pose[places])
        velocities[places] = np.linalg.lstsq(jacobian, foot_velocity, rcond=None)[0]
    return velocities


def link_rates(spec, velocities):
    """Return the rates of each shank about y."""
    return [sum(velocities[list(spec.leg_indices(leg))[-2:]]) for leg in spec.legs]


@pytest.mark.parametrize("spec", [BERT, MINI_CHEETAH], ids=lambda spec: spec.name)
def test_scalar_kinematics_equal_those_of_motion(spec):
    generator = np.random.default_rng(0)
    for leg in spec.legs:
        places = list(spec.leg_indices(leg))
        for _ in range(20):
            angles = generator.uniform(spec.lower_limits, spec.upper_limits)[places]
            rates = generator.normal(size=len(places))
            motion = _foot_motion(leg, angles.tolist(), rates.tolist())
            np.testing.assert_allclose(motion.position, foot_position(leg, angles), atol=1e-12)
            np.testing.assert_allclose(
                motion.velocity, foot_jacobian(leg, angles) @ rates, atol=1e-12
            )


def test_standing_still_is_no_velocity_and_the_height_is_the_geometry():
    estimator = VelocityEstimator(BERT)
    for _ in range(20):
        estimate = estimator.update(state_of(BERT, BERT.default_pose, np.zeros(8)))
    np.testing.assert_allclose(estimate.velocity_in_world, 0.0, atol=1e-12)
    assert estimate.n_standing == 4
    leg = BERT.legs[0]
    expected = 0.013 - foot_position(leg, BERT.default_pose[:2])[2]
    assert estimate.height == pytest.approx(expected)


def test_a_rolling_foot_moves_the_trunk_by_what_it_rolls():
    """Feet go back at u in the trunk's frame while the shanks turn at w: v = u + w r."""
    estimator = VelocityEstimator(BERT)
    velocities = joint_velocities(BERT, BERT.default_pose, np.array([-0.2, 0.0, 0.0]))
    rates = link_rates(BERT, velocities)
    assert np.ptp(rates) < 1e-12
    expected = 0.2 + rates[0] * 0.013
    for _ in range(100):
        estimate = estimator.update(state_of(BERT, BERT.default_pose, velocities))
    np.testing.assert_allclose(estimate.velocity_in_world, [expected, 0, 0], atol=1e-6)


def test_velocity_is_in_the_world_and_turning_is_taken_into_account():
    """The trunk faces +y and turns in place about its own centre: no velocity."""
    half = 0.25 * math.pi
    estimator = VelocityEstimator(MINI_CHEETAH)
    pose, rate = MINI_CHEETAH.default_pose, 0.5
    turning, forward = np.zeros(12), np.zeros(12)
    for leg in MINI_CHEETAH.legs:
        places = list(MINI_CHEETAH.leg_indices(leg))
        foot = foot_position(leg, pose[places])
        jacobian = foot_jacobian(leg, pose[places])
        swept = -np.cross([0.0, 0.0, rate], foot)  # in the trunk's frame the ground turns back
        turning[places] = np.linalg.solve(jacobian, swept)
        forward[places] = np.linalg.solve(jacobian, [-0.3, 0.0, 0.0])
    facing = {"orientation": (math.cos(half), 0.0, 0.0, math.sin(half))}
    gyro = {"angular_velocity_in_body": np.array([0.0, 0.0, rate])}
    front_only = {"foot_forces": np.array([60.0, 60.0, 0.0, 0.0])}
    for _ in range(100):
        turned = estimator.update(
            state_of(MINI_CHEETAH, pose, turning, **facing, **gyro, **front_only)
        )
    # What remains is rolling: shank rates times the feet's radius.
    assert np.hypot(*turned.velocity_in_world[:2]) < 0.012
    estimator.reset()
    for _ in range(100):
        moved = estimator.update(state_of(MINI_CHEETAH, pose, forward, **facing))
    assert moved.velocity_in_world[1] > 0.25
    assert abs(moved.velocity_in_world[0]) < 1e-6


def test_in_the_air_the_accelerometer_is_integrated():
    estimator = VelocityEstimator(BERT)
    flying = state_of(
        BERT, BERT.default_pose, np.zeros(8), foot_forces=np.zeros(4),
        acceleration_in_body=np.array([1.0, -2.0, 0.0]),
    )  # fmt: skip
    for _ in range(10):
        estimate = estimator.update(flying)
    np.testing.assert_allclose(estimate.velocity_in_world, [0.2, -0.4, -1.962], atol=1e-12)
    assert estimate.n_standing == 0
    estimator.reset()
    at_rest = estimator.update(state_of(BERT, BERT.default_pose, np.zeros(8)))
    np.testing.assert_allclose(at_rest.velocity_in_world, 0.0, atol=1e-12)


def test_without_contact_sensors_the_lowest_feet_stand():
    leg = BERT.legs[0]
    pose = BERT.default_pose.copy()
    lifted = foot_position(leg, pose[:2]) + np.array([0.0, 0.0, 0.03])
    pose[:2] = joint_angles(leg, lifted)
    estimate = VelocityEstimator(BERT).update(
        state_of(BERT, pose, np.zeros(8), foot_forces=None, acceleration_in_body=None)
    )
    assert estimate.n_standing == 3


def trot(**options):
    """Return true and estimated velocities in the floor's plane on the trot of sines."""
    env = RobotEnv("bert", **options)
    env.reset(seed=0)
    estimator = VelocityEstimator(BERT)
    true, estimated, infos = [], [], []
    phase_of_leg = np.array([0.0, np.pi, np.pi, 0.0])
    action = np.zeros(8)
    for step in range(250):
        phase = 2 * np.pi * 3.5 * step * env.dt + phase_of_leg
        action[0::2] = 0.27 + 0.27 * np.cos(phase)
        action[1::2] = 0.19 - 0.39 * np.sin(phase - 0.71)
        *_, info = env.step(action)
        infos.append(info["velocity_error"])
        estimated.append(estimator.update(env.robot_state).velocity_in_world[:2])
        true.append(env.robot.ground_truth().velocity_in_world[:2])
    errors = np.linalg.norm(np.subtract(estimated, true), axis=1)
    return np.array(true), np.array(estimated), errors, np.array(infos)


def rms(values):
    return float(np.sqrt(np.mean(np.square(values))))


def test_on_a_trot_the_error_is_small_and_reported():
    true, estimated, errors, reported = trot()
    assert true[:, 0].mean() > 0.3
    assert rms(errors) < 0.05
    assert estimated[:, 0].mean() == pytest.approx(true[:, 0].mean(), abs=0.02)
    np.testing.assert_allclose(reported, errors, atol=1e-12)


def test_with_noise_and_bias_it_stays_finite_and_useful():
    true, estimated, errors, _ = trot(sensor_noise=1.0, sensor_bias=1.0)
    assert np.all(np.isfinite(estimated))
    assert rms(errors) < 0.15
    assert estimated[:, 0].mean() == pytest.approx(true[:, 0].mean(), abs=0.08)


def test_height_equals_the_simulation_on_flat_ground():
    robot = MujocoRobot(BERT)
    robot.reset(BERT.default_pose)
    measured = VelocityEstimator(BERT).update(robot.read()).height
    assert measured == pytest.approx(robot.ground_truth().height, abs=0.0015)
