"""``robot pause``: ask the process that drives a robot to pause the robot."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rl_zoo.commands.options import ZooArgumentParser, run_command
from rl_zoo.commands.robot_options import add_robot_flags


def build_parser() -> ZooArgumentParser:
    """Return the parser of ``robot pause``."""
    parser = ZooArgumentParser(
        prog="rl_zoo robot pause",
        description="Ask the process that drives a robot to pause it: the robot sits down and is "
        "soft until 'rl_zoo robot resume'; no step that it interrupts is learned from. "
        "Without flags: every robot that is driven from this computer.",
    )
    add_robot_flags(parser, is_required=False)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Leave the word; return the exit code."""
    return run_command(build_parser(), argv, _pause)


def _pause(arguments: argparse.Namespace) -> int:
    from rl_zoo.commands.robot_word import say_to_owners

    return say_to_owners(arguments, "pause")
