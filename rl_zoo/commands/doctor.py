"""``doctor``: what this computer offers to a run, on one screen."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Sequence

from rl_zoo import console
from rl_zoo.commands.options import ZooArgumentParser, run_command

_WIDTH = 100


def build_parser() -> ZooArgumentParser:
    """Return the parser of ``doctor``."""
    parser = ZooArgumentParser(
        prog="rl_zoo doctor",
        description="Show what this computer offers to a run: processor, real-time scheduling, "
        "the native learner, JAX, GPU. Nothing is changed without --build.",
    )
    parser.add_argument(
        "--build",
        action="store_true",
        help="build the native learner for this computer, so that no run has to (exit code 1 if "
        "that fails)",
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Examine; return the exit code."""
    return run_command(build_parser(), argv, _examine)


def _examine(arguments: argparse.Namespace) -> int:
    from rl_zoo.commands.doctor_checks import examine

    if arguments.build:
        from rl_zoo.agents.native.build import is_built, library_path

        if not is_built():
            console.message("building the native learner ...")
        library_path()
    rows = examine()
    indent = max(map(len, rows)) + 2
    for name, text in rows.items():
        lines = textwrap.wrap(text, _WIDTH - indent, break_long_words=False, break_on_hyphens=False)
        console.result(f"{name:<{indent}}" + f"\n{'':<{indent}}".join(lines))
    return 0
