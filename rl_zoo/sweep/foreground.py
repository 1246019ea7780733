"""Jobs in this process, one after another: where an operator at the terminal is asked things."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from rl_zoo.executors.job import Job, JobHandle
from rl_zoo.executors.submitted import FinishedHandle


class ForegroundExecutor:
    """Run jobs here when they are submitted; those after one that did not end well are not run."""

    def submit(self, jobs: Sequence[Job]) -> list[FinishedHandle]:
        """Run the jobs."""
        handles: list[FinishedHandle] = []
        is_over = False
        for job in jobs:
            code = None if is_over else _run(job)
            is_over = is_over or code != 0
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
        return "this process, one run after another"

    def close(self) -> None:
        """Do nothing: no job runs any more."""


def _run(job: Job) -> int:
    try:
        return int(importlib.import_module(job.module).main(list(job.argv)))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 2
