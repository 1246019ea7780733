"""The flags of a study, shared by ``tune`` and ``train -optimize``."""

from __future__ import annotations

import argparse
from typing import Any


def add_study_flags(group: Any, n_trials: int) -> None:
    """Add the flags of a study.

    Args:
        group: Parser or argument group.
        n_trials: Default number of trials.
    """
    parser: argparse.ArgumentParser = group
    parser.add_argument("--n-trials", type=int, default=n_trials, help="trials of this process")
    parser.add_argument(
        "--max-total-trials",
        type=int,
        default=None,
        help="trials of the whole study, whoever runs them; replaces --n-trials",
    )
    parser.add_argument(
        "--optimization-log-path",
        default=None,
        metavar="FOLDER",
        help="keep model, evaluations and configuration of every trial in FOLDER/trial_<n>",
    )
    parser.add_argument("--no-optim-plots", action="store_true", help="write no figures")
    parser.add_argument(
        "--n-jobs",
        type=int,
        default=1,
        help="threads that run trials (they share one Python interpreter: start the command "
        "several times with the same --storage and --study-name instead)",
    )
    parser.add_argument(
        "--one-robot",
        action="store_true",
        help="trials one after another, each on a single environment that is evaluated too "
        "(always so for an environment there is only one of)",
    )
    _add_search_flags(parser)
    parser.add_argument(
        "--n-evaluations",
        type=int,
        default=None,
        help="evaluations of each trial (default: one per 100000 steps, at least 4)",
    )
    parser.add_argument(
        "--storage",
        default=None,
        help="where the study is kept: a journal file (*.log) or a database URL; "
        "default: in memory, gone at the end",
    )
    parser.add_argument(
        "--study-name", default=None, help="name of the study; an existing one is continued"
    )


def _add_search_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sampler", choices=["random", "tpe", "auto"], default="tpe", help="how values are drawn"
    )
    parser.add_argument(
        "--pruner",
        choices=["halving", "median", "none"],
        default="median",
        help="when a trial is given up early",
    )
    parser.add_argument(
        "--n-startup-trials",
        type=int,
        default=10,
        help="trials before the sampler learns from results and the pruner acts",
    )
