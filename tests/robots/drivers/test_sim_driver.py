"""The driver of the robot that is simulated in this process."""

import numpy as np
import pytest

from rl_zoo.errors import ConfigError, RobotFault
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.clock import MonotonicClock
from rl_zoo.robots.driver import MEASURES, RobotCommand
from rl_zoo.robots.drivers.catalog import make_driver
from rl_zoo.robots.drivers.sim import SimDriver


def connected(**options):
    driver = make_driver("sim", BERT, options)
    driver.connect()
    return driver


def stand(driver, seconds, rate=500.0):
    """Hold the default pose; return the states at each tick."""
    start, states = driver.clock.now(), []
    for tick in range(round(seconds * rate)):
        driver.write(RobotCommand(BERT.default_pose))
        driver.clock.sleep_until(start + (tick + 1) / rate)
        states.append(driver.read())
    return states


def test_sleeping_moves_the_robot_on_and_nothing_else_does():
    driver = connected(start="standing")
    assert not isinstance(driver.clock, MonotonicClock)
    assert driver.read().sequence == 0
    driver.clock.sleep_until(0.1)
    assert driver.clock.now() == 0.1
    assert driver.read().sequence == 50
    assert driver.read().time == pytest.approx(0.1)
    driver.clock.sleep_until(0.05)
    assert driver.clock.now() == 0.1
    assert driver.read().sequence == 50


def test_a_tick_that_is_no_multiple_of_a_step():
    driver = connected(start="standing")
    states = stand(driver, 1.0, rate=333.0)
    assert driver.clock.now() == pytest.approx(1.0)
    assert states[-1].sequence == 500
    ages = [(i + 1) / 333.0 - state.time for i, state in enumerate(states)]
    assert -1e-9 <= min(ages) <= max(ages) < 0.002


def test_it_tells_everything_and_what_it_can():
    driver = connected()
    assert driver.capabilities.measures == frozenset(MEASURES)
    assert driver.capabilities.state_rate == 500.0
    assert driver.capabilities.has_command_watchdog
    state = driver.read()
    assert state.temperatures is not None
    assert state.motors_online == (True,) * 8


def test_it_is_deterministic():
    def run():
        faults = ["loss@0.2:share=0.5,duration=0.5", "push@0.5:y=0.5"]
        driver = connected(start="standing", sensor_noise=1.0, seed=7, faults=faults)
        states = stand(driver, 1.0)
        return np.array([[*state.joint_positions, state.time] for state in states])

    np.testing.assert_array_equal(run(), run())


def test_a_lying_robot_stays_down_without_commands_and_a_fed_one_stands():
    driver = connected()
    driver.clock.sleep_until(1.0)
    assert driver.body.ground_truth().height < 0.08
    driver = connected(start="standing")
    stand(driver, 1.0)
    assert driver.body.ground_truth().height > 0.13


def test_stop_is_soft_and_close_leaves_it_to_the_watchdog():
    driver = connected(start="standing")
    stand(driver, 0.1)
    driver.stop()
    driver.stop()
    assert not driver.body.boards.law[2].any()
    assert (driver.body.boards.law[3] == BERT.kd).all()
    stand(driver, 0.1)
    driver.close()
    driver.write(RobotCommand(BERT.default_pose))  # nobody hears it
    driver.clock.sleep_until(driver.clock.now() + 0.2)
    assert driver.body.is_watchdog_active


def test_silence_repeats_the_last_sample_with_its_old_time():
    driver = connected(start="standing", faults=["silence@0.1:duration=0.1"])
    states = stand(driver, 0.3)
    during = states[60:99]
    assert {state.sequence for state in during} == {50}
    assert {round(state.time, 6) for state in during} == {0.1}
    assert states[-1].sequence == 150


def test_frozen_states_arrive_anew_with_the_old_counter():
    driver = connected(start="standing", faults=["freeze@0.1:duration=0.1"])
    during = stand(driver, 0.3)[60:99]
    assert {state.sequence for state in during} == {50}
    assert len({state.time for state in during}) == len(during)


def test_delayed_samples_are_stamped_when_they_arrive():
    driver = connected(start="standing", faults=["delay@0.1:ms=20,duration=1"])
    state = stand(driver, 0.3)[-1]
    assert state.sequence == 140
    assert state.time == pytest.approx(0.3)


def test_a_sample_that_was_overtaken_is_not_the_newest():
    driver = connected(start="standing", faults=["reorder@0.1:share=0.5,ms=10,duration=1"])
    sequences = [state.sequence for state in stand(driver, 0.5)]
    assert sequences == sorted(sequences)
    assert len(set(sequences)) < len(sequences) - 50


def test_a_crash_restarts_the_counter():
    driver = connected(start="standing", faults=["crash@0.1:duration=0.1"])
    states = stand(driver, 0.3)
    assert states[75].sequence == 50
    assert states[-1].sequence == 50
    assert states[-2].sequence == 49
    assert driver.body.n_boots == 2


@pytest.mark.parametrize(
    "command",
    [
        RobotCommand(np.zeros(7)),
        RobotCommand(np.full(8, np.nan)),
        RobotCommand(BERT.default_pose, kd=np.full(8, np.inf)),
        RobotCommand(BERT.default_pose, joint_torques=np.zeros(1)),
    ],
)
def test_a_command_that_cannot_be_is_refused(command):
    driver = connected()
    with pytest.raises(RobotFault, match="must be 8 finite numbers"):
        driver.write(command)
    assert driver.body.counters.n_commands == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"frction": 0.5}, r"driver_options.frction: unknown keyword; did you mean 'friction'"),
        ({"start": "sitting"}, "no 'sitting'"),
        ({"seed": -1}, "driver_options.seed"),
        ({"faults": "push@3"}, "driver_options.faults: must be a list"),
        ({"faults": ["pull@3"]}, "no 'pull'"),
        ({"watchdog": -1}, "driver_options.watchdog"),
        ({"friction": "low"}, "friction"),
    ],
)
def test_wrong_options_are_explained(options, message):
    with pytest.raises(ConfigError, match=message):
        make_driver("sim", BERT, options)


def test_a_robot_that_sends_nothing_is_a_fault_and_not_a_hang():
    driver = SimDriver(BERT, faults=["silence@0:duration=10"])
    driver.advance_to(0.002)
    with pytest.raises(RobotFault, match="sends no states"):
        driver.connect()
