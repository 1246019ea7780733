"""The mock: motion, samples, faults, refusals."""

import time

import numpy as np
import pytest

from rl_zoo.errors import ConfigError, RobotFault
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.control.local_link import LocalLink
from rl_zoo.robots.control.modes import Mode, Request
from rl_zoo.robots.control.settings import ControlSettings
from rl_zoo.robots.driver import RobotCommand, damping_command
from rl_zoo.robots.drivers.catalog import driver_problems, make_driver
from rl_zoo.robots.drivers.mock import MockDriver

POSE = BERT.default_pose


@pytest.fixture
def robot():
    driver = MockDriver(BERT, pose="default", lag=0.05)
    driver.connect()
    return driver


def sample_at(robot, now):
    robot.clock.sleep_until(now)
    return robot.read()


def test_a_motor_follows_with_a_first_order_lag_and_never_faster_than_it_can(robot):
    robot.write(RobotCommand(POSE + 0.1))
    state = sample_at(robot, 0.05)
    np.testing.assert_allclose(state.joint_positions - POSE, 0.1 * (1 - np.exp(-1.0)))
    robot.write(RobotCommand(POSE + 0.1, kp=2.0 * BERT.kp))
    state = sample_at(robot, 0.1)
    np.testing.assert_allclose(state.joint_positions - POSE, 0.1 * (1 - np.exp(-3.0)))
    robot.write(RobotCommand(POSE + 10.0))
    assert sample_at(robot, 0.102).joint_velocities.max() <= 12.0 + 1e-9


def test_a_soft_motor_stays(robot):
    robot.write(damping_command(robot.read(), BERT.kd))
    np.testing.assert_array_equal(sample_at(robot, 1.0).joint_positions, POSE)


def test_a_sample_comes_at_its_rate_and_is_repeated_until_the_next(robot):
    first = robot.read()
    assert sample_at(robot, 0.0019) is first
    second = sample_at(robot, 0.0021)
    assert second.sequence == first.sequence + 1
    assert second.time == pytest.approx(0.002)
    assert sample_at(robot, 0.1).sequence == first.sequence + 50


@pytest.mark.parametrize(
    "command",
    [
        RobotCommand(np.full(8, np.nan)),
        RobotCommand(np.zeros(7)),
        RobotCommand(POSE, kp=np.full(8, np.inf)),
        RobotCommand(POSE, joint_torques=np.zeros(9)),
    ],
)
def test_a_command_that_is_no_command_is_refused(robot, command):
    with pytest.raises(RobotFault, match="must be 8 finite"):
        robot.write(command)
    assert not robot.written


def test_faults_at_times_of_a_script():
    robot = MockDriver(BERT, faults=[[0.01, "battery", 20.0], [0.02, "disconnect"]])
    robot.connect()
    assert sample_at(robot, 0.008).battery_voltage == 24.0
    assert sample_at(robot, 0.012).battery_voltage == 20.0
    assert sample_at(robot, 0.5).time < 0.02
    with pytest.raises(RobotFault, match="does not answer"):
        robot.connect()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clock": "reel"}, "clock: 'reel' is unknown; did you mean 'real'"),
        ({"pose": 3}, "pose: '3' is unknown"),
        ({"lag": 0.0}, "lag: 0.0 is not a positive number"),
        ({"state_rate": "fast"}, "state_rate: 'fast' is not a positive number"),
        ({"faults": [[1.0, "freez"]]}, "no fault 'freez'; did you mean 'freeze'"),
        ({"faults": ["freeze"]}, r"is not \[time, name"),
    ],
)
def test_options_without_meaning_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        make_driver("mock", BERT, options)


def test_unknown_options_are_named():
    assert driver_problems("mock", {"clok": "real"}) == [
        "driver_options.clok: unknown keyword; did you mean 'clock'?"
    ]


def test_with_the_real_clock_it_stands_up():
    """Late ticks of a busy machine only make it slower."""
    settings = ControlSettings(rate=100.0, stand_time=0.3, sit_time=0.3, stale_after=1.0)
    link = LocalLink(MockDriver(BERT, clock="real", pose="default"), settings)
    link.open()
    try:
        link.request(Request.STAND)
        deadline = time.monotonic() + 60.0
        while link.snapshot().mode is not Mode.READY and time.monotonic() < deadline:
            link.wait_until(time.monotonic() + 0.05)
        assert link.snapshot().mode is Mode.READY
    finally:
        link.close()
