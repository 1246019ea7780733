"""The flags that say where jobs run: processes of this machine, or a cluster."""

from __future__ import annotations

import argparse
from typing import Any

from rl_zoo.commands.options import ExtendAction, positive_number


def add_executor_flags(group: Any, *, what: str) -> None:
    """Add the flags.

    Args:
        group: Parser or argument group.
        what: What is run there, for the help.
    """
    parser: argparse.ArgumentParser = group
    parser.add_argument(
        "--workers",
        type=int,
        default=None,
        metavar="N",
        help=f"run {what} in N processes side by side (with --cluster: N jobs)",
    )
    parser.add_argument(
        "--cluster",
        default=None,
        metavar="NAME",
        help="submit the workers as jobs: slurm, local (jobs of this machine), debug (in this "
        'process), or a plug-in\'s name; needs pip install "rl_zoo[slurm]"',
    )
    parser.add_argument(
        "--cluster-time", type=positive_number, default=240, metavar="MINUTES", help="limit per job"
    )
    parser.add_argument("--cluster-cpus", type=int, default=1, metavar="N", help="cores per job")
    parser.add_argument("--cluster-gpus", type=int, default=0, metavar="N", help="GPUs per job")
    parser.add_argument(
        "--cluster-memory", type=positive_number, default=None, metavar="GB", help="memory per job"
    )
    parser.add_argument("--cluster-partition", default=None, metavar="NAME", help="SLURM partition")
    parser.add_argument(
        "--cluster-option",
        nargs="+",
        action=ExtendAction,
        default=None,
        metavar="KEY:VALUE",
        help="any other option of sbatch, e.g. qos:long",
    )
