"""Everything a report needs to know of one run, read once; what cannot be read is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from rl_zoo.errors import DamagedFileError, NothingFoundError
from rl_zoo.plots.statistics import Floats
from rl_zoo.runs.folder import RunFolder, open_run_folder
from rl_zoo.runs.progress import load_progress
from rl_zoo.runs.record import RunRecord, read_record
from rl_zoo.runs.results import (
    Evaluations,
    MonitorEpisodes,
    load_evaluations,
    load_training_episodes,
)

T = TypeVar("T")


@dataclass(frozen=True)
class ReportedRun:
    """One run, ours or the zoo's.

    Attributes:
        folder: Its folder.
        record: ``run.json``; None for a zoo folder.
        episodes: Training episodes; None if there is no monitor file.
        evaluations: Periodic evaluations; None if there are none.
        logged: Names of the numbers in ``progress.jsonl``, sorted.
        problems: One sentence for every file that could not be read.
    """

    folder: RunFolder
    record: RunRecord | None
    episodes: MonitorEpisodes | None
    evaluations: Evaluations | None
    logged: tuple[str, ...]
    problems: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """``<algo>/<env id>_<n>``."""
        return f"{self.folder.algo}/{self.folder.path.name}"

    def log(self, key: str) -> tuple[Floats, Floats]:
        """Return the steps and values logged as ``key``, (n,) each, empty if there are none.

        Where a resumed run logged a stretch again, the later session counts.
        """
        steps, values = load_progress(self.folder.progress_file, key)
        return steps.astype(float), values


def load_reported_run(path: Path) -> ReportedRun:
    """Read the run in folder ``path``.

    Raises:
        UsageError: If it is no run folder.
    """
    folder = open_run_folder(path)
    problems: list[str] = []
    return ReportedRun(
        folder,
        _tried(lambda: read_record(folder), problems),
        _tried(lambda: load_training_episodes(folder), problems),
        _tried(lambda: load_evaluations(folder.evaluations), problems),
        _tried(lambda: _logged_names(folder.progress_file), problems) or (),
        tuple(problems),
    )


def _tried(read: Callable[[], T], problems: list[str]) -> T | None:
    try:
        return read()
    except NothingFoundError:
        return None
    except DamagedFileError as error:
        problems.append(str(error))
        return None


def _logged_names(file: Path) -> tuple[str, ...]:
    if not file.is_file():
        return ()
    names: set[str] = set()
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            row: Any = json.loads(line)
        except ValueError:
            continue  # load_progress tells which lines are damaged
        if isinstance(row, dict):
            names.update(row)
    return tuple(sorted(names - {"step"}))
