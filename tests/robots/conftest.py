"""Robots for the tests of simulated ones."""

from importlib import metadata

import pytest

from rl_zoo.robots.catalog import ROBOTS
from rl_zoo.robots.driver import RobotCommand


def installed(name):
    """Return the spec called ``name``; skip the test if its model is not installed."""
    spec = ROBOTS.load(name)
    if spec.model.distribution is not None:
        try:
            metadata.distribution(spec.model.distribution)
        except metadata.PackageNotFoundError:
            pytest.skip(f"{spec.model.distribution} is not installed")
    return spec


@pytest.fixture(params=ROBOTS.built_in_names())
def spec(request):
    """Each of our robots whose model is installed."""
    return installed(request.param)


@pytest.fixture
def hold():
    """Command one pose for some seconds; return the robot's states."""

    def run(robot, pose, seconds):
        states = []
        for _ in range(round(seconds * robot.spec.control_frequency)):
            robot.write(RobotCommand(pose))
            robot.advance()
            states.append(robot.read())
        return states

    return run
