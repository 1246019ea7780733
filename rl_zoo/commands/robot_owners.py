"""Who drives the robot that the flags name."""

from __future__ import annotations

import argparse
import time
from typing import TYPE_CHECKING

from rl_zoo.commands.robot_options import read_choice
from rl_zoo.errors import NothingFoundError, UsageError

if TYPE_CHECKING:
    from rl_zoo.robots.control.robot_lock import Owner

_START_TIME = 2.0  # s, in which a control process is started


def find_owners(arguments: argparse.Namespace) -> list[Owner]:
    """Return who drives the robot of the flags; without flags, who drives any robot.

    Raises:
        UsageError: If only one of ``--robot`` and ``--driver`` is given.
        ConfigError: If robot, driver or an option does not exist.
    """
    from rl_zoo.robots.control.robot_lock import owner_of, owners

    if arguments.driver is None and arguments.robot is None:
        return owners()
    if arguments.driver is None or arguments.robot is None:
        raise UsageError("--robot and --driver: give both, or neither for every robot that runs")
    choice = read_choice(arguments)
    deadline = time.monotonic() + _START_TIME
    while (owner := owner_of(choice.driver, choice.options)) is not None:
        if owner.control_pid or time.monotonic() > deadline:
            return [owner]
        time.sleep(0.02)
    return []


def require_owners(arguments: argparse.Namespace) -> list[Owner]:
    """Return who drives the robot of the flags.

    Raises:
        NothingFoundError: If nobody does.
    """
    found = find_owners(arguments)
    if not found:
        what = "any robot" if arguments.driver is None else f"'{arguments.robot}'"
        raise NothingFoundError(f"no process of yours drives {what} from this computer")
    return found
