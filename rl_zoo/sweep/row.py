"""Start the run of a row, or continue what an earlier start left of it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rl_zoo.errors import NothingFoundError
from rl_zoo.runs.atomic import write_with
from rl_zoo.runs.checkpoints import latest_resumable
from rl_zoo.runs.folder import RunFolder
from rl_zoo.runs.record import RunRecord, now, write_record
from rl_zoo.sweep.folder import SweepFolder
from rl_zoo.sweep.plan import SweepPlan
from rl_zoo.sweep.standing import Standing


@dataclass(frozen=True)
class NextStep:
    """What is to be done for a row."""

    argv: tuple[str, ...]
    """Flags of ``train``; empty: nothing, the run is finished."""
    told: str
    """What a person should know about it."""


def prepare_row(
    folder: SweepFolder, plan: SweepPlan, standing: Standing, again: Sequence[str]
) -> NextStep:
    """Decide how the run goes on, and put aside what cannot; call it with the row's lock held.

    Args:
        folder: Folder of the sweep.
        plan: The sweep.
        standing: Where the run stands.
        again: Flags that a resumed run needs again: it does not take them from its own files.
    """
    run, record = standing.folder, standing.record
    if standing.is_finished:
        return NextStep((), f"finished before, see {run.path}" if run is not None else "finished")
    told = "a new run"
    if run is not None and record is not None:
        try:
            steps = latest_resumable(run)
        except NothingFoundError:
            place = _set_aside(folder, run)
            told = (
                f"{run.path} left no complete checkpoint to continue from: it is kept in {place}, "
                "and a new run starts"
            )
        else:
            if steps >= record.n_timesteps:
                _declare_finished(run, record, steps)
                return NextStep((), f"{run.path} had only to be declared finished")
            return NextStep(("--resume", str(run.path), *again), f"resumed at step {steps}")
    argv = plan.argv(standing.row, folder.log_folder)
    return NextStep((*argv, "--label", plan.label(standing.row)), told)


def _set_aside(folder: SweepFolder, run: RunFolder) -> Path:
    """Move a run out of the log folder, where figures would count it as one more seed."""
    parent = folder.set_aside / run.algo
    parent.mkdir(parents=True, exist_ok=True)
    place, number = parent / run.path.name, 1
    while place.exists():
        number += 1
        place = parent / f"{run.path.name}.{number}"
    shutil.move(run.path, place)
    return place


def _declare_finished(run: RunFolder, record: RunRecord, steps: int) -> None:
    """End a run that was killed after its last checkpoint and before it could say so."""
    for source, target in (
        (run.checkpoint_normalizer(steps), run.final_normalizer),
        (run.checkpoint_model(steps), run.final_model),
    ):
        if source.is_file():
            write_with(target, partial(shutil.copyfile, source))
    record.state, record.reason, record.ended_at = "finished", "", now()
    record.num_timesteps = steps
    write_record(run, record)
