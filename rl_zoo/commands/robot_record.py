"""``robot record``: write every reading of a robot to a file, without commanding anything."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from rl_zoo import console
from rl_zoo.commands.options import ZooArgumentParser, positive_number, run_command
from rl_zoo.commands.robot_options import add_robot_flags, open_driver, read_choice, reading_time


def build_parser() -> ZooArgumentParser:
    """Return the parser of ``robot record``."""
    parser = ZooArgumentParser(
        prog="rl_zoo robot record",
        description="Write every reading to a file that 'rl_zoo robot replay' and the driver "
        "'replay' read. Nothing is commanded.",
    )
    add_robot_flags(parser)
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help="new file, e.g. a.session"
    )
    parser.add_argument(
        "--seconds", type=positive_number, help="time of reading, s (default: until Ctrl-C)"
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Record a robot; return the exit code."""
    return run_command(build_parser(), argv, _record)


def _record(arguments: argparse.Namespace) -> int:
    from rl_zoo.robots.recording.session_file import SessionHeader, SessionWriter
    from rl_zoo.robots.sampling import collect_samples

    choice = read_choice(arguments)
    with open_driver(choice, looks_on=True) as driver:
        header = SessionHeader.of(choice.spec, choice.driver, driver.capabilities)
        with SessionWriter(arguments.output, header) as writer:
            try:
                seconds = reading_time(driver, arguments.seconds)
                collect_samples(driver, seconds, writer.append)
            except KeyboardInterrupt:
                console.message("Ended.")
    console.message(f"Wrote {writer.n_samples} samples to {arguments.output}")
    return 0
