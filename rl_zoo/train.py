"""``python -m rl_zoo.train``: train an agent."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from rl_zoo import console
from rl_zoo.commands.options import run_command
from rl_zoo.commands.train_parser import build_parser

__all__ = ["build_parser", "main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Train as the flags say; return the exit code."""
    given = list(sys.argv[1:] if argv is None else argv)
    return run_command(build_parser(), given, lambda arguments: _run(arguments, given))


def _run(arguments: argparse.Namespace, argv: list[str]) -> int:
    from rl_zoo.commands import training

    if arguments.optimize_hyperparameters:
        from rl_zoo.commands.tuning import tune_from_train_flags

        training.check_numbers(arguments)
        return tune_from_train_flags(arguments, ["python", "-m", "rl_zoo.train", *argv])
    if arguments.show_config or arguments.dry_run:
        console.result(training.describe(arguments, argv))
        return 0
    run = training.train_as_told(arguments, argv)
    console.result(f"Finished: {run.n_steps} steps, saved in {run.folder.path}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
