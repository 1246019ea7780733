"""Where the runs of a sweep stand, read from what they leave; any process may ask at any time."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path

from rl_zoo.errors import DamagedFileError, NothingFoundError
from rl_zoo.runs.folder import RunFolder, file_name_of, numbered_runs
from rl_zoo.runs.record import RunRecord, read_record
from rl_zoo.runs.results import load_evaluations
from rl_zoo.sweep.folder import SweepFolder
from rl_zoo.sweep.locks import is_locked
from rl_zoo.sweep.plan import SweepPlan, SweepRow

_TAIL = 1 << 16
"""Bytes at the end of a log in which its last line is looked for."""


class RowState(Enum):
    """Where a run stands."""

    WAITING = "waiting"
    RUNNING = "running"
    FINISHED = "finished"
    INTERRUPTED = "interrupted"
    CRASHED = "crashed"
    LOST = "lost"
    """Its process ended without a word."""


@dataclass(frozen=True)
class Standing:
    """Where one run of a sweep stands."""

    row: SweepRow
    state: RowState
    folder: RunFolder | None = None
    record: RunRecord | None = None
    steps: int = 0
    """Environment steps done, as far as the run has told."""
    budget: int | None = None
    means: tuple[float, ...] = ()
    """Mean return of every evaluation."""

    @property
    def is_finished(self) -> bool:
        """Say whether nothing is left to do."""
        return self.state is RowState.FINISHED

    @property
    def wall_time(self) -> float:
        """Seconds of training so far."""
        if self.record is None:
            return 0.0
        seconds = self.record.wall_time_s
        if self.state is RowState.RUNNING and self.record.sessions:
            began = datetime.fromisoformat(self.record.sessions[-1]["started_at"])
            seconds += (datetime.now(timezone.utc) - began).total_seconds()
        return seconds


def read_standings(folder: SweepFolder, plan: SweepPlan) -> list[Standing]:
    """Return where every run of the sweep stands, in the order of the plan."""
    runs = find_runs_of(folder, plan)
    return [_standing(folder, plan, row, runs.get(row.key)) for row in plan.rows()]


def read_standing(folder: SweepFolder, plan: SweepPlan, row: SweepRow) -> Standing:
    """Return where the run of ``row`` stands."""
    return _standing(folder, plan, row, find_runs_of(folder, plan, row).get(row.key))


def find_runs_of(
    folder: SweepFolder, plan: SweepPlan, row: SweepRow | None = None
) -> Mapping[str, tuple[RunFolder, RunRecord]]:
    """Return the newest run of every row (or of ``row``) that has one, by the row's key."""
    pairs = [(a, e) for a in plan.algos for e in plan.envs]
    found = {}
    for algo, env_id in pairs if row is None else [(row.algo, row.env_id)]:
        env_name = file_name_of(env_id)
        for _, path in numbered_runs(folder.log_folder / algo, env_name):
            run = RunFolder(path, env_name)
            record = _record(run)
            if record is not None and record.label.startswith(plan.label_start):
                found[record.label.removeprefix(plan.label_start)] = (run, record)
    return found


def _standing(
    folder: SweepFolder,
    plan: SweepPlan,
    row: SweepRow,
    found: tuple[RunFolder, RunRecord] | None,
) -> Standing:
    is_held = is_locked(folder.row_lock(row))
    if found is None:
        state = RowState.RUNNING if is_held else RowState.WAITING
        return Standing(row, state, budget=plan.budget(row))
    run, record = found
    steps, means = _evaluations(run)
    known = [steps, record.num_timesteps]
    if record.state == "running":  # else the record knows, and logs may be of a lost session
        known = [steps, _last_logged_step(run.progress_file), *run.checkpoint_steps()]
    return Standing(
        row,
        _state(run, record, is_held=is_held),
        run,
        record,
        max(known),
        record.n_timesteps,
        means,
    )


def _state(run: RunFolder, record: RunRecord, *, is_held: bool) -> RowState:
    if record.state == RowState.FINISHED.value:
        return RowState.FINISHED
    if is_held:
        return RowState.RUNNING
    if record.state == RowState.RUNNING.value:  # somebody may have resumed it by hand
        return RowState.RUNNING if is_locked(run.path) else RowState.LOST
    return RowState.CRASHED if record.state == "crashed" else RowState.INTERRUPTED


def _record(run: RunFolder) -> RunRecord | None:
    try:
        return read_record(run)
    except (DamagedFileError, OSError):  # deleted while it is read
        return None


def _evaluations(run: RunFolder) -> tuple[int, tuple[float, ...]]:
    try:
        evaluations = load_evaluations(run.evaluations)
    except (NothingFoundError, DamagedFileError):
        return 0, ()
    means = evaluations.results.mean(axis=1)
    return int(evaluations.timesteps.max(initial=0)), tuple(map(float, means))


def _last_logged_step(file: Path) -> int:
    try:
        with file.open("rb") as stream:
            stream.seek(max(os.fstat(stream.fileno()).st_size - _TAIL, 0))
            lines = stream.read().splitlines()
    except OSError:
        return 0
    for line in reversed(lines):
        try:
            return int(json.loads(line)["step"])
        except (ValueError, KeyError, TypeError):  # cut short
            continue
    return 0
