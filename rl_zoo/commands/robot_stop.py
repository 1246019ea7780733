"""``robot stop``: make the motors soft now, whoever drives the robot."""

from __future__ import annotations

import argparse
import os
import signal
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rl_zoo import console
from rl_zoo.commands.options import ZooArgumentParser, run_command
from rl_zoo.commands.robot_options import add_robot_flags, open_driver, read_choice
from rl_zoo.errors import (
    ConfigError,
    MissingDependencyError,
    NothingFoundError,
    RobotFault,
    UsageError,
)

if TYPE_CHECKING:
    from rl_zoo.robots.control.robot_lock import Owner

_STOP_TIME = 0.3  # s, of repeating it: a datagram may be lost
_PERIOD = 0.02  # s


def build_parser() -> ZooArgumentParser:
    """Return the parser of ``robot stop``."""
    parser = ZooArgumentParser(
        prog="rl_zoo robot stop",
        description="Make the motors soft now. A robot that a process drives is stopped in its "
        "control process, which stays in FAULT until it is re-armed; without flags, or with flags "
        "that name no robot, every robot that is driven from this computer. A robot that nobody "
        "drives is connected and damped.",
    )
    add_robot_flags(parser, is_required=False)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Stop a robot; return the exit code."""
    return run_command(build_parser(), argv, _stop)


def _stop(arguments: argparse.Namespace) -> int:
    owners = _owners_to_stop(arguments)
    starting = [owner for owner in owners if owner.control_pid == 0]
    stopped = [owner for owner in owners if owner.control_pid != 0 and _stop_owner(owner)]
    if starting:
        told = "; ".join(f"process {owner.pid} ({owner.robot})" for owner in starting)
        raise RobotFault(f"still connecting: {told}: try again, or kill it")
    if stopped:
        return 0
    if arguments.driver is None:
        raise NothingFoundError(
            "no process of yours drives a robot from this computer; to damp one that nobody "
            "drives, say which: --robot and --driver"
        )
    choice = read_choice(arguments)
    with open_driver(choice) as driver:
        end = driver.clock.now() + _STOP_TIME
        while driver.clock.now() < end:
            driver.stop()
            driver.clock.sleep_until(driver.clock.now() + _PERIOD)
    console.message(f"'{choice.robot}' is soft (nobody drove it).")
    return 0


def _owners_to_stop(arguments: argparse.Namespace) -> list[Owner]:
    """Return whom the flags mean; a mistake in them must not keep a robot from being stopped."""
    from rl_zoo.commands.robot_owners import find_owners
    from rl_zoo.robots.control.robot_lock import owners

    try:
        return find_owners(arguments)
    except (UsageError, ConfigError, MissingDependencyError) as error:
        found = owners()
        if not found:
            raise
        console.warn(f"{error}; so every robot that is driven from this computer is stopped")
        return found


def _stop_owner(owner: Owner) -> bool:
    """Tell the control process to stop; return whether it still existed."""
    try:
        os.kill(owner.control_pid, signal.SIGUSR1)
    except ProcessLookupError:
        return False
    console.message(
        f"Stopped: control process {owner.control_pid} ({owner.robot}) of process {owner.pid}: "
        f"{owner.command}"
    )
    return True
