"""Cut the run's growing files back to where they were at a checkpoint."""

from __future__ import annotations

import os
from pathlib import Path

from rl_zoo.errors import UsageError
from rl_zoo.runs.folder import RunFolder


def log_positions(folder: RunFolder) -> dict[str, int]:
    """Return the size in bytes of every file that grows while training, by name."""
    files = [*folder.monitor_files(), folder.progress_file]
    return {file.name: file.stat().st_size for file in files if file.is_file()}


def empty_later_logs(folder: RunFolder, positions: dict[str, int]) -> None:
    """Empty every growing file that is younger than the checkpoint; it will be begun anew.

    Raises:
        UsageError: If a file cannot be written.
    """
    for file in [*folder.monitor_files(), folder.progress_file]:
        if file.is_file() and file.name not in positions:
            _truncate(file, 0)


def rewind_logs(folder: RunFolder, positions: dict[str, int]) -> None:
    """Cut every growing file back to its position; what came later is trained again.

    Files without a position stay as they are.

    Raises:
        UsageError: If a file cannot be written.
    """
    for file in [*folder.monitor_files(), folder.progress_file]:
        if file.is_file() and file.name in positions:
            _truncate(file, positions[file.name])


def _truncate(file: Path, size: int) -> None:
    try:
        if file.stat().st_size > size:
            os.truncate(file, size)
    except OSError as error:
        raise UsageError(f"{file}: cannot be written ({error.strerror})") from error
