"""The learner's own snapshot, for the one that takes its place: renewed, never accumulated.

A run need not ask for checkpoints (``--save-freq``). Without this file the successor of a learner
that dies would have to repeat every update of the run before its policy is as good as the actor's.
"""

from __future__ import annotations

import shutil
from dataclasses import replace

from rl_zoo.errors import NothingFoundError
from rl_zoo.realtime.learner_checkpoint import Snapshot, write_snapshot
from rl_zoo.runs.checkpoints import latest_resumable
from rl_zoo.runs.folder import RunFolder

PERIOD = 60.0
"""Seconds between two snapshots."""


def recovery_folder(folder: RunFolder) -> RunFolder:
    """Return where the snapshot of a run is: files as those of a checkpoint."""
    return replace(folder, path=folder.realtime / "recovery")


def renew_recovery(place: RunFolder, snapshot: Snapshot) -> None:
    """Write a snapshot; only then remove the one before.

    Args:
        place: From ``recovery_folder``.
        snapshot: Of this place.

    Raises:
        OSError: If it cannot be written; the one before stays.
    """
    place.path.mkdir(exist_ok=True)
    older = [step for step in place.checkpoint_steps() if step != snapshot.steps]
    write_snapshot(place, snapshot, keep=1)
    for steps in older:
        place.checkpoint_manifest(steps).unlink(missing_ok=True)
        for file in (
            place.checkpoint_model(steps),
            place.checkpoint_normalizer(steps),
            place.checkpoint_state(steps),
        ):
            file.unlink(missing_ok=True)


def remove_recovery(folder: RunFolder) -> None:
    """Remove the snapshot: a complete checkpoint has taken its place."""
    shutil.rmtree(recovery_folder(folder).path, ignore_errors=True)


def newest_snapshot(folder: RunFolder, restored_step: int) -> tuple[RunFolder, int] | None:
    """Return the folder and the steps of what a new learner continues from.

    Args:
        folder: The run.
        restored_step: Of its newest complete checkpoint; 0: it has none.

    Returns:
        None if there is nothing.
    """
    place = recovery_folder(folder)
    try:
        recovered = latest_resumable(place)
    except NothingFoundError:
        recovered = 0
    if recovered > restored_step:
        return place, recovered
    return (folder, restored_step) if restored_step > 0 else None
