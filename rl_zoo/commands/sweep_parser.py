"""The flags of ``sweep``: its own, and beside them every flag of ``train``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rl_zoo.commands.executor_flags import add_executor_flags
from rl_zoo.commands.options import ZooArgumentParser
from rl_zoo.commands.train_parser import build_parser as build_train_parser

EXAMPLES = """\
Every flag of train may be added and is handed to every run (see: python -m rl_zoo.train --help).
The same command continues a sweep that was interrupted; with --name, seeds, algorithms and
environments can be added to it.

examples:
  rl_zoo sweep --algo sac tqc --env Bert-v0 Pendulum-v1 --seeds 5 -n 20000 --workers 2
  rl_zoo sweep --algo ppo --env CartPole-v1 --seeds 10 --dry-run
  rl_zoo sweep --algo sac --env Bert-v0 --seed-list 3 7 11 --name walk --cluster slurm
  rl_zoo sweep --status --name walk
"""


class SweepParser(ZooArgumentParser):
    """Keeps the flags of ``train``, which its parser has checked, as ``train_flags``."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_abbrev=False, **kwargs)
        self._of_train = build_train_parser()
        self._of_train.allow_abbrev = False  # or --work would be one of train's

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse the flags; what neither ``sweep`` nor ``train`` knows is left over."""
        own, rest = super().parse_known_args(args, namespace)
        _, unknown = self._of_train.parse_known_args(rest)
        own.train_flags = tuple(rest)
        return own, unknown

    def flags(self) -> list[str]:
        """Return every flag, also those of ``train``."""
        return [*super().flags(), *self._of_train.flags()]


def build_parser() -> ZooArgumentParser:
    """Return the parser of ``rl_zoo sweep``."""
    parser = SweepParser(
        prog="rl_zoo sweep",
        description="Train every algorithm on every environment with every seed; restartable.",
        epilog=EXAMPLES,
    )
    what = parser.add_argument_group("what to train")
    what.add_argument("--algo", nargs="+", metavar="ALGO", help="algorithms")
    what.add_argument("--env", nargs="+", metavar="ENV", help="environment ids")
    seeds = what.add_mutually_exclusive_group()
    seeds.add_argument("--seeds", type=int, metavar="N", help="the seeds 0 to N-1 (default: 5)")
    seeds.add_argument(
        "--seed-list", type=int, nargs="+", metavar="SEED", help="these seeds instead"
    )
    what.add_argument(
        "--name",
        help="name of the sweep; an existing one is continued, and can grow "
        "(default: <algos>_<envs>_<k>, where the same command continues)",
    )
    what.add_argument(
        "-f", "--log-folder", type=Path, default=Path("logs"), help="folder of all runs"
    )
    add_executor_flags(parser.add_argument_group("where"), what="the runs")
    instead = parser.add_argument_group("instead of training")
    instead.add_argument(
        "--dry-run",
        action="store_true",
        help="check everything, print the command of each run and the steps; create nothing",
    )
    instead.add_argument(
        "--status",
        action="store_true",
        help="print where every run stands (of the newest sweep, of --name, or of --name all)",
    )
    instead.add_argument("--run-row", metavar="ROW", help=argparse.SUPPRESS)
    return parser


def given_flags(flags: Sequence[str]) -> dict[str, Any]:
    """Return the values of the flags of ``train`` that are in ``flags``, by their long names."""
    parser = build_train_parser()
    nothing = argparse.Namespace(**{action.dest: None for action in parser._actions})
    found = vars(parser.parse_args(list(flags), namespace=nothing))
    return {name: value for name, value in found.items() if value is not None}


def search_flags() -> dict[str, str]:
    """Return the flags of ``train`` that belong to a search: long name -> as it is typed."""
    groups = build_train_parser()._action_groups
    tuning = next(group for group in groups if (group.title or "").startswith("tuning"))
    return {
        action.dest: action.option_strings[-1]
        for action in tuning._group_actions
        if action.option_strings
    }
