"""What an executor runs and what it tells about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class Job:
    """One command, written so that running it again continues what it left unfinished."""

    name: str
    """Shown to the user; letters, digits, ``-`` and ``_``."""
    module: str
    """Module whose ``main`` runs, e.g. ``rl_zoo.tune``."""
    argv: tuple[str, ...]
    """Its flags."""
    log: Path
    """File that gets what it prints; it is appended to."""


class JobState(Enum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    """Ended with exit code 0."""
    FAILED = "failed"
    """Ended with another exit code."""
    KILLED = "killed"
    """Ended by a signal, or its machine is gone."""
    CANCELLED = "cancelled"


class JobHandle(Protocol):
    """One submitted job."""

    job: Job

    def state(self) -> JobState:
        """Return where it stands; never blocks. Asking is also what starts waiting jobs."""

    def exit_code(self) -> int | None:
        """Return its exit code; None while it runs or where a signal ended it."""

    def process_id(self) -> int | None:
        """Return the id of its process on this machine; None if it runs elsewhere."""

    def describe(self) -> str:
        """Return where it is found, e.g. ``process 4711`` or ``job 88_2``."""

    def cancel(self) -> None:
        """Ask it to stop: SIGTERM, upon which our commands save everything."""


@runtime_checkable
class Executor(Protocol):
    """Runs jobs. ``close`` is called once, in a ``finally``."""

    def submit(self, jobs: Sequence[Job]) -> Sequence[JobHandle]:
        """Submit jobs; those that find no free place wait.

        Raises:
            ConfigError: If they cannot be submitted.
        """

    def detaches(self) -> bool:
        """Say whether jobs go on when this process ends."""

    def describe(self) -> str:
        """Return in a few words where jobs run, e.g. ``2 processes of this machine``."""

    def earlier(self) -> Sequence[JobHandle]:
        """Return the jobs that an earlier process submitted from this folder and that go on."""

    def cancel_command(self, handles: Sequence[JobHandle]) -> str:
        """Return the shell command that ends these jobs, where they go on without this process."""

    def close(self) -> None:
        """End what runs here, saving first; jobs of a cluster go on.

        Raises:
            KeyboardInterrupt: If Ctrl-C comes meanwhile: everything was killed.
        """


@dataclass(frozen=True)
class ExecutorOptions:
    """What ``--workers`` and the ``--cluster`` flags say."""

    places: int
    """Jobs that may run side by side."""
    folder: Path
    """Where submission files and logs are kept; every machine must see it."""
    name: str = "rl_zoo"
    minutes: float = 240
    cpus: int = 1
    gpus: int = 0
    memory: float | None = None
    """GB per job."""
    partition: str | None = None
    more: dict[str, str] = field(default_factory=dict)
    """Further options of sbatch."""
