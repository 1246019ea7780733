"""The simulated robot's body: motor boards, watchdog, posture, telemetry."""

import numpy as np
import pytest

from rl_zoo.errors import ConfigError
from rl_zoo.motion.rotations import tilt
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.driver import RobotCommand, damping_command
from rl_zoo.robots.postures import crouched_pose
from rl_zoo.robots.simulated.body import BodyOptions, SimulatedBody
from rl_zoo.robots.simulation import read_simulation_options
from tests.robots.conftest import installed

RATE = 500


def ramp(body, goal, seconds, share=1.0):
    """Move the motors to ``goal`` along a half cosine; return the largest tilt."""
    start = body.state().motor_positions.copy()
    largest, n_steps = 0.0, round(seconds * RATE)
    for step in range(n_steps):
        part = 0.5 - 0.5 * np.cos(np.pi * (step + 1) / n_steps)
        body.command(RobotCommand(start + part * (goal - start), kp=share * body.spec.kp))
        body.advance()
        largest = max(largest, tilt(body.state().orientation))
    return largest


@pytest.fixture
def body():
    return SimulatedBody(BERT)


@pytest.fixture
def standing():
    return SimulatedBody(BERT, body=BodyOptions(start="standing"))


@pytest.mark.parametrize("name", ["bert", "go2"])
def test_it_stands_up_from_lying_sits_and_goes_soft(name):
    body = SimulatedBody(installed(name))
    spec = body.spec
    lying = body.ground_truth().height
    assert lying < 0.55 * spec.standing_height
    assert tilt(body.state().orientation) < 0.2

    assert ramp(body, spec.default_pose, 2.0) < 0.2
    ramp(body, spec.default_pose, 1.0)
    assert body.ground_truth().height > 0.85 * spec.standing_height
    assert np.abs(body.state().joint_velocities).max() < 0.4

    assert ramp(body, crouched_pose(spec), 1.5, share=0.4) < 0.4
    assert body.ground_truth().height < 0.55 * spec.standing_height

    ramp(body, spec.default_pose, 2.0)
    heights = []
    for _ in range(RATE):
        body.command(damping_command(body.state(), spec.kd))
        body.advance()
        heights.append(body.ground_truth().height)
    assert heights[-1] < 0.55 * spec.standing_height
    assert body.counters.n_unsafe == body.counters.n_outside == body.counters.n_watchdog == 0


def test_boards_follow_the_law_of_a_command(standing):
    rng = np.random.default_rng(0)
    data, n = standing.robot.data, BERT.n_joints
    for _ in range(20):
        kp, kd = rng.uniform(0.0, 2.0, n), rng.uniform(0.0, 0.1, n)
        speed, torque = rng.uniform(-1.0, 1.0, n), rng.uniform(-0.3, 0.3, n)
        standing.command(RobotCommand(BERT.default_pose, speed, kp, kd, torque))
        standing.boards.step()
        before = standing.state()
        q, dq, motor = before.joint_positions, before.joint_velocities, before.motor_positions
        standing.robot.step()
        standing.n_steps += 1
        expected = torque + kp * (motor - q) + kd * (speed - dq)
        np.testing.assert_allclose(data.actuator_force, expected, atol=1e-9)


def test_torque_stays_within_the_motors_strength(standing):
    standing.command(RobotCommand(BERT.default_pose, joint_torques=np.full(8, 1e9)))
    standing.advance()
    assert np.abs(standing.state().joint_torques).max() <= BERT.max_torques.max() + 1e-12


def test_a_soft_elastic_motor_is_turned_by_its_joint(standing):
    standing.command(damping_command(standing.state(), BERT.kd))
    for _ in range(500):
        standing.advance()
        standing.command(damping_command(standing.state(), BERT.kd))
    moved = np.abs(standing.state().joint_positions - BERT.default_pose).max()
    assert moved > 0.5
    assert np.abs(standing.state().spring_deflections).max() < 0.05


def test_watchdog_makes_the_boards_soft_until_the_next_command(body):
    body.advance(200)
    assert body.counters.n_watchdog == 0, "nobody has commanded it yet"
    body.command(RobotCommand(BERT.default_pose))
    body.advance(50)
    assert not body.is_watchdog_active
    body.advance(2)
    assert body.is_watchdog_active
    assert not body.boards.law[2].any()
    assert body.boards.law[3].all()
    body.advance(500)
    assert body.counters.n_watchdog == 1
    body.command(RobotCommand(BERT.default_pose))
    assert not body.is_watchdog_active
    assert body.boards.law[2].all()


