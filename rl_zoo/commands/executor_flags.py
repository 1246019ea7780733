"""The flags that say where jobs run: processes of this machine, or a cluster."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_zoo.commands.options import ExtendAction, positive_number
from rl_zoo.errors import ConfigError

if TYPE_CHECKING:
    from rl_zoo.executors.job import ExecutorOptions


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


def executor_options(arguments: argparse.Namespace, folder: Path, name: str) -> ExecutorOptions:
    """Return what the flags say about where jobs run.

    Args:
        arguments: Parsed flags.
        folder: Where submission files are kept; every machine must see it.
        name: What the jobs are called on a cluster.

    Raises:
        ConfigError: If an option of the cluster is not ``key:value``.
    """
    from rl_zoo.executors.job import ExecutorOptions

    return ExecutorOptions(
        places=arguments.workers or 1,
        folder=folder,
        name=name,
        minutes=arguments.cluster_time,
        cpus=arguments.cluster_cpus,
        gpus=arguments.cluster_gpus,
        memory=arguments.cluster_memory,
        partition=arguments.cluster_partition,
        more=_read_options(arguments.cluster_option or ()),
    )


def _read_options(texts: Iterable[str]) -> dict[str, str]:
    pairs = [text.partition(":") for text in texts]
    problems = [
        f"--cluster-option {key}{colon}{value}: must be key:value, e.g. qos:long"
        for key, colon, value in pairs
        if not key.strip() or not value.strip()
    ]
    if problems:
        raise ConfigError(problems)
    return {key.strip(): value.strip() for key, _, value in pairs}
