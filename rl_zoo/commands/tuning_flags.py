"""The flags of a study, shared by ``tune`` and ``train -optimize``."""

from __future__ import annotations

import argparse
from typing import Any

from rl_zoo.commands.executor_flags import add_executor_flags
from rl_zoo.commands.options import ExtendAction, positive_number
from rl_zoo.tuning.measures import BY_NAME

SAMPLERS = ("tpe", "random", "gp", "cmaes", "qmc", "nsgaii", "auto")
PRUNERS = ("median", "halving", "hyperband", "wilcoxon", "none")


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
    _add_storage_flags(parser)
    _add_search_flags(parser)
    _add_judgement_flags(parser)
    _add_robot_flags(parser)
    _add_result_flags(parser)
    parser.add_argument(
        "--n-jobs",
        type=int,
        default=1,
        help="threads that run trials (they share one Python interpreter: --workers is better)",
    )
    add_executor_flags(parser, what="the study's trials")
    parser.add_argument("--as-worker", action="store_true", help=argparse.SUPPRESS)


def _add_storage_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--storage",
        default=None,
        help="where the study is kept: a journal file (*.log), a database URL, grpc://host:port "
        "or memory (default: a journal in the study's folder)",
    )
    parser.add_argument(
        "--study-name",
        default=None,
        help="name of the study; an existing one is continued "
        "(default: <algo>_<env>_<k>, where the same command continues what it left unfinished)",
    )
    parser.add_argument(
        "--max-failures",
        type=int,
        default=5,
        metavar="N",
        help="failed trials in a row after which the study is stopped",
    )
    parser.add_argument(
        "--fail-stale",
        type=positive_number,
        default=None,
        metavar="MINUTES",
        help="give up trials of other machines that showed no sign of life for so long, and run "
        "them again (default: 2; a dead process of this machine is noticed at once)",
    )


def _add_search_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--sampler", choices=SAMPLERS, default="tpe", help="how values are drawn; auto is tpe"
    )
    parser.add_argument(
        "--pruner",
        choices=PRUNERS,
        default=None,
        help="when a trial is given up early (default: median; none with one robot)",
    )
    parser.add_argument(
        "--trial-minutes",
        type=positive_number,
        default=None,
        metavar="MINUTES",
        help="prune a trial whose training takes longer (a large network on a small computer); "
        "not on a robot",
    )
    parser.add_argument(
        "--n-startup-trials",
        type=int,
        default=10,
        help="trials before tpe and gp learn from results and the median pruner acts; the "
        "population of nsgaii",
    )
    parser.add_argument(
        "--search-space",
        nargs="+",
        action=ExtendAction,
        default=None,
        metavar="KEY:SPEC",
        help='search this key too, or otherwise, e.g. gamma:"dict(low=0.9, high=0.999)"; '
        "none: do not search it",
    )


def _add_judgement_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--objective",
        nargs="+",
        default=["return"],
        metavar="MEASURE",
        help=f"what is optimised: {', '.join(BY_NAME)}, or min:METRIC, max:METRIC of the episode "
        "metrics; several give a Pareto front; :last, :best or :auc say which evaluations count",
    )
    parser.add_argument(
        "--constraint",
        nargs="+",
        action=ExtendAction,
        default=None,
        metavar="MEASURE<=NUMBER",
        help="what the best trial must respect, e.g. 'falls_per_minute<=0.5' in training or "
        "'eval:speed>=0.2' in the evaluation after it",
    )
    parser.add_argument(
        "--n-evaluations",
        type=int,
        default=None,
        help="evaluations of each trial (default: one per 100000 steps, at least 4; with one robot "
        "and no pruner the one after training)",
    )
    parser.add_argument(
        "--seeds-per-trial",
        type=int,
        default=1,
        metavar="N",
        help="trainings of each trial; their median counts",
    )
    parser.add_argument(
        "--reevaluate",
        type=int,
        default=None,
        metavar="K",
        help="train the best K trials again on fresh seeds before one is called best; 0: do not "
        "(default: 5, but at most a quarter of the study)",
    )
    parser.add_argument(
        "--reevaluate-seeds", type=int, default=2, metavar="N", help="fresh seeds for each of them"
    )


def _add_robot_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--one-robot",
        action="store_true",
        help="trials one after another on one open environment, evaluation included "
        "(always so for an environment there is only one of)",
    )
    parser.add_argument(
        "--wear-budget",
        type=positive_number,
        default=None,
        metavar="MINUTES",
        help="with one robot: end the study when all its trials, re-evaluations included, have "
        "had the robot under power for so long",
    )


def _add_result_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--optimization-log-path",
        default=None,
        metavar="FOLDER",
        help="keep model, evaluations and configuration of every trial in FOLDER/trial_<n>",
    )
    parser.add_argument("--no-optim-plots", action="store_true", help="write no figures")
    parser.add_argument(
        "--write-best",
        default=None,
        metavar="FILE.yml",
        help="put the best trial's entry into this hyperparameter file, in place of the old one",
    )
