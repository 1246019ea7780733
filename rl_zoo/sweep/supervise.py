"""Let an executor run what is left of a sweep, until everything has ended or is told to."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from rl_zoo.executors.job import Executor, Job, JobHandle, JobState
from rl_zoo.sweep.display import SweepDisplay
from rl_zoo.sweep.folder import SweepFolder
from rl_zoo.sweep.locks import is_locked
from rl_zoo.sweep.plan import SweepPlan, SweepRow
from rl_zoo.sweep.standing import read_standings

_POLL_PERIOD = 0.1
_ENDED = (JobState.DONE, JobState.FAILED, JobState.KILLED, JobState.CANCELLED)
INTERRUPTED = 130
"""Exit code of a run that was told to stop and has saved everything."""
MAX_KILLS = 2
"""Times that a run whose process was killed is continued at once."""


class Supervisor:
    """Runs a sweep.

    Args:
        folder: Folder of the sweep, locked by this process.
        plan: The sweep.
        executor: Runs the jobs; it is closed by the caller.
        make_job: Returns the job of a row.
    """

    def __init__(
        self,
        folder: SweepFolder,
        plan: SweepPlan,
        executor: Executor,
        make_job: Callable[[SweepRow], Job],
    ) -> None:
        self.folder = folder
        self.plan = plan
        self.executor = executor
        self.make_job = make_job
        self.display = SweepDisplay(lambda: read_standings(folder, plan))
        self.failed: dict[str, Path] = {}
        """Rows whose run went wrong, and where it says how."""
        self._handles: dict[str, JobHandle] = {}
        self._kills: Counter[str] = Counter()

    def run(self, stop_reason: Callable[[], str | None]) -> None:
        """Return once every run has ended, here or elsewhere, or a stop is requested.

        Args:
            stop_reason: Returns why to stop, or None.
        """
        self._handles = {handle.job.name: handle for handle in self.executor.earlier()}
        standings = read_standings(self.folder, self.plan)
        open_rows = [standing.row for standing in standings if not standing.is_finished]
        while open_rows and stop_reason() is None:
            open_rows = self._submit_free(open_rows)
            open_rows = [row for row in open_rows if not self._has_ended(row)]
            self.display.refresh()
            time.sleep(_POLL_PERIOD if open_rows else 0.0)
        self.display.clear()

    def cancel_command(self) -> str:
        """Return the shell command that ends the jobs that go on without this process, if any."""
        going = [handle for handle in self._handles.values() if handle.state() not in _ENDED]
        return self.executor.cancel_command(going) if going and self.executor.detaches() else ""

    def _submit_free(self, rows: list[SweepRow]) -> list[SweepRow]:
        """Submit the rows that nobody trains; return those that are not finished."""
        free = [
            row
            for row in rows
            if row.key not in self._handles and not is_locked(self.folder.row_lock(row))
        ]
        if not free:
            return rows
        # One that went on elsewhere may have finished meanwhile.
        standings = read_standings(self.folder, self.plan)
        finished = {standing.row for standing in standings if standing.is_finished}
        jobs = [self.make_job(row) for row in free if row not in finished]
        for handle in self.executor.submit(jobs) if jobs else ():
            self._handles[handle.job.name] = handle
        return [row for row in rows if row not in free or row not in finished]

    def _has_ended(self, row: SweepRow) -> bool:
        handle = self._handles.get(row.key)
        if handle is None:  # it is trained elsewhere
            return False
        state = handle.state()
        if state not in _ENDED:
            return False
        if state is JobState.KILLED and self._kills[row.key] < MAX_KILLS:
            self._kills[row.key] += 1
            del self._handles[row.key]
            self.display.tell(f"{row.key}: {handle.describe()} was killed; it is continued")
            return False
        has_failed = state is JobState.FAILED and handle.exit_code() != INTERRUPTED
        if has_failed or state is JobState.KILLED:
            self.failed[row.key] = handle.job.log
            how = f"failed with exit code {handle.exit_code()}" if has_failed else "was killed"
            self.display.tell(f"{row.key}: {how}, see {handle.job.log}")
        return True
