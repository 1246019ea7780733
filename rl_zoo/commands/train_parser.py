"""The flags of ``train``: the zoo's names, short forms and meanings, and ours."""

from __future__ import annotations

import argparse
from pathlib import Path

from rl_zoo.agents.backends import BACKENDS
from rl_zoo.commands.options import (
    ExtendAction,
    ZooArgumentParser,
    parse_boolean,
    parse_kept_part,
)
from rl_zoo.commands.realtime_flags import add_realtime_flags
from rl_zoo.commands.tuning_flags import add_study_flags

EXAMPLES = """\
examples:
  python -m rl_zoo.train --algo sac --env Bert-v0 -n 30000 -P
  python -m rl_zoo.train --algo ppo --env CartPole-v1 -params gamma:0.98 learning_rate:lin_0.001
  python -m rl_zoo.train --resume logs/sac/Bert-v0_1
"""


def build_parser() -> ZooArgumentParser:
    """Return the parser of ``python -m rl_zoo.train``."""
    parser = ZooArgumentParser(
        prog="python -m rl_zoo.train",
        description="Train an agent; every run leaves a folder in logs/<algo>/<env>_<n>/.",
        epilog=EXAMPLES,
    )
    _add_run_flags(parser)
    add_agent_flags(parser)
    add_environment_flags(parser)
    add_realtime_flags(parser)
    add_evaluation_flags(parser).add_argument(
        "--eval-freq",
        type=int,
        default=None,
        help="steps between evaluations; negative: none "
        "(default: 1/20 of the budget, from 1000 to 25000)",
    )
    _add_saving_flags(parser)
    _add_tracking_flags(parser)
    _add_tuning_flags(parser)
    return parser


def _add_run_flags(parser: ZooArgumentParser) -> None:
    run = parser.add_argument_group("run")
    run.add_argument(
        "--algo", default="ppo", help="algorithm (see: python -m rl_zoo.cli list algos)"
    )
    run.add_argument("--env", default="CartPole-v1", help="environment id, or package:id")
    run.add_argument(
        "-n",
        "--n-timesteps",
        type=int,
        default=-1,
        help="budget in environment steps (-1: the configuration's)",
    )
    run.add_argument("--seed", type=int, default=-1, help="random seed (-1: drawn and recorded)")
    run.add_argument("-f", "--log-folder", default="logs", help="folder of all runs")
    run.add_argument(
        "-uuid", "--uuid", action="store_true", help="add a unique suffix to the folder"
    )
    run.add_argument(
        "--resume",
        type=Path,
        metavar="RUN",
        help="continue this run in place from its newest complete checkpoint",
    )
    run.add_argument(
        "-i",
        "--trained-agent",
        default="",
        metavar="MODEL",
        help="start a new run from the weights of this .zip file or run",
    )
    run.add_argument(
        "--repeat-warmup",
        action="store_true",
        help="with -i: act at random for learning_starts steps again",
    )
    run.add_argument(
        "--keep-buffer",
        type=parse_kept_part,
        default=None,
        metavar="{none,N,all}",
        help="with -i, in lockstep: how much of the old replay buffer to learn from, N: its newest "
        "transitions (default: all of the buffer beside the model, none if the robot has changed)",
    )
    run.add_argument(
        "--truncate-last-trajectory",
        type=parse_boolean,
        default=True,
        help="kept for the zoo's scripts: a reloaded buffer's last trajectory is always cut",
    )
    run.add_argument("--show-config", action="store_true", help="print the configuration and stop")
    run.add_argument(
        "--dry-run",
        action="store_true",
        help="build everything, take one step, report, leave nothing behind",
    )
    run.add_argument("--verbose", type=int, default=1, help="0: results only, 1: tables")
    run.add_argument("-P", "--progress", action="store_true", help="show a progress bar")


def add_agent_flags(parser: ZooArgumentParser) -> None:
    """Add the flags that decide what learns."""
    agent = parser.add_argument_group("agent")
    agent.add_argument(
        "-params",
        "--hyperparams",
        nargs="+",
        action=ExtendAction,
        default=None,
        metavar="KEY:VALUE",
        help="override hyperparameters; nested keys with dots; may be repeated",
    )
    agent.add_argument(
        "-conf",
        "--conf-file",
        default=None,
        help="YAML file to use instead of hyperparams/<algo>.yml",
    )
    agent.add_argument(
        "--trust-config", action="store_true", help="execute a Python (.py) configuration"
    )
    agent.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:<n>")
    agent.add_argument(
        "--backend",
        choices=BACKENDS,
        default="auto",
        help="what updates the networks: sb3, native (C++ on the CPU: SAC, TQC, DroQ, TD3, DDPG), "
        "jax (SBX), or native where it can and sb3 elsewhere (auto)",
    )
    agent.add_argument(
        "--num-threads",
        type=int,
        default=-1,
        help="threads for matrix products (-1: OMP_NUM_THREADS, else 1)",
    )


