"""``study report``: write the report of a stored study anew."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from rl_zoo import console
from rl_zoo.commands.options import ZooArgumentParser, run_command
from rl_zoo.commands.study_list import add_place_flags


def build_parser() -> ZooArgumentParser:
    """Return the parser of ``study report``."""
    parser = ZooArgumentParser(
        prog="rl_zoo study report", description="Write the report of a study anew."
    )
    parser.add_argument("study", help="name of the study, its folder or its journal")
    add_place_flags(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Write it and print the path of the page; return the exit code."""
    return run_command(build_parser(), argv, _report)


def _report(arguments: argparse.Namespace) -> int:
    from rl_zoo.tuning.find_study import find_study
    from rl_zoo.tuning.report import rewrite_report

    log_folder = Path(arguments.log_folder)
    found = find_study(arguments.study, log_folder, arguments.storage)
    console.result(str(rewrite_report(found, log_folder)))
    return 0
