"""One run of a sweep: what every job of it executes, again and again until it is finished."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rl_zoo import console
from rl_zoo.commands import training
from rl_zoo.commands.sweep_parser import given_flags
from rl_zoo.commands.train_parser import build_parser as build_train_parser
from rl_zoo.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from rl_zoo.executors.job import Job
    from rl_zoo.sweep.folder import SweepFolder
    from rl_zoo.sweep.plan import SweepPlan, SweepRow

_PATIENCE = 10.0
"""Seconds that the process before this one has to let go of the row."""


def make_job(folder: SweepFolder, row: SweepRow) -> Job:
    """Return the job that trains ``row``; running it again continues the run."""
    from rl_zoo.executors.job import Job

    where = ("--name", folder.name, "-f", str(folder.log_folder))
    argv = (*where, "--run-row", row.key)
    return Job(row.key, "rl_zoo.commands.sweep", argv, folder.log(row))


def run_row(log_folder: Path, name: str, key: str) -> int:
    """Train the row called ``key``, from where it stands; return 0.

    Raises:
        UsageError: If another process trains it.
        ZooError: Whatever ``train`` raises.
    """
    from rl_zoo.sweep.folder import find_sweep, read_plan
    from rl_zoo.sweep.locks import FileLock
    from rl_zoo.sweep.row import prepare_row
    from rl_zoo.sweep.standing import read_standing

    folder = find_sweep(log_folder, name)
    plan = read_plan(folder)
    row = _row(plan, key)
    lock = FileLock(folder.row_lock(row))
    if not lock.acquire(_PATIENCE):
        raise UsageError(f"{key}: is being trained by another process")
    try:
        standing = read_standing(folder, plan, row)
        step = prepare_row(folder, plan, standing, _again(plan.flags))
        console.message(f"{key}: {step.told}")
        if step.argv:
            _train(step.argv)
    finally:
        lock.release()
    return 0


def _row(plan: SweepPlan, key: str) -> SweepRow:
    rows = {row.key: row for row in plan.rows()}
    if key not in rows:
        raise ConfigError(f"--run-row {key}: the sweep '{plan.name}' has no such run")
    return rows[key]


def _again(flags: Sequence[str]) -> list[str]:
    """Return the flags that a resumed run does not take from its own files."""
    given = given_flags(flags)
    packages = given.get("gym_packages")
    return [
        *(["--gym-packages", *packages] if packages else []),
        *(["--trust"] if given.get("trust") else []),
    ]


def _train(argv: Sequence[str]) -> None:
    arguments = build_train_parser().parse_args(list(argv))
    run = training.train_as_told(arguments, argv)
    console.result(f"Finished: {run.n_steps} steps, saved in {run.folder.path}")
