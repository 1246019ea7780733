"""``robot sit``: sit down from whatever pose, and go soft."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rl_zoo import console
from rl_zoo.commands.options import ZooArgumentParser, run_command
from rl_zoo.commands.robot_options import (
    add_motion_flags,
    add_robot_flags,
    make_robot_link,
    read_choice,
)

_STIFF_TIME = 1.0  # s


def build_parser() -> ZooArgumentParser:
    """Return the parser of ``robot sit``."""
    parser = ZooArgumentParser(
        prog="rl_zoo robot sit",
        description="Sit down with soft gains from the measured pose, and go soft. For a robot "
        "that nothing drives: one that is driven is brought down by ending its process, or by "
        "'rl_zoo robot pause' or 'stop'.",
    )
    add_robot_flags(parser)
    add_motion_flags(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Let a robot sit down; return the exit code."""
    return run_command(build_parser(), argv, _sit)


def _sit(arguments: argparse.Namespace) -> int:
    choice = read_choice(arguments)
    from rl_zoo.commands.robot_motion import (
        MotionLog,
        opened,
        show_commands,
        show_way,
        sit_down,
        watch,
    )
    from rl_zoo.robots.control.modes import Mode, Request
    from rl_zoo.robots.postures import crouched_pose

    if choice.settings.read_only:
        show_way(choice, crouched_pose(choice.spec))
        return 0
    log = MotionLog()
    with opened(make_robot_link(choice)) as link:
        # A soft robot cannot sit: it takes hold where it is for one look, then comes down.
        link.request(Request.STAND)
        watch(link, _STIFF_TIME, log, lambda snapshot: snapshot.mode is Mode.STANDUP)
        sit_down(link, choice, log)
    if choice.settings.dry_run:
        show_commands(choice, log)
    else:
        console.message(f"'{choice.robot}' sits and is soft.")
    return 0
