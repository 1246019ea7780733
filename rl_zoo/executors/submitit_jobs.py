"""Jobs of a cluster through submitit: ``--cluster slurm``, ``local``, ``debug``."""

from __future__ import annotations

import math
import shlex
import shutil
import signal
import socket
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import submitit
from submitit.helpers import DelayedSubmission, clean_env

from rl_zoo.errors import ConfigError
from rl_zoo.executors.in_process import InProcessExecutor, run_here
from rl_zoo.executors.job import ExecutorOptions, Job, JobHandle
from rl_zoo.executors.job_records import JobRecord, Queue, add_records, read_records
from rl_zoo.executors.local_queue import LocalQueue
from rl_zoo.executors.running_command import RunningCommand
from rl_zoo.executors.slurm_queue import SlurmQueue
from rl_zoo.executors.submitted import SubmittedHandle

MAX_TIME_OUTS = 1000
"""Times that a job may reach its time limit and be queued again."""
_LONGEST_WARNING = 300.0
"""Seconds before its time limit at which a job is told to save, if the limit is long enough."""


def slurm_executor(options: ExecutorOptions) -> SubmititExecutor:
    """Return the executor of a SLURM cluster.

    Raises:
        ConfigError: If there is no SLURM here, or an option cannot be used.
    """
    for program in ("sbatch", "srun", "squeue"):
        if shutil.which(program) is None:
            raise ConfigError(
                f"--cluster slurm: there is no {program} on the PATH; start this where jobs are "
                "submitted, or use --cluster local"
            )
    _make_slurm(options, options.folder)  # creates nothing
    return SubmititExecutor(
        options, "slurm", lambda folder: _make_slurm(options, folder), SlurmQueue()
    )


def local_executor(options: ExecutorOptions) -> SubmititExecutor:
    """Return the executor that treats this machine as a cluster.

    Raises:
        ConfigError: If there are options of sbatch.
    """
    if options.more:
        keys = " ".join(options.more)
        raise ConfigError(f"--cluster-option {keys}: is for --cluster slurm")
    return SubmititExecutor(
        options, "local", lambda folder: _make_local(options, folder), LocalQueue()
    )


class SubmittedCommand(RunningCommand):
    """A job that can be preempted: it saves and is queued again."""

    def checkpoint(self) -> Any:
        """Save; return what is queued again. Submitit calls this on SIGUSR2."""
        self.stop()
        return DelayedSubmission(self)


class SubmititExecutor:
    """Submit jobs that go on when this process ends.

    Args:
        options: ``places`` jobs run side by side.
        cluster: Its name.
        make: Returns submitit's executor that writes into a folder.
        queue: What the cluster says about its jobs.
    """

    def __init__(
        self,
        options: ExecutorOptions,
        cluster: str,
        make: Callable[[Path], Any],
        queue: Queue,
    ) -> None:
        self.options = options
        self.cluster = cluster
        self._make = make
        self._queue = queue
        self._waiting: deque[SubmittedHandle] = deque()
        self._submitted: list[SubmittedHandle] = []

    def submit(self, jobs: Sequence[Job]) -> list[SubmittedHandle]:
        """Submit jobs, as one array where there are several.

        Raises:
            ConfigError: If the cluster refuses them.
        """
        handles = [SubmittedHandle(job, self._queue, self.refresh) for job in jobs]
        self._waiting.extend(handles)
        self.refresh()
        return handles

    def refresh(self) -> None:
        """Submit waiting jobs for which there is a place; SLURM has a queue of its own."""
        free = len(self._waiting)
        if free and self.cluster == "local":
            busy = [handle for handle in self._submitted if not handle.has_ended()]
            free = max(0, min(free, self.options.places - len(busy)))
        batch = [self._waiting.popleft() for _ in range(free)]
        batch = [handle for handle in batch if not handle.is_cancelled]
        if batch:
            self._send(batch)

    def detaches(self) -> bool:
        """Jobs go on when this process ends."""
        return True

    def earlier(self) -> list[JobHandle]:
        """Return the jobs that an earlier process submitted from this folder and that go on."""
        handles = [
            SubmittedHandle(record.job, self._queue, self.refresh, record)
            for record in read_records(self.options.folder)
            if record.cluster == self.cluster
            and record.result() is None
            and self._queue.has(record)
        ]
        self._submitted += handles
        return list[JobHandle](handles)

    def cancel_command(self, handles: Sequence[JobHandle]) -> str:
        """Return the shell command that ends these jobs."""
        own = [handle for handle in handles if isinstance(handle, SubmittedHandle)]
        records = [handle.record for handle in own if handle.record is not None]
        word = "kill" if self.cluster == "local" else "scancel"
        return " ".join([word, *(record.job_id for record in records)])

    def describe(self) -> str:
        """Return in a few words where jobs run."""
        kind = "local" if self.cluster == "local" else "SLURM"
        places = self.options.places
        return f"{places} {kind} job{'s' if places > 1 else ''}"

    def close(self) -> None:
        """Drop jobs that were never submitted; the others go on."""
        while self._waiting:
            self._waiting.popleft().cancel()

    def _send(self, handles: Sequence[SubmittedHandle]) -> None:
        stamp = f"{time.strftime('%Y%m%d-%H%M%S')}_{uuid.uuid4().hex[:6]}"
        folder = self.options.folder.absolute() / stamp
        commands = [SubmittedCommand(handle.job) for handle in handles]
        try:
            with _unheard_terminal(), clean_env():
                jobs = self._make(folder).submit_array(commands)
        except Exception as error:  # submitit and sbatch have their own
            raise ConfigError(
                f"--cluster {self.cluster}: jobs are refused: {_last_line(error)}"
            ) from error
        host = socket.gethostname()
        for handle, job in zip(handles, jobs, strict=True):
            handle.record = JobRecord(handle.job, self.cluster, str(job.job_id), folder, host)
            handle.submitted = job
        self._submitted += handles
        add_records(self.options.folder, [h.record for h in handles if h.record is not None])


