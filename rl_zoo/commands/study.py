"""``study``: what studies there are, how one stands, and a server in front of a storage."""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Mapping, Sequence

from rl_zoo import console
from rl_zoo.commands.options import ZooArgumentParser
from rl_zoo.suggest import did_you_mean

SUBCOMMANDS: Mapping[str, tuple[str, str]] = {
    "list": ("rl_zoo.commands.study_list", "list studies: trials by state, best value"),
    "show": ("rl_zoo.commands.study_show", "list the trials of a study"),
    "report": ("rl_zoo.commands.study_report", "write the report of a study anew"),
    "serve": ("rl_zoo.commands.study_serve", "share a storage as grpc://host:port"),
}
"""Sub-command -> module with ``build_parser`` and ``main``, and what it does."""


def build_parser() -> ZooArgumentParser:
    """Return the parser of the sub-command's name."""
    lines = [f"  {name:<10} {summary}" for name, (_, summary) in SUBCOMMANDS.items()]
    parser = ZooArgumentParser(
        prog="rl_zoo study",
        description="Look at studies, or share a storage.",
        epilog="\n".join(
            ["sub-commands:", *lines, "", "rl_zoo study <sub-command> --help lists its flags."]
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
    if not arguments:
        console.result(build_parser().format_help().rstrip())
        return 0
    name = arguments[0]
    if name.startswith("-"):
        build_parser().parse_args(arguments)
    if name not in SUBCOMMANDS:
        console.error(f"study: unknown sub-command '{name}'{did_you_mean(name, SUBCOMMANDS)}")
        return 2
    return int(importlib.import_module(SUBCOMMANDS[name][0]).main(arguments[1:]))


if __name__ == "__main__":
    raise SystemExit(main())
