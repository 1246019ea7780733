"""Which runs the plotting commands read: their flags, and the runs grouped by method."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_zoo import console
from rl_zoo.commands.options import ZooArgumentParser
from rl_zoo.commands.plot_options import parse_steps
from rl_zoo.errors import NothingFoundError, UsageError

if TYPE_CHECKING:
    from rl_zoo.runs.search import FoundRun

    RunGroups = dict[tuple[str, str, str], list[FoundRun]]

X_AXES = ("steps", "episodes", "time", "robot-minutes", "gradient-steps")
"""What can be counted along the x axis."""


def add_run_flags(parser: ZooArgumentParser) -> None:
    """Add -e, -l, --sweep and -x; -a and -f are spelled as each command of the zoo has them."""
    add = parser.add_argument
    env_help = "environment ids: whole, without version, or their beginning (default: all found)"
    add("-e", "--env", nargs="+", metavar="ENV", help=env_help)
    label_help = "one label per folder; folders with the same label are taken together"
    add("-l", "--labels", nargs="+", metavar="LABEL", help=label_help)
    add("--sweep", metavar="NAME", help="only the runs of this sweep")
    x_help = "x axis; time is that of training, robot-minutes that of the robot"
    add("-x", "--x-axis", choices=X_AXES, default="steps", help=x_help)


def folder_flag() -> dict[str, Any]:
    """Return what every -f of log folders takes."""
    help_text = (
        "log folders, which hold <algo>/<env>_<n>, or single runs: folders with evaluations.npz or "
        "monitor.csv"
    )
    return {
        "nargs": "+",
        "type": Path,
        "default": [Path("logs")],
        "metavar": "FOLDER",
        "help": help_text,
    }


def steps_flag(**kwargs: Any) -> dict[str, Any]:
    """Return what a flag that counts environment steps takes."""
    return {"type": parse_steps, "metavar": "N", **kwargs}


def folder_labels(folders: Sequence[Path], labels: Sequence[str] | None) -> dict[Path, str]:
    """Return the label of each log folder; a single one needs none.

    Raises:
        UsageError: If a folder is named twice or the labels do not fit.
    """
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise UsageError("-f: a folder is named twice; its runs would be counted twice")
    if labels is None:
        return {folder: str(folder) if len(folders) > 1 else "" for folder in folders}
    if len(labels) != len(folders):
        raise UsageError(
            f"-l: {len(labels)} label{'s' * (len(labels) != 1)} for {len(folders)} "
            f"folder{'s' * (len(folders) != 1)}; give one label per folder of -f"
        )
    return dict(zip(folders, labels, strict=True))


def find_groups(
    arguments: argparse.Namespace, folders: Sequence[Path], algos: Sequence[str] | None
) -> RunGroups:
    """Return the runs by (environment, algorithm, label), in the order of the flags.

    Raises:
        UsageError: If folders and labels do not fit.
        NothingFoundError: If no run is found for one of the names.
    """
    from rl_zoo.runs.search import find_runs

    label_of = folder_labels(folders, arguments.labels)
    found = find_runs(folders, algos, arguments.env)
    if arguments.sweep is not None:
        found = _of_sweep(found, folders, arguments.sweep)
    groups: RunGroups = {}
    for run in found:
        key = (run.env_name, run.algo, label_of[run.log_folder])
        groups.setdefault(key, []).append(run)
    envs = list(dict.fromkeys(env for env, _, _ in groups))
    envs = envs if arguments.env else sorted(envs)
    order = algorithm_order((algo for _, algo, _ in groups), algos)
    labels = list(label_of.values())
    keys = sorted(
        groups, key=lambda key: (envs.index(key[0]), order.index(key[1]), labels.index(key[2]))
    )
    return {key: groups[key] for key in keys}


def algorithm_order(found: Iterable[str], algos: Sequence[str] | None) -> list[str]:
    """Return the algorithms as ``-a`` names them, else by name."""
    return [algo.lower() for algo in algos] if algos else sorted(set(found))


def none_has(groups: Mapping[Any, Sequence[FoundRun]]) -> str:
    """Return ``none of the 7 runs found has`` (``the run found has no``), to begin a message."""
    n_runs = sum(len(runs) for runs in groups.values())
    return "the run found has no" if n_runs == 1 else f"none of the {n_runs} runs found has"


def warn_of(notes: Iterable[str]) -> None:
    """Write notes (``run: sentence``) to stderr, those that say the same of several runs once."""
    runs_of: dict[str, list[str]] = {}
    for note in notes:
        run, _, sentence = note.partition(": ")
        runs_of.setdefault(sentence, []).append(run)
    for sentence, runs in runs_of.items():
        more = f" and {len(runs) - 2} more" if len(runs) > 2 else ""
        console.warn(f"{', '.join(runs[:2])}{more}: {sentence}")


def _of_sweep(runs: Sequence[FoundRun], folders: Sequence[Path], sweep: str) -> list[FoundRun]:
    from rl_zoo.sweep.folder import find_sweep, read_plan
    from rl_zoo.sweep.standing import find_runs_of

    paths = set()
    for log_folder in folders:
        folder = find_sweep(log_folder, sweep)
        paths |= {run.path for run, _ in find_runs_of(folder, read_plan(folder)).values()}
    found = [run for run in runs if run.folder.path in paths]
    if not found:
        raise NothingFoundError(f"--sweep {sweep}: none of its runs has started yet")
    return found
