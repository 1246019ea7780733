"""What a run that goes on, or starts from another one, says about its robot."""

from __future__ import annotations

from typing import Any

from rl_zoo.errors import UsageError
from rl_zoo.runs.folder import RunFolder
from rl_zoo.runs.record import read_record
from rl_zoo.runs.robot_changes import robot_changes
from rl_zoo.runs.source import ModelSource

CHANGED = "changed"
"""First word of a line about the robot of a run that starts from another one."""
RAMP_IS_OVER = {"ramp of the prior": "over: the policy has its full influence at once"}
"""The line of a run whose old policy need not be let in step by step."""


def robot_lines(source: ModelSource, robot: dict[str, Any] | None) -> dict[str, str]:
    """Return one line for everything about the robot that is not as in the old run."""
    record = None if source.folder is None else read_record(source.folder)
    old = None if record is None else record.robot
    if robot is None and old is None:
        return {}
    if old is None:
        return {"robot": "unknown before: nothing was recorded with the old model"}
    changes = robot_changes(old, robot or {})
    if not changes:
        return {"robot": "as before"}
    return {f"{CHANGED} {what}": how for what, how in changes.items()}


def same_robot(
    folder: RunFolder, old: dict[str, Any] | None, new: dict[str, Any] | None
) -> dict[str, Any] | None:
    """Return the robot of a resumed run.

    Raises:
        UsageError: If it is another one than the run was trained on.
    """
    if old is None:  # a run from before robots were recorded
        return new
    changes = robot_changes(old, new or {})
    if changes:
        listed = "; ".join(f"{what}: {how}" for what, how in changes.items())
        raise UsageError(
            f"{folder.path}: the robot has changed since ({listed}); start a new run from its "
            f"weights with -i {folder.path}"
        )
    return old
