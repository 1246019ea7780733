"""A command with sub-commands: ``rl_zoo robot stand``, ``rl_zoo study list``."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
from collections.abc import Mapping, Sequence

from rl_zoo import console
from rl_zoo.commands.options import ZooArgumentParser
from rl_zoo.suggest import did_you_mean

SubCommands = Mapping[str, tuple[str, str]]
"""Sub-command -> module with ``build_parser`` and ``main``, and what it does."""


def subcommand_parser(command: str, description: str, table: SubCommands) -> ZooArgumentParser:
    """Return the parser of the sub-command's name.

    Args:
        command: The command, e.g. ``robot``.
        description: What its sub-commands are for.
        table: Its sub-commands.
    """
    lines = [f"  {name:<10} {summary}" for name, (_, summary) in table.items()]
    hint = f"rl_zoo {command} <sub-command> --help lists its flags."
    parser = ZooArgumentParser(
        prog=f"rl_zoo {command}",
        description=description,
        epilog="\n".join(["sub-commands:", *lines, "", hint]),
    )
    parser.add_argument(
        "sub_command", metavar="SUB-COMMAND", choices=list(table), help="what to do"
    )
    parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, metavar="...", help="flags of the sub-command"
    )
    return parser


def run_subcommand(
    command: str, parser: ZooArgumentParser, table: SubCommands, argv: Sequence[str] | None
) -> int:
    """Run the sub-command that ``argv`` begins with; return its exit code."""
    arguments = list(argv or ())
    if not arguments:
        console.result(parser.format_help().rstrip())
        return 0
    name = arguments[0]
    if name.startswith("-"):
        parser.parse_args(arguments)
    if name not in table:
        console.error(f"{command}: unknown sub-command '{name}'{did_you_mean(name, table)}")
        return 2
    module = table[name][0]
    if importlib.util.find_spec(module) is None:
        console.error(f"{command} {name}: is not part of this installation")
        return 2
    return int(importlib.import_module(module).main(arguments[1:]))
