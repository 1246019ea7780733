"""Workers that do one thing together: keep as many of them at it as were asked for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rl_zoo import console
from rl_zoo.executors.job import Executor, Job, JobHandle, JobState

INTERRUPTED = 130
NOTHING_FOUND = 3
_DEATHS_BEYOND = 2
"""Deaths without progress that are too many, beyond one of every worker."""
_TAIL_LINES = 8


class Crew:
    """Start workers, replace those that are killed, and note those that fail.

    A worker that fails (a mistake, an import that does not work) would fail again; one that was
    killed (no memory, a machine that is gone) is replaced, unless nothing gets done any more.

    Args:
        executor: Where they run.
        jobs: The workers.
    """

    def __init__(self, executor: Executor, jobs: Sequence[Job]) -> None:
        self.executor = executor
        self.jobs = jobs
        self.failed: list[JobHandle] = []
        self.is_interrupted = False
        """Whether a worker was interrupted by the user, in this process."""
        self.gave_up: JobHandle | None = None
        """The last worker that was killed, once there were too many of them."""
        self._at_work: list[JobHandle] = []
        self._deaths = 0
        self._progress = 0

    def start(self) -> int:
        """Start the workers that do not work yet; return how many went on from an earlier time."""
        earlier = list(self.executor.earlier())
        names = {handle.job.name for handle in earlier}
        self._at_work = earlier
        self._submit([job for job in self.jobs if job.name not in names])
        return len(earlier)

    def step(self, progress: int) -> None:
        """Look after the workers.

        Args:
            progress: A number that grows as things get done.
        """
        if progress > self._progress:
            self._progress, self._deaths = progress, 0
        states = [(handle, handle.state()) for handle in self._at_work]
        going = (JobState.WAITING, JobState.RUNNING)
        self._at_work = [handle for handle, state in states if state in going]
        killed = [handle for handle, state in states if _was_killed(handle, state)]
        self.is_interrupted |= any(state is JobState.CANCELLED for _, state in states)
        self.failed += [
            handle
            for handle, state in states
            if state is JobState.FAILED and handle.exit_code() not in (NOTHING_FOUND, INTERRUPTED)
        ]
        if killed:
            self._replace(killed)

    def is_at_work(self) -> bool:
        """Say whether a worker waits or runs."""
        return bool(self._at_work)

    def places(self) -> str:
        """Return where the workers at work are found."""
        return ", ".join(handle.describe() for handle in self._at_work)

    def cancel_command(self) -> str:
        """Return the shell command that ends the workers at work."""
        return self.executor.cancel_command(self._at_work)

    def cancel(self) -> None:
        """Ask all workers to save and end."""
        for handle in self._at_work:
            handle.cancel()

    def _replace(self, killed: Sequence[JobHandle]) -> None:
        self._deaths += len(killed)
        if self._deaths > len(self.jobs) + _DEATHS_BEYOND:
            self.gave_up = killed[-1]
            return
        for handle in killed:
            console.warn(f"{handle.job.name} ({handle.describe()}) was killed; it is replaced")
        by_name = {job.name: job for job in self.jobs}
        self._submit([by_name[h.job.name] for h in killed if h.job.name in by_name])

    def _submit(self, jobs: Sequence[Job]) -> None:
        if jobs:
            self._at_work = [*self._at_work, *self.executor.submit(jobs)]


def tail_of(log: Path) -> str:
    """Return the last lines that a job has printed."""
    try:
        lines = log.read_text(errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join(line for line in lines[-_TAIL_LINES:] if line.strip())


def last_error(log: Path) -> str:
    """Return the last error that a job has printed, in one line."""
    lines = tail_of(log).splitlines()
    told = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    return (told or lines or ["it printed nothing"])[-1]


def _was_killed(handle: JobHandle, state: JobState) -> bool:
    return state is JobState.KILLED or (
        state is JobState.FAILED and handle.exit_code() == INTERRUPTED
    )
