"""``python -m rl_zoo.tune``: search for hyperparameters."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from rl_zoo.commands import train_parser
from rl_zoo.commands.options import ZooArgumentParser, run_command
from rl_zoo.commands.tuning_flags import add_study_flags

__all__ = ["build_parser", "main"]

EXAMPLES = """\
examples:
  python -m rl_zoo.tune --algo ppo --env CartPole-v1 -n 20000 --n-trials 20
  python -m rl_zoo.tune --algo tqc --env Bert-v0 --storage study.log --study-name walk
  python -m rl_zoo.train --algo tqc --env Bert-v0 --storage study.log --study-name walk --trial-id 7
"""


def build_parser() -> ZooArgumentParser:
    """Return the parser of ``python -m rl_zoo.tune``."""
    parser = ZooArgumentParser(
        prog="python -m rl_zoo.tune",
        description="Search for hyperparameters. The first trial trains the configuration as it "
        "is; a stored study can be continued, and several processes can share it.",
        epilog=EXAMPLES,
    )
    add_study_flags(parser.add_argument_group("study"), n_trials=20)
    trial = parser.add_argument_group("trial")
    trial.add_argument("--algo", default="ppo", help="algorithm")
    trial.add_argument("--env", default="CartPole-v1", help="environment id, or package:id")
    trial.add_argument(
        "-n",
        "--n-timesteps",
        type=int,
        default=-1,
        help="budget of each trial in environment steps (-1: the configuration's)",
    )
    trial.add_argument("--seed", type=int, default=-1, help="random seed (-1: drawn and recorded)")
    trial.add_argument("-f", "--log-folder", default="logs", help="folder of all runs and reports")
    trial.add_argument("--show-config", action="store_true", help="print what trial 0 is and stop")
    train_parser.add_agent_flags(parser)
    train_parser.add_environment_flags(parser)
    train_parser.add_evaluation_flags(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Tune as the flags say; return the exit code."""
    given = list(sys.argv[1:] if argv is None else argv)
    return run_command(build_parser(), given, lambda arguments: _run(arguments, given))


def _run(arguments: argparse.Namespace, argv: list[str]) -> int:
    from rl_zoo.commands.tuning import tune_from_train_flags

    of_train = vars(train_parser.build_parser().parse_args([]))
    complete = argparse.Namespace(**{**of_train, **vars(arguments)})
    return tune_from_train_flags(complete, ["python", "-m", "rl_zoo.tune", *argv])


if __name__ == "__main__":
    raise SystemExit(main())
