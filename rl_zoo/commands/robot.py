"""``robot``: check, stand, sit, stop and record a robot, real or simulated."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence

from rl_zoo import console
from rl_zoo.commands.options import ZooArgumentParser
from rl_zoo.suggest import did_you_mean

SUBCOMMANDS: Mapping[str, tuple[str, str]] = {
    "check": ("rl_zoo.commands.robot_check", "read a robot, say what is wrong; commands nothing"),
    "stand": ("rl_zoo.commands.robot_stand", "stand up from the measured pose, hold, sit down"),
    "sit": ("rl_zoo.commands.robot_sit", "sit down and go soft"),
    "stop": ("rl_zoo.commands.robot_stop", "make the motors soft now, whoever drives the robot"),
    "pause": ("rl_zoo.commands.robot_pause", "ask the process that drives the robot to pause"),
    "resume": ("rl_zoo.commands.robot_resume", "let it go on"),
    "zero": ("rl_zoo.commands.robot_zero", "make the present pose the joints' zero"),
    "monitor": ("rl_zoo.commands.robot_monitor", "show the readings; commands nothing"),
    "record": ("rl_zoo.commands.robot_record", "write the readings to a file; commands nothing"),
    "replay": ("rl_zoo.commands.robot_replay", "look at a recorded session, or send it again"),
    "to-buffer": ("rl_zoo.commands.robot_to_buffer", "build a replay buffer from episodes"),
    "simulate": ("rl_zoo.commands.robot_simulate", "a simulated robot behind a real protocol"),
}
"""Sub-command -> module with ``build_parser`` and ``main``, and what it does."""


def build_parser() -> ZooArgumentParser:
    """Return the parser of the sub-command's name."""
    lines = [f"  {name:<10} {summary}" for name, (_, summary) in SUBCOMMANDS.items()]
    parser = ZooArgumentParser(
        prog="rl_zoo robot",
        description="Work with a robot, real or simulated.",
        epilog="\n".join(
            ["sub-commands:", *lines, "", "rl_zoo robot <sub-command> --help lists its flags."]
        ),
    )
    parser.add_argument(
        "sub_command", metavar="SUB-COMMAND", choices=list(SUBCOMMANDS), help="what to do"
    )
    parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, metavar="...", help="flags of the sub-command"
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the chosen sub-command; return its exit code."""
    arguments = list(argv or ())
    if not arguments or arguments[0].startswith("-"):
        parser = build_parser()
        if not arguments:
            console.result(parser.format_help().rstrip())
            return 0
        parser.parse_args(arguments)
    name = arguments[0]
    if name not in SUBCOMMANDS:
        console.error(f"robot: unknown sub-command '{name}'{did_you_mean(name, SUBCOMMANDS)}")
        return 2
    if importlib.util.find_spec(SUBCOMMANDS[name][0]) is None:
        console.error(f"robot {name}: is not part of this installation")
        return 2
    return load_subcommand(name)(arguments[1:])


def load_subcommand(name: str) -> Callable[[Sequence[str]], int]:
    """Import and return the ``main`` function of a sub-command."""
    command: Callable[[Sequence[str]], int] = importlib.import_module(SUBCOMMANDS[name][0]).main
    return command


if __name__ == "__main__":
    raise SystemExit(main())
