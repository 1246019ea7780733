"""The learner's own snapshot, for the one that takes its place: renewed, never accumulated.

A run need not ask for checkpoints (``--save-freq``). Without this file the successor of a learner
that dies would have to repeat every update of the run before its policy is as good as the actor's.
"""

from __future__ import annotations

import shutil

from rl_zoo.realtime.learner_checkpoint import Snapshot, write_snapshot
from rl_zoo.realtime.snapshots import recovery_folder
from rl_zoo.runs.folder import RunFolder

PERIOD = 60.0
"""Seconds between two snapshots."""


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
