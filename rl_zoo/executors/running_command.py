"""What a cluster runs for a job: the command as a child process, to which signals are passed on."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from types import FrameType
from typing import Any

from rl_zoo.executors.child import start_child
from rl_zoo.executors.job import Job

_POLL_PERIOD = 0.2
_DECISION_TIME = 120.0
"""Seconds that SLURM gets, after SIGTERM, to requeue or kill a job that has saved."""


class RunningCommand:
    """Call it in the job's process on the cluster.

    Args:
        job: The job; it is all that is pickled.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self._child: subprocess.Popen[bytes] | None = None
        self._is_told_to_stop = False

    def __getstate__(self) -> dict[str, Any]:
        return {"job": self.job, "_child": None, "_is_told_to_stop": False}

    def __call__(self) -> int:
        """Run the command to its end; return its exit code, negative if a signal killed it.

        SLURM announces a preemption by SIGTERM, and a job that ends then counts as completed. So
        this waits, once the command has saved, for what SLURM makes of the job.
        """
        reading, writing = os.pipe()
        try:
            signal.signal(signal.SIGTERM, self._forward)
            self._child = start_child(self.job, reading)
            self._wait()
            code = self._child.wait()
        finally:
            os.close(writing)
            os.close(reading)
        if self._is_told_to_stop and "SLURM_JOB_ID" in os.environ:
            time.sleep(_DECISION_TIME)
        return code

    def stop(self) -> None:
        """Send SIGTERM to the command and wait until it has saved and ended."""
        if self._child is not None:
            self._child.terminate()
            self._wait()

    def _forward(self, number: int, frame: FrameType | None) -> None:
        self._is_told_to_stop = True
        if self._child is not None:
            self._child.terminate()

    def _wait(self) -> None:
        # Not Popen.wait: a signal's handler that waits inside it would wait for ever.
        with contextlib.suppress(ChildProcessError):  # somebody else noted its end
            while self._child is not None:
                state = os.WEXITED | os.WNOHANG | os.WNOWAIT
                if os.waitid(os.P_PID, self._child.pid, state) is not None:
                    return
                time.sleep(_POLL_PERIOD)