def test_it_survives_whatever_it_is_sent(body):
    rng = np.random.default_rng(1)
    odd = [np.nan, np.inf, -np.inf, 1e308, -1e308, 2.146e9, 16000.0, -1.0, 0.0, 1e-300]
    taken = 0
    for _ in range(600):
        parts = [rng.normal(size=8) * 10.0 ** rng.integers(-2, 6) for _ in range(5)]
        if rng.uniform() < 0.7:
            parts[rng.integers(5)][rng.integers(8)] = odd[rng.integers(len(odd))]
        if rng.uniform() < 0.1:
            parts[rng.integers(5)] = np.zeros(rng.integers(0, 12))
        taken += body.command(RobotCommand(*parts))
        body.advance()
        state = body.state()
        assert np.isfinite(state.joint_positions).all()
        assert np.isfinite(state.joint_velocities).all()
    assert body.counters.n_commands == 600
    assert body.counters.n_unsafe == 600 - taken > 0
    assert body.n_diverged == 0


@pytest.mark.parametrize(
    "command",
    [
        RobotCommand(np.full(8, np.nan)),
        RobotCommand(np.zeros(7)),
        RobotCommand(BERT.default_pose, kp=np.full(8, -1.0)),
        RobotCommand(BERT.default_pose, joint_torques=np.full(8, np.inf)),
    ],
)
def test_an_unsafe_command_is_ignored_and_does_not_feed_the_watchdog(standing, command):
    standing.command(RobotCommand(BERT.default_pose))
    law = standing.boards.law.copy()
    for _ in range(60):
        assert not standing.command(command)
        if not standing.is_watchdog_active:
            np.testing.assert_array_equal(standing.boards.law, law)
        standing.advance()
    assert standing.counters.n_unsafe == 60
    assert standing.is_watchdog_active


def test_targets_outside_the_limits_are_counted(standing):
    beyond = BERT.upper_limits + 0.1
    standing.command(RobotCommand(beyond, kp=np.zeros(8)))
    assert standing.counters.n_outside == 0, "without stiffness a target means nothing"
    standing.command(RobotCommand(BERT.upper_limits + 1e-4))
    assert standing.counters.n_outside == 0
    standing.command(RobotCommand(beyond))
    assert standing.counters.n_outside == 1


def test_latency_delays_the_effect_of_a_command():
    options = read_simulation_options({"latency": 10.0}, BERT)
    body = SimulatedBody(BERT, options, body=BodyOptions(start="standing"))
    body.command(RobotCommand(BERT.default_pose + 0.1))
    body.advance(5)
    assert body.counters.n_commands == 0
    body.advance(1)
    assert body.counters.n_commands == 1


def test_counter_and_power_after_a_restart(standing):
    standing.advance(7)
    assert standing.state().sequence == 7
    standing.restart()
    assert standing.state().sequence == 0
    assert standing.n_boots == 2
    assert standing.time == pytest.approx(0.014)
    assert not standing.boards.law[2:].any()


def test_the_same_calls_give_the_same_bits():
    def run(seed):
        options = read_simulation_options({"sensor_noise": 1.0, "sensor_bias": 1.0}, BERT)
        body, seen = SimulatedBody(BERT, options, seed=seed), []
        for step in range(300):
            body.command(RobotCommand(BERT.default_pose + 0.1 * np.sin(0.1 * step)))
            body.advance()
            state = body.state()
            seen += [state.joint_positions, state.acceleration_in_body, state.foot_forces]
        return np.concatenate(seen)

    np.testing.assert_array_equal(run(3), run(3))
    assert not np.array_equal(run(3), run(4))


def test_sensors_at_rest(standing):
    for _ in range(1500):
        standing.command(RobotCommand(BERT.default_pose))
        standing.advance()
    state = standing.state()
    assert state.acceleration_in_body[2] == pytest.approx(9.81, abs=0.05)
    assert state.foot_forces.sum() == pytest.approx(BERT.mass * 9.81, rel=0.03)
    assert state.motors_online == (True,) * 8
    assert state.battery_voltage == pytest.approx(16.8, abs=0.3)
    assert state is standing.state(), "time has not moved on"


def test_a_loaded_motor_warms_and_the_battery_drains(body):
    heat, torque = body.heat, np.zeros(8)
    torque[3] = BERT.max_torques[3]
    for _ in range(2400):
        heat.advance(torque, 0.1)
    # one time constant: 1 - 1/e of the way from 25 to 175 degrees
    assert heat.read()[3] == pytest.approx(25.0 + 150.0 * (1.0 - np.exp(-1.0)), abs=0.1)
    assert heat.read()[2] == pytest.approx(25.0)
    full = body.battery.read()
    body.battery.advance(np.zeros(8), np.zeros(8), 3600.0)
    assert 3.0 * 4 < body.battery.read() < full


def test_physics_that_left_the_numbers_are_put_right(standing):
    standing.robot.data.qvel[0] = np.nan
    standing.advance(60)
    assert standing.n_diverged == 1
    assert np.isfinite(standing.state().joint_positions).all()


def test_unknown_start_names_the_nearest():
    with pytest.raises(ConfigError, match="did you mean 'standing'"):
        SimulatedBody(BERT, body=BodyOptions(start="stand"))
