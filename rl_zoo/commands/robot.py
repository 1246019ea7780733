"""``robot``: check, stand, sit, stop and record a robot, real or simulated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rl_zoo.commands.options import ZooArgumentParser
from rl_zoo.commands.subcommands import run_subcommand, subcommand_parser

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
    return subcommand_parser("robot", "Work with a robot, real or simulated.", SUBCOMMANDS)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the chosen sub-command; return its exit code."""
    return run_subcommand("robot", build_parser(), SUBCOMMANDS, argv)


if __name__ == "__main__":
    raise SystemExit(main())
