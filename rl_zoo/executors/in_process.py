"""Jobs in this process, one after another: where an operator at the terminal is asked things."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from rl_zoo.executors.job import Job, JobHandle
from rl_zoo.executors.submitted import FinishedHandle

_INTERRUPTED = 130


class InProcessExecutor:
    """Run jobs when they are submitted; those after an interrupted one are not run.

    Args:
        stops_at_failure: Do not run those after one that failed, either.
    """

    def __init__(self, *, stops_at_failure: bool = False) -> None:
        self.stops_at_failure = stops_at_failure

    def submit(self, jobs: Sequence[Job]) -> list[FinishedHandle]:
        """Run the jobs."""
        handles: list[FinishedHandle] = []
        is_over = False
        for job in jobs:
            code = None if is_over else self._run(job)
            is_over = is_over or code == _INTERRUPTED or (self.stops_at_failure and code != 0)
            handles.append(FinishedHandle(job, code))
        return handles

    def detaches(self) -> bool:
        """Jobs end with this process."""
        return False

    def earlier(self) -> list[JobHandle]:
        """Return nothing: no job outlives this process."""
        return []

    def cancel_command(self, handles: Sequence[JobHandle]) -> str:
        """Return nothing: when this process can be asked, no job runs."""
        return ""

    def describe(self) -> str:
        """Return in a few words where jobs run."""
        return "this process, one job after another"

    def close(self) -> None:
        """Do nothing: no job runs any more."""

    def _run(self, job: Job) -> int:
        return run_here(job)


def run_here(job: Job) -> int:
    """Run the command of ``job`` in this process; return its exit code."""
    try:
        return int(importlib.import_module(job.module).main(list(job.argv)))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 2
