"""``study``: what studies there are, how one stands, and a server in front of a storage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rl_zoo.commands.options import ZooArgumentParser
from rl_zoo.commands.subcommands import run_subcommand, subcommand_parser

SUBCOMMANDS: Mapping[str, tuple[str, str]] = {
    "list": ("rl_zoo.commands.study_list", "list studies: trials by state, best value"),
    "show": ("rl_zoo.commands.study_show", "list the trials of a study"),
    "report": ("rl_zoo.commands.study_report", "write the report of a study anew"),
    "serve": ("rl_zoo.commands.study_serve", "share a storage as grpc://host:port"),
}
"""Sub-command -> module with ``build_parser`` and ``main``, and what it does."""


def build_parser() -> ZooArgumentParser:
    """Return the parser of the sub-command's name."""
    return subcommand_parser("study", "Look at studies, or share a storage.", SUBCOMMANDS)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the chosen sub-command; return its exit code."""
    return run_subcommand("study", build_parser(), SUBCOMMANDS, argv)


if __name__ == "__main__":
    raise SystemExit(main())
