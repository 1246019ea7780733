"""Starting a control process and its recorder, and finding out how they ended."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rl_zoo import console
from rl_zoo.errors import ConfigError, MissingDependencyError, RobotFault, ZooError
from rl_zoo.robots.control.process_setup import ProcessSetup, RecorderSetup, write_setup
from rl_zoo.robots.control.shared_memory import create_memory

_RECORDER = "rl_zoo.robots.recording.recorder"
_RECORDER_TIME = 20.0  # s: to write a last flight recording and the index of the session
_KINDS = {kind.__name__: kind for kind in (ConfigError, MissingDependencyError, RobotFault)}
_OWNER_PIPES: set[int] = set()
"""Ends of pipes whose closing says that this process is gone: no forked child may keep them."""


class Log:
    """What a child writes to its standard output and error.

    Args:
        folder: Where it is kept, unless it stays empty; None: in memory.
        name: Of the file.

    Raises:
        RobotFault: If the folder cannot be written to.
    """

    def __init__(self, folder: Path | None, name: str) -> None:
        self._path = None if folder is None else folder / f"{name}_{os.getpid()}.log"
        if folder is None or self._path is None:
            self.descriptor = create_memory("rl_zoo-log", 0)
            return
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise RobotFault(
                f"the robot cannot be recorded in {folder}: {error.strerror}"
            ) from None

    def last_line(self) -> str:
        """Return the last line that was written."""
        size = os.fstat(self.descriptor).st_size
        text = os.pread(self.descriptor, 4096, max(size - 4096, 0)).decode(errors="replace")
        return (text.splitlines() or ["no message"])[-1]

    def close(self) -> None:
        """Close it."""
        if self._path is not None and os.fstat(self.descriptor).st_size == 0:
            self._path.unlink(missing_ok=True)
        os.close(self.descriptor)


class Children:
    """A control process, its recorder if there is one, and what they told us.

    Attributes:
        control: The control process.
        recorder: The process that writes recordings, or None.
        notices: What will be missing from the recordings, one sentence each.
    """

    def __init__(
        self,
        control: subprocess.Popen[bytes],
        pipes: tuple[int, int],
        logs: tuple[Log, Log],
    ) -> None:
        self.control = control
        self.recorder: subprocess.Popen[bytes] | None = None
        self.notices: list[str] = []
        self._owner_pipe, self._report_pipe = pipes
        self._logs = logs
        self._told: dict[str, Any] = {}
        self._rest = b""

    def is_running(self) -> bool:
        """Return whether the control process exists."""
        return self.control.poll() is None

    def reports(self) -> dict[str, Any]:
        """Return everything that the control process has reported so far, merged."""
        with contextlib.suppress(BlockingIOError):
            while self._report_pipe >= 0 and (data := os.read(self._report_pipe, 65536)):
                *lines, self._rest = (self._rest + data).split(b"\n")
                for line in lines:
                    self._told.update(json.loads(line))
        return self._told

    def failure(self) -> ZooError:
        """Return why the control process ended, as the error that the user shall see."""
        told, code = self.reports(), self.control.returncode
        if "error" in told:
            kind = _KINDS.get(told["kind"])
            if kind is not None:
                return kind(told["error"])
            return RobotFault(f"the control process failed: {told['error']}")
        if code is not None and code < 0:
            name = signal.Signals(-code).name
            return RobotFault(
                f"the control process was killed by {name}; the robot is left to the watchdogs "
                "of its motors"
            )
        if "ended" in told:
            return RobotFault(f"the control process has ended: {told['ended']}")
        last = self._logs[0].last_line()
        return RobotFault(f"the control process failed with exit code {code}: {last}")

    def wait(self, seconds: float) -> None:
        """Wait until the robot has been brought down and both processes have ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.control.wait(seconds)
        if self.control.poll() is None:
            console.warn("the control process does not end: it is killed")
            self._end_control()
        if self.recorder is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.recorder.wait(_RECORDER_TIME)
            if self.recorder.poll() != 0:
                console.warn(f"recording ended early: {self._logs[1].last_line()}")

    def release(self) -> None:
        """Let go of both processes.

        Without its owner's pipe a control process that still runs brings the robot down by itself;
        it is not killed while it may be doing so.
        """
        self.reports()
        _OWNER_PIPES.discard(self._owner_pipe)
        os.close(self._owner_pipe)
        os.close(self._report_pipe)
        self._report_pipe = -1
        for log in self._logs:
            log.close()

    def _end_control(self) -> None:
        for number in (signal.SIGUSR1, signal.SIGTERM, signal.SIGKILL):
            self.control.send_signal(number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.control.wait(1.0)
                return


def spawn_children(
    values: Mapping[str, Any], descriptors: Mapping[str, int], recording: Path | None
) -> Children:
    """Start a control process, and a recorder if there is a folder for it.

    Args:
        values: Fields of ``ProcessSetup`` that are plain values.
        descriptors: Files that the control process shares: ``exchange``, ``ring``, ``lock``.
        recording: Folder of the recordings.

    Raises:
        ConfigError: If an option cannot be handed to another process.
        RobotFault: If the folder of the recordings cannot be made.
    """
    with contextlib.ExitStack() as passed, contextlib.ExitStack() as kept:
        logs = tuple(Log(recording, name) for name in ("control", "recorder"))
        for log in logs:
            kept.callback(log.close)
        owner_read, owner_write = _pipe(passed, kept)
        report_read, report_write = _pipe(kept, passed)
        control_read, control_write = _pipe(passed, passed)
        _OWNER_PIPES.add(owner_write)
        kept.callback(_OWNER_PIPES.discard, owner_write)
        os.set_blocking(report_read, False)
        setup = ProcessSetup(
            **values,
            owner_pid=os.getpid(),
            owner_pipe=owner_read,
            report_pipe=report_write,
            exchange=descriptors["exchange"],
            ring=descriptors["ring"],
            recorder_pipe=control_write,
        )
        shared = [owner_read, report_write, control_write, *descriptors.values()]
        control = _start("rl_zoo.robots.control.process", setup, shared, logs[0])
        children = Children(control, (owner_write, report_read), (logs[0], logs[1]))
        if recording is not None:
            to_record = RecorderSetup(
                robot=values["robot"],
                ring=descriptors["ring"],
                control_pipe=control_read,
                folder=str(recording),
                rate=values["settings"]["rate"],
                about={"robot": values["robot"], "driver": values["driver"]},
            )
            shared = [descriptors["ring"], control_read]
            children.recorder = _start(_RECORDER, to_record, shared, logs[1])
            children.notices = _missing()
        kept.pop_all()
    return children


def _pipe(reading: contextlib.ExitStack, writing: contextlib.ExitStack) -> tuple[int, int]:
    """Make a pipe, each end of which is closed with the stack that it is given to."""
    ends = os.pipe()
    for stack, end in zip((reading, writing), ends, strict=True):
        stack.callback(os.close, end)
    return ends


def _start(
    module: str, setup: ProcessSetup | RecorderSetup, passed: Sequence[int], log: Log
) -> subprocess.Popen[bytes]:
    descriptor = write_setup(setup)
    try:
        return subprocess.Popen(
            [sys.executable, "-m", module, str(descriptor)],
            pass_fds=[descriptor, *passed],
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=log.descriptor,
            stderr=log.descriptor,
            env=_environment(),
        )
    finally:
        os.close(descriptor)


def _environment() -> dict[str, str]:
    """Return our environment; the child finds the same modules and computes in one thread."""
    path = os.pathsep.join(str(Path(entry).absolute()) for entry in sys.path)
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**os.environ, **threads, "PYTHONPATH": path}


def _missing() -> list[str]:
    if importlib.util.find_spec("mcap") is not None:
        return []
    return ['no MCAP is written: it needs the package mcap: pip install "rl_zoo[telemetry]"']


def _close_in_child() -> None:
    """Close the owner's pipes in a forked child, which would keep them open beyond our end."""
    while _OWNER_PIPES:
        with contextlib.suppress(OSError):
            os.close(_OWNER_PIPES.pop())


os.register_at_fork(after_in_child=_close_in_child)
