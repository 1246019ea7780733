"""The right kind of link to a robot: in this process if its time is virtual, else in another."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rl_zoo.errors import ConfigError
from rl_zoo.robots.catalog import ROBOTS
from rl_zoo.robots.clock import MonotonicClock
from rl_zoo.robots.control.link import RobotLink
from rl_zoo.robots.control.local_link import LocalLink
from rl_zoo.robots.control.process_link import ProcessLink
from rl_zoo.robots.control.settings import ControlSettings
from rl_zoo.robots.drivers.catalog import load_driver, make_driver
from rl_zoo.robots.spec import RobotSpec


def make_link(
    robot: str,
    driver: str,
    driver_options: Mapping[str, Any],
    settings: ControlSettings,
    recording: Path | None = None,
    core: int | None = None,
) -> RobotLink:
    """Make a link that is not open yet: nothing is started and nothing connected.

    If nothing shall be sent (``read_only``, ``dry_run``), a driver that can look on does so
    (``OBSERVE_OPTIONS``): connecting to drive may already make a robot give up its own control.

    Args:
        robot: Name of the robot's spec, as in ``robot: go2``.
        driver: As in ``driver: unitree``. If the clock of its robots is the computer's own, the
            link starts a control process; otherwise the control loop runs in this process.
        driver_options: Keywords of the driver.
        settings: Of the control loop.
        recording: Folder for what a control process records; None: nothing is recorded.
        core: The only core that a control process runs on; None: any.

    Raises:
        ConfigError: If robot, driver or an option does not exist or has no meaning.
        MissingDependencyError: If a package that the driver needs is not installed.
    """
    spec = ROBOTS.load(robot)
    if not isinstance(spec, RobotSpec):
        raise ConfigError(f"robot: '{robot}' is a driver, not a robot")
    driver_options = {**driver_options, **_observe_options(driver, settings)}
    made = make_driver(driver, spec, driver_options)
    if not isinstance(made.clock, MonotonicClock):
        return LocalLink(made, settings)
    return ProcessLink(driver, robot, driver_options, settings, recording=recording, core=core)


def _observe_options(driver: str, settings: ControlSettings) -> dict[str, Any]:
    if not (settings.read_only or settings.dry_run):
        return {}
    return dict(getattr(load_driver(driver), "OBSERVE_OPTIONS", {}))
