"""Jobs as processes of this machine: ``--workers N``."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from rl_zoo.executors.child import start_child
from rl_zoo.executors.job import ExecutorOptions, Job, JobHandle, JobState

SAVING_TIME = 300.0
"""Seconds that jobs have to save when they are ended; then they are killed."""
_POLL_PERIOD = 0.05


class ProcessExecutor:
    """Run jobs as child processes, so many at a time; the others wait.

    A child is the leader of a session: the terminal's Ctrl-C reaches only the parent, which decides
    what becomes of the children. They end with the parent even where that is killed.

    Args:
        options: ``places`` processes run side by side.
    """

    def __init__(self, options: ExecutorOptions) -> None:
        self.places = max(1, options.places)
        self._waiting: deque[ProcessHandle] = deque()
        self._running: list[ProcessHandle] = []
        self._lock = threading.RLock()
        self._life: tuple[int, int] | None = None

    def submit(self, jobs: Sequence[Job]) -> list[ProcessHandle]:
        """Start jobs; those that find no free place wait.

        Raises:
            ZooError: If no process can be started.
        """
        handles = [ProcessHandle(job, self.refresh) for job in jobs]
        with self._lock:
            self._waiting.extend(handles)
            self.refresh()
        return handles

    def refresh(self) -> None:
        """Note which processes ended, and start waiting jobs in their places."""
        with self._lock:
            self._running = [handle for handle in self._running if not handle.has_ended()]
            while self._waiting and len(self._running) < self.places:
                handle = self._waiting.popleft()
                if handle.start(self._life_line()):
                    self._running.append(handle)

    def detaches(self) -> bool:
        """Jobs end with this process."""
        return False

    def earlier(self) -> list[JobHandle]:
        """Return nothing: no job outlives its parent."""
        return []

    def cancel_command(self, handles: Sequence[JobHandle]) -> str:
        """Return the shell command that ends these jobs."""
        return " ".join(["kill", *(str(h.process_id()) for h in handles if h.process_id())])

    def describe(self) -> str:
        """Return in a few words where jobs run."""
        return f"{self.places} process{'es' if self.places > 1 else ''} of this machine"

    def close(self) -> None:
        """Ask what runs to save and end, and wait for it.

        Raises:
            KeyboardInterrupt: If Ctrl-C comes meanwhile: everything was killed.
        """
        try:
            with self._lock:
                while self._waiting:
                    self._waiting.popleft().cancel()
                self._end_running()
        finally:
            for handle in self._running:
                handle.kill()
            self._running = []
            for descriptor in self._life or ():
                os.close(descriptor)
            self._life = None

    def _end_running(self) -> None:
        self.refresh()
        for handle in self._running:
            handle.cancel()
        deadline = time.monotonic() + SAVING_TIME
        while self._running and time.monotonic() < deadline:
            time.sleep(_POLL_PERIOD)
            self.refresh()

    def _life_line(self) -> int:
        """Return the reading end of the pipe that ends with this process."""
        if self._life is None:
            self._life = os.pipe()
        return self._life[0]


class ProcessHandle:
    """A job as a process.

    Args:
        job: The job.
        refresh: Brings its executor up to date.
    """

    def __init__(self, job: Job, refresh: Callable[[], None]) -> None:
        self.job = job
        self._refresh = refresh
        self._process: subprocess.Popen[bytes] | None = None
        self._is_cancelled = False

    def state(self) -> JobState:
        """Return where it stands; waiting jobs of its executor get free places."""
        self._refresh()
        code = None if self._process is None else self._process.returncode
        if code == 0:
            return JobState.DONE
        if self._is_cancelled and (code is not None or self._process is None):
            return JobState.CANCELLED
        if self._process is None:
            return JobState.WAITING
        if code is None:
            return JobState.RUNNING
        return JobState.KILLED if code < 0 else JobState.FAILED

    def exit_code(self) -> int | None:
        """Return its exit code; None while it runs or where a signal ended it."""
        self._refresh()
        code = None if self._process is None else self._process.returncode
        return None if code is None or code < 0 else code

    def process_id(self) -> int | None:
        """Return the id of its process; None while it waits."""
        return None if self._process is None else self._process.pid

    def describe(self) -> str:
        """Return where it is found."""
        return "no process yet" if self._process is None else f"process {self._process.pid}"

    def cancel(self) -> None:
        """Send SIGTERM, or take it out of the queue."""
        self._is_cancelled = True
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()

    def kill(self) -> None:
        """Kill it and whatever it started."""
        if self._process is not None and self._process.returncode is None:
            _kill_group(self._process.pid)
            self._process.wait()

    def start(self, life_line: int) -> bool:
        """Start the process, unless the job was cancelled; say whether it was started.

        Args:
            life_line: Descriptor that ends with this process; see ``rl_zoo.executors.child``.

        Raises:
            ZooError: If it cannot be started.
        """
        if self._is_cancelled:
            return False
        self._process = start_child(self.job, life_line)
        return True

    def has_ended(self) -> bool:
        """Say whether the process has ended; what a killed one left behind is killed too."""
        process = self._process
        if process is None or process.returncode is not None:
            return True
        ended = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is None:
            return False
        if ended.si_code != os.CLD_EXITED:
            _kill_group(process.pid)
        process.wait()
        return True


def _kill_group(process_id: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process_id, signal.SIGKILL)
