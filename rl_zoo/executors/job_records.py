"""Which jobs of a cluster were submitted from a folder: ``jobs.json``, for the next process."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rl_zoo.errors import DamagedFileError
from rl_zoo.executors.job import Job, JobState
from rl_zoo.runs.atomic import write_text
from rl_zoo.runs.safe_pickle import load_pickle

_FILE = "jobs.json"


@dataclass(frozen=True)
class JobRecord:
    """A submitted job. Its flags are not kept: there may be a password among them."""

    job: Job
    cluster: str
    job_id: str
    """``88``, or ``88_2`` in an array; the process on this machine for ``local``."""
    folder: Path
    """Where submitit keeps its files."""
    host: str
    """Machine from which it was submitted."""

    def result(self) -> int | None:
        """Return the exit code that it left; None: it left none (yet).

        Negative: a signal ended the command. 1 also if it failed before the command started.

        Raises:
            DamagedFileError: If what it left cannot be read.
        """
        file = self.folder / f"{self.job_id}_0_result.pkl"
        if not file.is_file():
            return None
        outcome, code = load_pickle(file)
        return int(code) if outcome == "success" else 1


class Queue(Protocol):
    """What a cluster says about the jobs that it has."""

    def has(self, record: JobRecord) -> bool:
        """Say whether the cluster has the job now."""

    def state(self, record: JobRecord) -> JobState:
        """Return WAITING, RUNNING, or KILLED where the cluster does not have it (any more)."""

    def cancel(self, record: JobRecord) -> None:
        """Ask it to stop."""


def add_records(folder: Path, records: Sequence[JobRecord]) -> None:
    """Remember submitted jobs.

    Args:
        folder: Folder of the study or sweep.
        records: The jobs.
    """
    rows = [_row(record) for record in [*read_records(folder), *records]]
    write_text(folder / _FILE, json.dumps(rows, indent=1) + "\n")


def read_records(folder: Path) -> list[JobRecord]:
    """Return the jobs that were ever submitted from ``folder``.

    Raises:
        DamagedFileError: If the file cannot be read.
    """
    file = folder / _FILE
    if not file.is_file():
        return []
    try:
        return [_record(row) for row in json.loads(file.read_text())]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DamagedFileError(
            f"{file}: is not a list of submitted jobs ({error}); delete it if none of them runs"
        ) from error


def _row(record: JobRecord) -> dict[str, Any]:
    job = record.job
    return {
        "name": job.name,
        "module": job.module,
        "log": str(job.log),
        "cluster": record.cluster,
        "id": record.job_id,
        "folder": str(record.folder),
        "host": record.host,
    }


def _record(row: dict[str, Any]) -> JobRecord:
    job = Job(row["name"], row["module"], (), Path(row["log"]))
    place = (str(row["cluster"]), str(row["id"]), Path(row["folder"]), str(row["host"]))
    return JobRecord(job, *place)
