"""The accelerometer between two actions: nothing of an impact is lost or counted twice."""

import dataclasses

import numpy as np
import pytest

from rl_zoo.motion.rotations import rotation_matrix
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.control.local_link import LocalLink
from rl_zoo.robots.control.mean_acceleration import MeanAcceleration
from rl_zoo.robots.control.modes import Mode, Request
from rl_zoo.robots.control.settings import ControlSettings
from rl_zoo.robots.drivers.mock import MockDriver
from rl_zoo.robots.drivers.sim import SimDriver


@pytest.fixture
def state():
    driver = MockDriver(BERT)
    driver.connect()
    return driver.read()


def test_mean_of_the_last_period_and_of_no_more(state):
    mean = MeanAcceleration(0.02)
    values = np.random.default_rng(0).normal(size=(100, 3))
    for index, value in enumerate(values):
        sample = dataclasses.replace(state, time=0.002 * index, acceleration_in_body=value)
        mean.add(sample)
    seen = mean.apply(sample).acceleration_in_body
    assert seen == pytest.approx(values[-10:].mean(axis=0))


def test_unknown_stays_unknown(state):
    mean = MeanAcceleration(0.02)
    unknown = dataclasses.replace(state, acceleration_in_body=None)
    mean.add(unknown)
    assert mean.apply(unknown).acceleration_in_body is None


def test_mean_times_period_is_the_change_of_velocity():
    """Against the simulation's own velocity, on a robot that kicks the floor."""
    driver = SimDriver(BERT)
    link = LocalLink(driver, ControlSettings())
    link.open()
    link.request(Request.STAND)
    while link.snapshot().mode is not Mode.READY:
        link.wait_until(link.clock.now() + 0.02)
    link.request(Request.RUN)
    before, errors, changes = None, [], []
    for step in range(60):
        link.act(BERT.default_pose + 0.8 * BERT.action_ranges * (-1) ** (step // 6))
        link.wait_until(link.clock.now() + 0.02)
        state = link.snapshot().state
        velocity = driver.body.ground_truth().velocity_in_world
        turn = np.array(rotation_matrix(state.orientation))
        if before is not None:
            felt = turn @ state.acceleration_in_body - [0.0, 0.0, 9.81]
            errors.append(np.abs(felt * 0.02 - (velocity - before)).max())
            changes.append(np.abs(velocity - before).max())
        before = velocity
    link.close()
    assert max(changes) > 0.1  # m/s: it does kick
    assert max(errors) < 0.2 * max(changes)
