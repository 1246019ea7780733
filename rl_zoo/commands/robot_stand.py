"""``robot stand``: stand up from the measured pose, hold, sit down."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rl_zoo import console
from rl_zoo.commands.options import ZooArgumentParser, positive_number, run_command
from rl_zoo.commands.robot_options import (
    add_motion_flags,
    add_robot_flags,
    make_robot_link,
    read_choice,
)


def build_parser() -> ZooArgumentParser:
    """Return the parser of ``robot stand``."""
    parser = ZooArgumentParser(
        prog="rl_zoo robot stand",
        description="Read the robot, ramp its joints from where they are to the default pose, hold "
        "it, and sit down. If this process dies, the robot sits down by itself.",
        epilog="""
examples:
  rl_zoo robot stand --robot bert --driver sim --seconds 2
  rl_zoo robot stand --robot go2 --driver unitree --driver-options interface:eth0 --dry-run
""",
    )
    add_robot_flags(parser)
    add_motion_flags(parser)
    parser.add_argument(
        "--seconds", type=positive_number, help="time of standing, s (default: until Ctrl-C)"
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Let a robot stand; return the exit code."""
    return run_command(build_parser(), argv, _stand)


def _stand(arguments: argparse.Namespace) -> int:
    choice = read_choice(arguments)
    from rl_zoo.commands.robot_motion import (
        MotionLog,
        hold,
        listener,
        opened,
        show_commands,
        show_way,
        sit_down,
        stand_up,
    )

    if choice.settings.read_only:
        show_way(choice, choice.spec.default_pose)
        return 0
    log = MotionLog()
    operator = listener()  # a pause while the robot stands up counts
    with opened(make_robot_link(choice)) as link:
        stand_up(link, choice, log)
        if choice.settings.dry_run:
            show_commands(choice, log)
            return 0
        try:
            console.message(f"'{choice.robot}' stands.")
            hold(link, arguments.seconds, log, operator)
        except KeyboardInterrupt:
            console.message("Sitting down.")
        sit_down(link, choice, log)
    console.message(f"'{choice.robot}' sits and is soft.")
    return 0
