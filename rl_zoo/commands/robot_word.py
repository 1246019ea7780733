"""Say a word to the process that drives a robot."""

from __future__ import annotations

import argparse
import time

from rl_zoo import console
from rl_zoo.commands.robot_owners import require_owners
from rl_zoo.errors import RobotFault
from rl_zoo.robots.control.operator_file import leave_word

_HEARD_TIME = 10.0
"""s: the process listens between two steps; a long update of the network lasts."""


def say_to_owners(arguments: argparse.Namespace, word: str) -> int:
    """Leave ``word`` for every process that the flags mean, and wait until it is taken.

    Returns:
        0, or the exit code of a robot fault if a process does not listen.
    """
    code = 0
    for owner in require_owners(arguments):
        file = leave_word(owner.pid, word)
        deadline = time.monotonic() + _HEARD_TIME
        while file.exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        if file.exists():
            file.unlink(missing_ok=True)
            console.error(
                f"process {owner.pid} did not listen within {_HEARD_TIME:g} s: {owner.command}; "
                "'rl_zoo robot stop' works without it"
            )
            code = RobotFault.exit_code
        else:
            console.message(f"Process {owner.pid} heard '{word}': {owner.command}")
    return code
