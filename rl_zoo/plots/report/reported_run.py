"""Everything a report needs to know of one run, read once; what cannot be read is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from rl_zoo.errors import DamagedFileError, NothingFoundError, UsageError
from rl_zoo.plots.curves import latest_rows
from rl_zoo.plots.report.record_check import check_record
from rl_zoo.plots.statistics import Floats
from rl_zoo.runs.folder import RunFolder, open_run_folder
from rl_zoo.runs.plain_folder import holds_run, name_plain_run
from rl_zoo.runs.progress import load_progress_table
from rl_zoo.runs.record import RunRecord, read_record
from rl_zoo.runs.results import (
    Evaluations,
    MonitorEpisodes,
    load_evaluations,
    load_training_episodes,
)

if TYPE_CHECKING:
    from rl_zoo.runs.progress import Series

T = TypeVar("T")


@dataclass(frozen=True)
class ReportedRun:
    """One run, ours or the zoo's.

    Attributes:
        folder: Its folder.
        algo: Short name of the algorithm.
        record: ``run.json``; None for a zoo folder.
        episodes: Training episodes; None if there is no monitor file.
        evaluations: Periodic evaluations; None if there are none.
        progress: Steps and values of everything in ``progress.jsonl``, (n,) each, by name.
        problems: One sentence for every file that could not be read.
    """

    folder: RunFolder
    algo: str
    record: RunRecord | None
    episodes: MonitorEpisodes | None
    evaluations: Evaluations | None
    progress: Mapping[str, Series]
    problems: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """``<algo>/<env id>_<n>``."""
        return f"{self.folder.algo}/{self.folder.path.name}"

    @property
    def logged(self) -> tuple[str, ...]:
        """Names of the numbers in ``progress.jsonl``, sorted."""
        return tuple(self.progress)

    @property
    def control_frequency(self) -> float | None:
        """Steps per second of robot time; None if the run has no robot."""
        robot = self.record.robot if self.record is not None else None
        frequency = (robot or {}).get("control_frequency")
        return float(frequency) if frequency else None

    def log(self, key: str) -> tuple[Floats, Floats]:
        """Return the steps and values logged as ``key``, (n,) each, empty if there are none.

        Where a resumed run logged a stretch again, the later session counts.
        """
        if key not in self.progress:
            return np.zeros(0), np.zeros(0)
        steps, values = self.progress[key]
        rows = latest_rows(steps)
        return steps[rows].astype(float), values[rows]


def load_reported_run(path: Path) -> ReportedRun:
    """Read the run in folder ``path``.

    Raises:
        UsageError: If it is no run folder.
    """
    folder, algo = _open(path)
    problems: list[str] = []
    return ReportedRun(
        folder,
        algo,
        _tried(lambda: _read_record(folder), problems),
        _tried(lambda: load_training_episodes(folder), problems),
        _tried(lambda: load_evaluations(folder.evaluations), problems),
        _tried(lambda: load_progress_table(folder.progress_file), problems) or {},
        tuple(problems),
    )


def _open(path: Path) -> tuple[RunFolder, str]:
    """Return a run folder and its algorithm, also of one as SB3's own callbacks write it."""
    try:
        folder = open_run_folder(path)
    except UsageError:
        if not holds_run(path):
            raise
        algo, env_name = name_plain_run(path)
        return RunFolder(path.resolve(), env_name), algo
    return folder, folder.algo


def _read_record(folder: RunFolder) -> RunRecord | None:
    record = read_record(folder)
    return None if record is None else check_record(folder, record)


def _tried(read: Callable[[], T], problems: list[str]) -> T | None:
    try:
        return read()
    except NothingFoundError:
        return None
    except DamagedFileError as error:
        problems.append(str(error))
        return None