class DebugExecutor(InProcessExecutor):
    """Run jobs in this process, as submitit does to debug them.

    Args:
        options: Only the folder matters.
    """

    def __init__(self, options: ExecutorOptions) -> None:
        super().__init__()
        self._debug = submitit.DebugExecutor(options.folder)

    def _run(self, job: Job) -> int:
        return int(self._debug.submit(run_here, job).result())


def _make_slurm(options: ExecutorOptions, folder: Path) -> Any:
    executor = submitit.SlurmExecutor(folder, max_num_timeout=MAX_TIME_OUTS)
    parameters: dict[str, Any] = {
        "job_name": options.name,
        "time": max(1, math.ceil(options.minutes)),
        "cpus_per_task": options.cpus,
        "ntasks_per_node": 1,
        "array_parallelism": options.places,
        "signal_delay_s": _warning_time(options),
        "wckey": None,  # submitit's own mark; many clusters refuse unknown ones
    }
    if options.gpus:
        parameters["gpus_per_node"] = options.gpus
    if options.memory is not None:
        parameters["mem"] = f"{math.ceil(1024 * options.memory)}MB"
    if options.partition is not None:
        parameters["partition"] = options.partition
    others: dict[str, Any] = {"requeue": True}  # what preempts it queues it again
    for key, text in options.more.items():
        name = key.lstrip("-").replace("-", "_")
        known = name in executor._valid_parameters()
        (parameters if known else others)[name] = _sbatch_value(name, text)
    others = {name: value for name, value in others.items() if value is not False}
    executor.update_parameters(**parameters, additional_parameters=others)
    return executor


def _make_local(options: ExecutorOptions, folder: Path) -> Any:
    executor = submitit.LocalExecutor(folder, max_num_timeout=MAX_TIME_OUTS)
    executor.update_parameters(
        timeout_min=options.minutes,
        gpus_per_node=options.gpus,
        signal_delay_s=_warning_time(options),
    )
    return executor


def _warning_time(options: ExecutorOptions) -> int:
    """Return how many seconds before its time limit a job is told to save."""
    return math.ceil(min(_LONGEST_WARNING, 60 * options.minutes / 5))


def _sbatch_value(name: str, text: str) -> Any:
    if name in ("setup", "teardown"):
        return [text]
    if name == "srun_args":
        return shlex.split(text)
    words = {"true": True, "false": False}
    return words.get(text.lower(), int(text) if text.isdecimal() else text)


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__


@contextmanager
def _unheard_terminal() -> Iterator[None]:
    """Let processes that are started meanwhile ignore Ctrl-C and a terminal that closes."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGHUP)
    previous = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
