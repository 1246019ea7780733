"""The robot's own time between two samples, learned from a counter of unknown unit."""

import dataclasses

import numpy as np
import pytest

from rl_zoo.robots.control.robot_time import RobotTime
from rl_zoo.robots.driver import RobotState

STATE = RobotState(
    0.0, *(np.zeros(8),) * 4, orientation=(1.0, 0.0, 0.0, 0.0), angular_velocity_in_body=np.zeros(3)
)


def sample(arrival, sequence):
    return dataclasses.replace(STATE, time=arrival, sequence=sequence)


def seen(unit, seconds=5.0, delay=0.08):
    """Return what has seen samples at 50 Hz that come ``delay`` late; the counter's unit in Hz."""
    time = RobotTime()
    for k in range(int(50 * seconds)):
        time.see(sample(0.02 * k + delay, round(unit * 0.02 * k)))
    return time


@pytest.mark.parametrize("unit", [50.0, 500.0, 1000.0])
def test_samples_that_arrive_closer_together_than_they_were_taken(unit):
    time = seen(unit)
    first = sample(5.0 + 0.08, round(unit * 5.0))
    usual = sample(5.02 + 0.08, round(unit * 5.02))
    assert time.between(first, usual) == pytest.approx(0.02, rel=0.01)
    # The delay of 80 ms is gone: 20 ms later what arrives is 100 ms younger.
    caught_up = sample(5.02 + 0.08, round(unit * 5.10))
    assert time.between(first, caught_up) == pytest.approx(0.1, rel=0.03)
    # A delay that grows shows in the arrivals.
    assert time.between(first, sample(5.3, round(unit * 5.02))) == pytest.approx(0.22)


def test_a_robot_without_a_counter_and_one_that_is_not_known_yet():
    assert RobotTime().between(sample(0.0, 0), sample(0.02, 500)) == pytest.approx(0.02)
    time = seen(500.0)
    assert time.between(sample(5.0, None), sample(5.02, None)) == pytest.approx(0.02)
    assert time.between(sample(5.02, 2510), sample(5.0, 2500)) == pytest.approx(-0.02)


def test_a_restart_that_nobody_saw_does_not_spoil_the_rate():
    """The counter began anew during a long reset, and is beyond the old one when it is over."""
    time = seen(1000.0)
    for k in range(100):
        time.see(sample(40.0 + 0.02 * k, 5500 + 20 * k))
        first, second = sample(40.0, 5500), sample(40.03, 5530)
        assert time.between(first, second) == pytest.approx(0.03, rel=0.02)


def test_a_restart_is_learned_anew():
    time = seen(1000.0)
    for k in range(100):
        time.see(sample(10.0 + 0.02 * k, 10 * k))
    assert time.between(sample(12.0, 1000), sample(12.02, 1020)) == pytest.approx(0.04, rel=0.02)
