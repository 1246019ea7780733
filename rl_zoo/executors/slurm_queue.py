"""What SLURM's queue says about jobs, asked for all of them at once and not too often."""

from __future__ import annotations

import contextlib
import getpass
import subprocess
import time

from rl_zoo.executors.job import JobState
from rl_zoo.executors.job_records import JobRecord

_LONGEST_PERIOD = 30.0
_SHORTEST_PERIOD = 2.0
_TIME_OUT = 60.0
_GRACE = 60.0
"""Seconds for which a job may be missing before it counts as gone (network folders lag)."""
_WAITING = frozenset(
    {"PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "RESV_DEL_HOLD"}
    | {"SPECIAL_EXIT", "SUSPENDED", "STOPPED", "PREEMPTED"}
)


class SlurmQueue:
    """The state of this user's jobs, from ``squeue``; it needs no accounting."""

    def __init__(self) -> None:
        self._states: dict[str, str] | None = None
        self._missing: dict[str, float] = {}
        self._started = time.monotonic()
        self._asked = float("-inf")

    def has(self, record: JobRecord) -> bool:
        """Say whether it waits or runs; False too where ``squeue`` does not answer."""
        self._refresh()
        return self._states is not None and record.job_id in self._states

    def state(self, record: JobRecord) -> JobState:
        """Return whether a job waits, runs, or is gone (``KILLED``).

        A job that is missing counts as running for a minute: its result may be on its way.
        """
        self._refresh()
        now = time.monotonic()
        if self._states is None:
            return JobState.WAITING  # nobody knows yet
        if record.job_id in self._states:
            self._missing.pop(record.job_id, None)
            waits = self._states[record.job_id] in _WAITING
            return JobState.WAITING if waits else JobState.RUNNING
        missing_since = self._missing.setdefault(record.job_id, now)
        return JobState.KILLED if now - missing_since > _GRACE else JobState.RUNNING

    def cancel(self, record: JobRecord) -> None:
        """Take it out of the queue, or send it SIGTERM and, 30 seconds later, SIGKILL."""
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            subprocess.run(["scancel", record.job_id], capture_output=True, timeout=_TIME_OUT)

    def _refresh(self) -> None:
        now = time.monotonic()
        period = min(_LONGEST_PERIOD, max(_SHORTEST_PERIOD, (now - self._started) / 2))
        if now - self._asked < period:
            return
        self._asked = now
        command = ["squeue", "--noheader", "--array", "--user", getpass.getuser()]
        try:
            answer = subprocess.run(
                [*command, "--format", "%i|%T"],
                capture_output=True,
                text=True,
                check=True,
                timeout=_TIME_OUT,
            )
        except (OSError, subprocess.SubprocessError):
            return  # the controller is often busy for a while: what was known holds
        rows = [line.strip().partition("|") for line in answer.stdout.splitlines()]
        self._states = {job_id: state for job_id, _, state in rows if state}
