"""Start the processes of a run, and tell them what they need.

A process is ``python -m <module>`` with what it inherits: the supervisor's standard streams (an
operator answers the robot's questions there), shared memory, and one end of a pipe. What it is to
do arrives as one pickled ``Task``.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from rl_zoo.runs.folder import RunFolder
from rl_zoo.train_options import TrainOptions

FLAG = "--task-descriptor"
_SIGNALS = (signal.SIGINT, signal.SIGHUP, signal.SIGTERM)


@dataclass(frozen=True)
class Task:
    """What a process of the run needs to know; file descriptors are inherited."""

    options: TrainOptions
    folder: RunFolder
    board: int
    """Descriptor of ``rl_zoo.realtime.board.Board``."""
    parameters: int
    """Descriptor of the published parameters."""
    events: int
    """Descriptor to write events to, one JSON object per line; never blocks."""
    owner_pid: int
    """Process id of the supervisor."""
    owner_pipe: int
    """Descriptor whose other end only the supervisor holds: it closes with the supervisor."""
    core: int | None = None
    """To run on; None: any."""
    restored_step: int = 0
    """Transitions of the checkpoint to continue from; 0: from the beginning."""
    elapsed: float = 0.0
    """Seconds of training before this session."""
    begins_with_policy: bool = False
    """Whether the run began with the policy of another one (``-i``): nothing is done at random."""


def start(
    module: str, task: Task, environment: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start ``module`` with ``task``.

    Args:
        module: Its main function calls ``receive``.
        task: Its descriptors stay open in this process.
        environment: Variables over this process's.
    """
    reading, writing = os.pipe()
    inherited = (reading, task.board, task.parameters, task.events, task.owner_pipe)
    # A Ctrl-C reaches the whole process group: held back until the new process can ignore it.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", module, FLAG, str(reading)],
            pass_fds=inherited,
            env={**os.environ, **(environment or {})},
        )
    except BaseException:
        os.close(writing)
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.close(reading)
    with contextlib.suppress(BrokenPipeError), os.fdopen(writing, "wb") as stream:
        _TaskPickler(stream).dump(task)
    return process


def receive(argv: list[str]) -> Task:
    """Return the task of this process, which from now on leaves signals to the supervisor."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
    with os.fdopen(int(argv[argv.index(FLAG) + 1]), "rb") as stream:
        task = pickle.load(stream)  # written by our own parent process
    assert isinstance(task, Task)
    return task


class _TaskPickler(pickle.Pickler):
    """Pickles configurations, whose mappings are read-only."""

    def reducer_override(self, value: Any) -> Any:
        """Take a read-only mapping apart; leave everything else to ``pickle``."""
        if isinstance(value, MappingProxyType):
            return _read_only, (dict(value),)
        return NotImplemented


def _read_only(content: dict[str, Any]) -> MappingProxyType[str, Any]:
    return MappingProxyType(content)