def add_environment_flags(parser: ZooArgumentParser) -> None:
    """Add the flags that decide where it learns."""
    environment = parser.add_argument_group("environment")
    environment.add_argument(
        "--gym-packages",
        nargs="+",
        action=ExtendAction,
        default=[],
        metavar="MODULE",
        help="modules to import because they register environments",
    )
    environment.add_argument(
        "--env-kwargs",
        nargs="+",
        action=ExtendAction,
        default=None,
        metavar="KEY:VALUE",
        help="keywords of the environment, in training and evaluation",
    )
    environment.add_argument(
        "--eval-env-kwargs",
        nargs="+",
        action=ExtendAction,
        default=None,
        metavar="KEY:VALUE",
        help="keywords of the evaluation environment, over --env-kwargs",
    )
    environment.add_argument(
        "--vec-env",
        choices=["dummy", "subproc"],
        default="dummy",
        help="several environments in this process or one process each",
    )


def add_evaluation_flags(parser: ZooArgumentParser) -> argparse._ArgumentGroup:
    """Add the flags of how to evaluate, for training and tuning; return their group."""
    evaluation = parser.add_argument_group("evaluation")
    evaluation.add_argument(
        "--eval-episodes", type=int, default=5, help="episodes of each evaluation"
    )
    evaluation.add_argument(
        "--n-eval-envs", type=int, default=1, help="environments for evaluation"
    )
    evaluation.add_argument(
        "--eval-on-train-env",
        action="store_true",
        default=None,
        help="evaluate between episodes on the training environment "
        "(default for environments there is only one of)",
    )
    return evaluation


def _add_saving_flags(parser: ZooArgumentParser) -> None:
    saving = parser.add_argument_group("saving")
    saving.add_argument(
        "--label", default="", metavar="TEXT", help="what the run is for, kept in its run.json"
    )
    saving.add_argument(
        "--save-freq",
        type=int,
        default=None,
        help="steps between complete checkpoints, taken at episode ends; negative: none "
        "(default: a tenth of the budget where that changes nothing, and at the end)",
    )
    saving.add_argument(
        "--keep-checkpoints",
        type=int,
        default=3,
        metavar="K",
        help="checkpoints a run can resume from; older ones keep weights and normaliser",
    )
    saving.add_argument(
        "--save-replay-buffer", action="store_true", help="write replay_buffer.pkl at the end"
    )
    saving.add_argument(
        "--save-episodes",
        action="store_true",
        help="write every training episode as episodes/episode_<n>.npz (always done on a robot)",
    )
    saving.add_argument(
        "--trust", action="store_true", help="with -i: read pickles of unknown classes"
    )


def _add_tracking_flags(parser: ZooArgumentParser) -> None:
    tracking = parser.add_argument_group("logging")
    tracking.add_argument("-tb", "--tensorboard-log", default="", help="TensorBoard folder")
    tracking.add_argument(
        "--log-interval",
        type=int,
        default=-1,
        help="episodes or rollouts between log lines (-1: the algorithm's, -2: none)",
    )
    tracking.add_argument("--track", action="store_true", help="track with Weights & Biases")
    tracking.add_argument("--wandb-project-name", default="sb3", help="project")
    tracking.add_argument("--wandb-entity", default=None, help="team")
    tracking.add_argument("--wandb-group", default=None, help="group")
    tracking.add_argument(
        "-tags", "--wandb-tags", nargs="+", action=ExtendAction, default=[], help="tags"
    )


def _add_tuning_flags(parser: ZooArgumentParser) -> None:
    tuning = parser.add_argument_group("tuning (with -optimize; see also python -m rl_zoo.tune)")
    tuning.add_argument(
        "-optimize",
        "--optimize-hyperparameters",
        action="store_true",
        help="search for hyperparameters",
    )
    add_study_flags(tuning, n_trials=500)
    tuning.add_argument(
        "--study",
        default=None,
        metavar="STUDY",
        help="train what a trial of this study trained: its name, folder or journal "
        "(with --storage: its name there)",
    )
    tuning.add_argument(
        "--trial",
        default=None,
        metavar="{best,N}",
        help="with --study: which trial; best is that of the best mean over fresh seeds "
        "(default: best)",
    )
    tuning.add_argument(
        "--trial-id", type=int, default=None, help="train with the values of this trial"
    )
