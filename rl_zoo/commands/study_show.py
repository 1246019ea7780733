"""``study show``: the trials of a study."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rl_zoo.commands.options import ZooArgumentParser, run_command
from rl_zoo.commands.study_list import add_place_flags, find_studies, print_table
from rl_zoo.errors import NothingFoundError

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial


def build_parser() -> ZooArgumentParser:
    """Return the parser of ``study show``."""
    parser = ZooArgumentParser(
        prog="rl_zoo study show", description="List the trials of a study and how they ended."
    )
    parser.add_argument("study", help="name of the study, or its folder")
    add_place_flags(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Show; return the exit code."""
    return run_command(build_parser(), argv, _show)


def _show(arguments: argparse.Namespace) -> int:
    from rl_zoo.suggest import did_you_mean

    found = list(find_studies(arguments))
    name = Path(arguments.study).name
    chosen = [study for study, _ in found if study.study_name in (arguments.study, name)]
    if not chosen:
        hint = did_you_mean(name, [study.study_name for study, _ in found])
        raise NothingFoundError(f"no study is called {arguments.study}{hint}")
    trials = chosen[0].get_trials(deepcopy=False)
    if not trials:
        raise NothingFoundError(f"the study {arguments.study} has no trials yet")
    print_table([_trial_row(trial) for trial in trials])
    return 0


def _trial_row(trial: FrozenTrial) -> dict[str, str]:
    from rl_zoo.tuning.display import outcome
    from rl_zoo.tuning.failures import is_failure

    running = not trial.state.is_finished()
    ended = trial.state.name.lower() if running else outcome(trial)
    duration = trial.duration
    return {
        "trial": str(trial.number),
        "state": "failed" if is_failure(trial) else trial.state.name.lower(),
        "result": "" if running else ended,
        "seconds": "" if duration is None else f"{duration.total_seconds():.1f}",
        "worker": str(trial.user_attrs.get("worker", "")),
        "again": "" if "retry_of" not in trial.user_attrs else str(trial.user_attrs["retry_of"]),
    }
