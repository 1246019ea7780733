"""Several trainings side by side, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from rl_zoo import console
from rl_zoo.errors import TrainingInterrupted, ZooError
from rl_zoo.runs.folder import (
    RunFolder,
    file_name_of,
    latest_run_number,
    numbered_runs,
    open_run_folder,
)
from rl_zoo.runs.record import read_record

_PAUSE = 0.5  # s, between two looks at the processes
_REPORT_PERIOD = 10.0  # s, between two lines of progress
_STOP_PATIENCE = 60.0  # s, for a training to save everything after Ctrl-C


@dataclass(frozen=True)
class Training:
    """A finished training."""

    env_id: str
    folder: RunFolder
    steps: int
    """Environment steps."""
    seconds: float
    """Of wall time."""


@dataclass
class _Process:
    """A training under way."""

    argv: list[str]
    process: subprocess.Popen[bytes]
    output: IO[bytes]
    started: float
    previous_run: int
    """Number of the newest run before this one."""
    ended: float | None = None

    @property
    def env_id(self) -> str:
        """The environment trained on."""
        return self.argv[self.argv.index("--env") + 1]


def train_all(commands: Sequence[list[str]]) -> list[Training]:
    """Run ``python -m rl_zoo.train`` with each list of arguments, all at the same time.

    Raises:
        ZooError: If one fails: with what it said. The others are stopped and have saved.
        TrainingInterrupted: After Ctrl-C: everything is saved.
    """
    processes = [_start(argv) for argv in commands]
    try:
        _wait(processes)
    except KeyboardInterrupt:
        raise TrainingInterrupted("the demo was stopped; its runs are saved") from None
    finally:
        _stop(processes)
        for process in processes:
            process.output.close()
    return [_finished(process) for process in processes]


def _start(argv: list[str]) -> _Process:
    previous = latest_run_number(*_place(argv))
    output = tempfile.TemporaryFile()  # noqa: SIM115 - closed by train_all
    command = [sys.executable, "-m", "rl_zoo.train", *argv]
    process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    return _Process(argv, process, output, time.monotonic(), previous)


def _wait(processes: Sequence[_Process]) -> None:
    next_report = time.monotonic() + _REPORT_PERIOD
    while any(process.ended is None for process in processes):
        time.sleep(_PAUSE)
        for process in processes:
            code = process.process.poll()
            if process.ended is None and code is not None:
                process.ended = time.monotonic()
                if code != 0:
                    raise ZooError(f"training on {process.env_id} failed: {_last_words(process)}")
        if time.monotonic() >= next_report:
            next_report += _REPORT_PERIOD
            console.message("  ".join(_progress(process) for process in processes))


def _stop(processes: Sequence[_Process]) -> None:
    """End what still runs, as Ctrl-C does: a training saves and stops."""
    running = [process.process for process in processes if process.process.poll() is None]
    for process in running:
        process.terminate()
    for process in running:
        try:
            process.wait(timeout=_STOP_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()


def _finished(process: _Process) -> Training:
    folder = _folder(process)
    record = None if folder is None else read_record(folder)
    if folder is None or record is None or process.ended is None:
        raise ZooError(f"training on {process.env_id} left no run: {_last_words(process)}")
    return Training(process.env_id, folder, record.num_timesteps, process.ended - process.started)


def _progress(process: _Process) -> str:
    folder = _folder(process)
    record = None if folder is None else read_record(folder)
    if record is None or folder is None:
        return f"{process.env_id}: starting"
    if process.ended is not None:
        return f"{process.env_id}: done"
    steps = _steps_so_far(folder)
    return f"{process.env_id}: {steps} of {record.n_timesteps} steps"


def _steps_so_far(folder: RunFolder) -> int:
    """Return the steps of the finished episodes."""
    rows = (folder.path / "0.monitor.csv").read_text(encoding="utf-8").splitlines()[2:]
    return sum(int(row.split(",")[1]) for row in rows if row.count(",") >= 2)


def _folder(process: _Process) -> RunFolder | None:
    """Return the run that this process trains, once it does; others may train beside it."""
    parent, name = _place(process.argv)
    for number, path in numbered_runs(parent, name):
        if number > process.previous_run:
            folder = open_run_folder(path)
            record = read_record(folder)
            sessions = [] if record is None else record.sessions
            if any(session.get("process") == process.process.pid for session in sessions):
                return folder
    return None


def _place(argv: list[str]) -> tuple[Path, str]:
    """Return the folder of this algorithm's runs, and their name without the number."""
    options = dict(zip(argv[::2], argv[1::2], strict=False))
    return Path(options["-f"]) / options["--algo"], file_name_of(options["--env"])


def _last_words(process: _Process) -> str:
    process.output.seek(0)
    lines = process.output.read().decode(errors="replace").strip().splitlines()
    said = [line for line in lines if not line.startswith("See: ")]
    return said[-1] if said else f"exit code {process.process.returncode}, and it said nothing"
