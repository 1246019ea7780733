"""The driver ``replay``: recorded states at their times, commands that change nothing."""

from dataclasses import replace

import numpy as np
import pytest

from rl_zoo.errors import ConfigError, RobotFault
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.control.local_link import LocalLink
from rl_zoo.robots.control.modes import Interruption, Mode, Request
from rl_zoo.robots.control.settings import ControlSettings
from rl_zoo.robots.driver import Capabilities, RobotCommand
from rl_zoo.robots.drivers.catalog import make_driver
from rl_zoo.robots.drivers.replay import ReplayDriver
from rl_zoo.robots.recording.session_file import SessionHeader, SessionWriter
from tests.robots.guarded_robots import TWELVE, make_state

RATE = 100.0
START = 5000.0
N = 60


@pytest.fixture
def file(tmp_path):
    """0.6 s of bert standing; the first joint counts the samples."""
    header = SessionHeader.of(BERT, "remote", Capabilities(RATE, frozenset({"acceleration"})))
    with SessionWriter(tmp_path / "a.session", header) as writer:
        for i in range(N):
            q = BERT.default_pose + np.array([1e-3 * i, *[0.0] * 7])
            state = make_state(BERT, time=START + i / RATE, joint_positions=q, sequence=i)
            writer.append(replace(state, acceleration_in_body=np.array([0.0, 0.0, 9.81])))
    return str(tmp_path / "a.session")


def test_states_come_at_their_recorded_times(file):
    driver = make_driver("replay", BERT, {"file": file})
    assert driver.capabilities.state_rate == RATE
    assert driver.capabilities.measures == {"acceleration"}
    assert driver.read() is None
    driver.connect()
    for elapsed, expected in [(0.0, 0), (0.004, 0), (0.0101, 1), (0.3, 30), (0.3, 30), (0.35, 35)]:
        driver.clock.sleep_until(START + elapsed)
        state = driver.read()
        assert state.sequence == expected
        assert state.time == START + expected / RATE
        assert state.joint_positions[0] == pytest.approx(0.5 + 1e-3 * expected, abs=1e-6)
    assert driver.read() is state, "the same sample until a newer one comes"


def test_then_there_is_silence(file):
    driver = ReplayDriver(BERT, file=file)
    driver.connect()
    driver.clock.sleep_until(START + 10.0)
    assert driver.read().sequence == N - 1
    assert driver.is_at_end
    assert driver.clock.now() - driver.read().time == pytest.approx(10.0 - (N - 1) / RATE)


def test_the_control_loop_faults_as_stale_at_the_end(file):
    link = LocalLink(ReplayDriver(BERT, file=file), ControlSettings(stand_time=5.0))
    link.open()
    link.request(Request.STAND)
    link.wait_until(START + 0.55)
    assert link.snapshot().mode is Mode.STANDUP
    link.wait_until(START + 0.59 + 0.15)
    assert link.snapshot().mode is Mode.FAULT
    assert link.snapshot().interruption is Interruption.STALE
    link.close()


def test_commands_are_kept_and_change_nothing(file):
    driver = ReplayDriver(BERT, file=file)
    driver.connect()
    driver.clock.sleep_until(START + 0.1)
    driver.write(RobotCommand(np.ones(8)))
    driver.stop()
    (sent, command), (_, damping) = driver.written
    assert sent == START + 0.1
    assert (command.joint_positions == 1.0).all()
    assert not damping.kp.any()
    assert damping.kd.all()
    driver.clock.sleep_until(START + 0.2)
    assert driver.read().joint_positions[0] == pytest.approx(0.52, abs=1e-6)
    with pytest.raises(RobotFault, match="8 finite numbers"):
        driver.write(RobotCommand(np.full(8, np.nan)))
    with pytest.raises(RobotFault, match="8 finite numbers"):
        driver.write(RobotCommand(np.ones(8), kp=np.ones(7)))
    assert len(driver.written) == 2


def test_connecting_again_plays_it_again(file):
    driver = ReplayDriver(BERT, file=file)
    driver.connect()
    driver.clock.sleep_until(START + 0.5)
    driver.read()
    driver.close()
    driver.clock.sleep_until(START + 7.0)
    assert driver.read().sequence == 50, "closed: the last sample grows old"
    driver.connect()
    assert driver.read().sequence == 0
    assert driver.read().time == START + 7.0


def test_in_real_time_stamps_are_arrivals(file):
    driver = ReplayDriver(BERT, file=file, realtime=True)
    driver.connect()
    driver.clock.sleep_until(driver.clock.now() + 0.1)
    state = driver.read()
    assert state.sequence >= 10
    assert driver.clock.now() - state.time >= 0.0


def test_a_session_of_another_robot_is_refused(file, tmp_path):
    with pytest.raises(ConfigError, match="is a session of 'bert', not of 'twelve'"):
        ReplayDriver(TWELVE, file=file)
    other = replace(BERT, joints=BERT.joints[::-1])
    with pytest.raises(ConfigError, match="its joints are in another order than those of 'bert'"):
        ReplayDriver(other, file=file)
    with pytest.raises(ConfigError, match=r"driver_options\.file: missing"):
        make_driver("replay", BERT)
    with pytest.raises(ConfigError, match="cannot be read"):
        ReplayDriver(BERT, file=str(tmp_path / "none"))
    with pytest.raises(ConfigError, match="realtime"):
        ReplayDriver(BERT, file=file, realtime="yes")
