"""The flags of the robot commands, and what they mean.

Standard library only until a command is carried out.
"""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_zoo.commands.options import ExtendAction, ZooArgumentParser
from rl_zoo.errors import ConfigError

if TYPE_CHECKING:
    from rl_zoo.robots.control.link import RobotLink
    from rl_zoo.robots.control.settings import ControlSettings
    from rl_zoo.robots.driver import Driver
    from rl_zoo.robots.spec import RobotSpec

_VIRTUAL_TIME = 2.0  # s


@dataclass(frozen=True)
class RobotChoice:
    """The robot that the flags name, and how it is reached."""

    robot: str
    """Name of the spec."""
    spec: RobotSpec
    driver: str
    """Name of the driver."""
    options: dict[str, Any]
    """Keywords of the driver."""
    settings: ControlSettings
    """Of the control loop, where one runs."""


def add_robot_flags(parser: ZooArgumentParser, *, is_required: bool = True) -> None:
    """Add the flags that say which robot, and how it is reached."""
    add = parser.add_argument
    add("--robot", required=is_required, metavar="NAME", help="robot: see rl_zoo list robots")
    add("--driver", required=is_required, metavar="NAME", help="driver: see rl_zoo list drivers")
    add(
        "--driver-options",
        nargs="+",
        action=ExtendAction,
        default=[],
        metavar="KEY:VALUE",
        help="options of the driver, e.g. address:udp://192.168.0.2:9000",
    )


def add_motion_flags(parser: ZooArgumentParser) -> None:
    """Add the flags of commands that move the robot."""
    add = parser.add_argument
    add(
        "--control",
        nargs="+",
        action=ExtendAction,
        default=[],
        metavar="KEY:VALUE",
        help="settings of the control loop, e.g. stand_time:4 limits:{'max_tilt':0.8}",
    )
    add(
        "--read-only",
        action="store_true",
        help="connect and read; show how far the joints would have to go; send nothing",
    )
    add(
        "--dry-run",
        action="store_true",
        help="compute every command from what is measured and show them; send nothing",
    )


def add_yes_flag(parser: ZooArgumentParser) -> None:
    """Add the flag that answers questions."""
    parser.add_argument("--yes", action="store_true", help="answer every question with yes")


def read_choice(arguments: argparse.Namespace) -> RobotChoice:
    """Return what the flags choose; nothing is opened.

    Raises:
        ConfigError: All mistakes in options at once, each with its flag.
        MissingDependencyError: If a package that the driver needs is not installed.
    """
    from rl_zoo.robots.catalog import ROBOTS
    from rl_zoo.robots.control.read_settings import read_control_settings
    from rl_zoo.robots.drivers.catalog import make_driver
    from rl_zoo.robots.spec import RobotSpec

    spec = ROBOTS.load(arguments.robot)
    if not isinstance(spec, RobotSpec):
        raise ConfigError(f"--robot: '{arguments.robot}' is a driver, not a robot")
    options = read_pairs(arguments.driver_options, "--driver-options")
    make_driver(arguments.driver, spec, options)
    control = read_pairs(getattr(arguments, "control", ()), "--control")
    for name in ("read_only", "dry_run"):
        if getattr(arguments, name, False):
            control[name] = True
    settings = read_control_settings(control, spec)
    return RobotChoice(arguments.robot, spec, arguments.driver, options, settings)


def read_pairs(texts: Sequence[str], flag: str) -> dict[str, Any]:
    """Return ``key:value`` arguments as a mapping.

    Raises:
        ConfigError: All mistakes at once.
    """
    from rl_zoo.config.draft import read_assignments

    problems: list[str] = []
    pairs = read_assignments(texts, flag, problems)
    if problems:
        raise ConfigError(problems)
    return dict(pairs)


@contextlib.contextmanager
def open_driver(choice: RobotChoice, *, looks_on: bool = False) -> Iterator[Driver]:
    """Connect a driver, close it at the end.

    The robot's lock is held meanwhile, unless nothing will be sent and the driver can look on.

    Args:
        choice: The robot.
        looks_on: Whether nothing will be sent.

    Raises:
        RobotFault: If no robot answers, or another process drives it.
    """
    from rl_zoo.robots.drivers.catalog import make_driver

    more = observe_options(choice) if looks_on else {}
    driver = make_driver(choice.driver, choice.spec, {**choice.options, **more})
    with contextlib.nullcontext() if more else robot_lock(choice):
        try:
            driver.connect()
            yield driver
        finally:
            driver.close()


@contextlib.contextmanager
def robot_lock(choice: RobotChoice) -> Iterator[None]:
    """Hold the robot's lock; a robot of virtual time has none.

    Raises:
        RobotFault: If another process drives it.
    """
    from rl_zoo.robots.clock import MonotonicClock
    from rl_zoo.robots.control.robot_lock import acquire_lock
    from rl_zoo.robots.drivers.catalog import make_driver

    driver = make_driver(choice.driver, choice.spec, choice.options)
    if not isinstance(driver.clock, MonotonicClock):
        yield
        return
    lock = acquire_lock(choice.driver, choice.options)
    try:
        yield
    finally:
        lock.release()


def observe_options(choice: RobotChoice) -> dict[str, Any]:
    """Return the options with which connecting changes nothing, if the driver names any.

    A driver says so by a class attribute ``OBSERVE_OPTIONS``; all others command nothing until
    they are written to, but may not share their bus.
    """
    from rl_zoo.robots.drivers.catalog import load_driver

    return dict(getattr(load_driver(choice.driver), "OBSERVE_OPTIONS", {}))


def make_robot_link(choice: RobotChoice, recording: Path | None = None) -> RobotLink:
    """Return a link to the robot that is not open yet."""
    from rl_zoo.robots.control.open_link import make_link

    more = observe_options(choice) if choice.settings.dry_run else {}
    options = {**choice.options, **more}
    return make_link(choice.robot, choice.driver, options, choice.settings, recording)


def reading_time(driver: Driver, seconds: float | None) -> float:
    """Return how long to read, s: until Ctrl-C by default, a moment on a clock that is virtual."""
    from rl_zoo.robots.clock import MonotonicClock

    if seconds is not None:
        return seconds
    return float("inf") if isinstance(driver.clock, MonotonicClock) else _VIRTUAL_TIME
