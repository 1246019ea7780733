"""Find what a learner continues from, without the learning libraries."""

from __future__ import annotations

from dataclasses import replace

from rl_zoo.errors import NothingFoundError
from rl_zoo.runs.checkpoints import latest_resumable
from rl_zoo.runs.folder import RunFolder


def recovery_folder(folder: RunFolder) -> RunFolder:
    """Return where the learner's own snapshot of a run is: files as those of a checkpoint."""
    return replace(folder, path=folder.realtime / "recovery")


def newest_checkpoint(folder: RunFolder) -> int:
    """Return the steps of the newest checkpoint a learner can continue from; 0 without one."""
    return max(0, _newest_in(folder))


def newest_snapshot(
    folder: RunFolder, restored_step: int | None = None
) -> tuple[RunFolder, int] | None:
    """Return the folder and the steps of what a new learner continues from.

    Args:
        folder: The run.
        restored_step: Of its newest complete checkpoint; 0: it has none; None: look.

    Returns:
        None if there is nothing. The steps are 0 for the policy that a run began with (``-i``).
    """
    if restored_step is None:
        restored_step = newest_checkpoint(folder)
    place = recovery_folder(folder)
    recovered = _newest_in(place)
    if recovered > restored_step or recovered == restored_step == 0:
        return place, recovered
    return (folder, restored_step) if restored_step > 0 else None


def _newest_in(folder: RunFolder) -> int:
    try:
        return latest_resumable(folder)
    except NothingFoundError:
        return -1
