"""What the tests of executors share."""

import contextlib
import os
import signal
import time
from pathlib import Path

import pytest

from rl_zoo.executors.job import ExecutorOptions, Job, JobState

GOING = (JobState.WAITING, JobState.RUNNING)


def is_alive(process_id):
    """Say whether a process is there and no zombie."""
    try:
        stat = Path(f"/proc/{process_id}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def wait_for(condition, seconds=180):
    """Wait until ``condition()`` is true, and return it."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)
    return value


def wait_for_end(handles, seconds=180):
    """Wait until all jobs have ended; return their states."""
    wait_for(lambda: all(handle.state() not in GOING for handle in handles), seconds)
    return [handle.state() for handle in handles]


@pytest.fixture
def job(tmp_path):
    """Return a job that runs ``tests.job_command``."""

    def make(name, *argv):
        log = tmp_path / "output" / f"{name}.log"
        return Job(name, "tests.job_command", tuple(map(str, argv)), log)

    return make


@pytest.fixture
def options(tmp_path):
    """Return the options of an executor for so many places."""

    def make(places, **others):
        return ExecutorOptions(places=places, folder=tmp_path / "jobs", **others)

    return make


@pytest.fixture
def killed_at_end():
    """Return a list of processes that are killed at the end of the test, should they run."""
    process_ids = []
    yield process_ids
    for process_id in process_ids:
        if is_alive(process_id):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process_id, signal.SIGKILL)
