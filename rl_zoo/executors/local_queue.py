"""What this machine says about submitit's local jobs: each is a process."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
from pathlib import Path

from rl_zoo.executors.job import JobState
from rl_zoo.executors.job_records import JobRecord


class LocalQueue:
    """The processes that run local jobs."""

    def has(self, record: JobRecord) -> bool:
        """Say whether its process is there, and is no other one with the same number."""
        if record.host != socket.gethostname():
            return False
        try:
            command = Path(f"/proc/{int(record.job_id)}/cmdline").read_bytes()
        except (OSError, ValueError):
            return False
        return str(record.folder).encode() in command.split(b"\0")

    def state(self, record: JobRecord) -> JobState:
        """Return RUNNING, or KILLED where its process is gone."""
        return JobState.RUNNING if self.has(record) else JobState.KILLED

    def cancel(self, record: JobRecord) -> None:
        """Send SIGTERM, which is passed on to the command."""
        if self.has(record):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(record.job_id), signal.SIGTERM)
