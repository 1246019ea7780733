"""A job of a cluster, seen from the process that submitted it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rl_zoo.executors.job import Job, JobState
from rl_zoo.executors.job_records import JobRecord, Queue

_INTERRUPTED = 130


class SubmittedHandle:
    """A job of a cluster.

    Args:
        job: The job.
        queue: What the cluster says about its jobs.
        refresh: Brings its executor up to date.
        record: Where it was submitted; None: not yet.
    """

    def __init__(
        self,
        job: Job,
        queue: Queue,
        refresh: Callable[[], None],
        record: JobRecord | None = None,
    ) -> None:
        self.job = job
        self.record = record
        self.submitted: Any = None
        """Submitit's own handle."""
        self.is_cancelled = False
        self._queue = queue
        self._refresh = refresh
        self._code: int | None = None

    def state(self) -> JobState:
        """Return where it stands; waiting jobs of its executor get free places."""
        self._refresh()
        return self._state()

    def has_ended(self) -> bool:
        """Say whether it neither waits nor runs."""
        return self._state() not in (JobState.WAITING, JobState.RUNNING)

    def exit_code(self) -> int | None:
        """Return its exit code; None while it runs or where a signal ended it."""
        code = self._result()
        return None if code is None or code < 0 else code

    def process_id(self) -> int | None:
        """Return None: its process may be on another machine."""
        return None

    def describe(self) -> str:
        """Return where it is found."""
        return "not submitted yet" if self.record is None else f"job {self.record.job_id}"

    def cancel(self) -> None:
        """Ask it to stop, or take it out of the queue."""
        self.is_cancelled = True
        if self.record is not None and not self.has_ended():
            self._queue.cancel(self.record)

    def _state(self) -> JobState:
        if self.record is None:
            return JobState.CANCELLED if self.is_cancelled else JobState.WAITING
        if self.submitted is not None:
            self.submitted.get_info(mode="cache")  # or a local one would stay in the process table
        code = self._result()
        if code is None:
            state = self._queue.state(self.record)
            code = self._result() if state is JobState.KILLED else None  # it ended in between
        if code is None:
            gone = state is JobState.KILLED and self.is_cancelled
            return JobState.CANCELLED if gone else state
        if code == 0:
            return JobState.DONE
        if self.is_cancelled:
            return JobState.CANCELLED
        return JobState.KILLED if code < 0 else JobState.FAILED

    def _result(self) -> int | None:
        if self._code is None and self.record is not None:
            self._code = self.record.result()
        return self._code


class FinishedHandle:
    """A job that has ended, or was never started.

    Args:
        job: The job.
        code: Its exit code; None: it was not started.
    """

    def __init__(self, job: Job, code: int | None) -> None:
        self.job = job
        self._code = code

    def state(self) -> JobState:
        """Return how it ended; one that the user interrupted was cancelled."""
        if self._code in (None, _INTERRUPTED):
            return JobState.CANCELLED
        return JobState.DONE if self._code == 0 else JobState.FAILED

    def exit_code(self) -> int | None:
        """Return its exit code."""
        return self._code

    def process_id(self) -> int | None:
        """Return None: it has no process of its own."""
        return None

    def describe(self) -> str:
        """Return where it was found."""
        return "this process"

    def cancel(self) -> None:
        """Do nothing: it has ended."""
