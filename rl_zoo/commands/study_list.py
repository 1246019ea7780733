"""``study list``: what studies there are, and how they stand."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rl_zoo import console
from rl_zoo.commands.options import ZooArgumentParser, run_command
from rl_zoo.errors import NothingFoundError, ZooError

if TYPE_CHECKING:
    import optuna


def build_parser() -> ZooArgumentParser:
    """Return the parser of ``study list``."""
    parser = ZooArgumentParser(
        prog="rl_zoo study list", description="List studies: trials by state, best value."
    )
    add_place_flags(parser)
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """List; return the exit code."""
    return run_command(build_parser(), argv, _list)


def add_place_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say where studies are."""
    parser.add_argument("--storage", default=None, help="look there, not in the log folder")
    parser.add_argument("-f", "--log-folder", default="logs", help="folder of all runs and studies")


def find_studies(arguments: argparse.Namespace) -> list[tuple[optuna.Study, str]]:
    """Return the studies of the storage, else those of the log folder, with their storage.

    Args:
        arguments: The flags of ``add_place_flags``.

    Raises:
        ZooError: If the storage cannot be used.
    """
    import optuna

    from rl_zoo.tuning.storage import open_storage, study_names

    places = [arguments.storage] if arguments.storage else _files(Path(arguments.log_folder))
    found = []
    for place in places:
        try:
            storage = open_storage(place, must_exist=True)
            names = study_names(storage)
        except ZooError as error:
            if arguments.storage:
                raise
            console.warn(str(error))
            continue
        found += [
            (optuna.load_study(study_name=name, storage=storage), place)
            for name in names
            if not name.endswith(_reevaluation())
        ]
    return found


def print_table(rows: list[dict[str, str]]) -> None:
    """Print rows of one shape below their names."""
    shown = [{key: key for key in rows[0]}, *rows]
    widths = {key: max(len(row[key]) for row in shown) for key in rows[0]}
    for row in shown:
        console.result("  ".join(f"{value:<{widths[key]}}" for key, value in row.items()).rstrip())


def _list(arguments: argparse.Namespace) -> int:
    rows = [_row(study, storage) for study, storage in find_studies(arguments)]
    if not rows:
        place = arguments.storage or f"{arguments.log_folder}/studies"
        raise NothingFoundError(f"no study in {_redacted(place)}")
    if arguments.json:
        console.result(json.dumps(rows, indent=2))
    else:
        print_table(rows)
    return 0


def _files(log_folder: Path) -> list[str]:
    """Return the files in which the studies of a log folder are kept; servers are only named."""
    from rl_zoo.tuning.storage import file_of
    from rl_zoo.tuning.study_folder import study_storages

    places = []
    for place in study_storages(log_folder):
        file = file_of(place)
        if file is None:
            console.message(f"more studies may be in {place}: give it with --storage")
        elif file.exists():
            places.append(place)
    return places


def _reevaluation() -> str:
    from rl_zoo.tuning.wear import REEVALUATION

    return REEVALUATION


def _row(study: optuna.Study, storage: str) -> dict[str, str]:
    from optuna.trial import TrialState

    from rl_zoo.tuning.failures import is_failure
    from rl_zoo.tuning.ranking import ranked

    trials = study.get_trials(deepcopy=False)
    states = Counter(trial.state for trial in trials)
    best = ranked(study)[:1]
    known = study.user_attrs
    return {
        "study": study.study_name,
        "algo": str(known.get("algo", "?")),
        "env": str(known.get("env", "?")),
        "done": str(states[TrialState.COMPLETE]),
        "pruned": str(states[TrialState.PRUNED]),
        "failed": str(sum(map(is_failure, trials))),
        "running": str(states[TrialState.RUNNING]),
        "best": f"{_values(best[0].values)} (trial {best[0].number})" if best else "none yet",
        "storage": _redacted(storage),
    }


def _values(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.2f}" for value in values)


def _redacted(place: str) -> str:
    from rl_zoo.tuning.storage import redacted

    return redacted(place)
