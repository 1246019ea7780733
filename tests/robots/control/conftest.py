"""Links to control processes that are gone after each test."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rl_zoo.errors import RobotFault
from rl_zoo.robots.control.process_link import ProcessLink
from rl_zoo.robots.control.settings import ControlSettings
from tests.robots.control.control_processes import FILE_DRIVER, QUICK, exists, wait_for


@pytest.fixture(autouse=True)
def own_locks(tmp_path, monkeypatch):
    """Let tests that run at the same time have robots of their own."""
    (tmp_path / "runtime").mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "runtime"))


@pytest.fixture
def make_process_link(tmp_path):
    """Return a link to a ``FileDriver`` (not open); whatever still runs at the end is killed."""
    made = []

    def make(recording=None, settings=QUICK, **options):
        options = {"file": str(tmp_path / "commands"), **options}
        control = ControlSettings(**settings)
        made.append(ProcessLink(FILE_DRIVER, "bert", options, control, recording=recording))
        return made[-1]

    yield make
    for link in made:
        with contextlib.suppress(RobotFault, ProcessLookupError):
            os.kill(link.control_pid, signal.SIGKILL)
        link.close()


OWNER = """
import sys, time
from pathlib import Path
sys.path.insert(0, {root!r})
from rl_zoo.robots.control.process_link import ProcessLink
from rl_zoo.robots.control.settings import ControlSettings
from tests.robots.control.control_processes import FILE_DRIVER, run_policy
link = ProcessLink(FILE_DRIVER, "bert", {options!r}, ControlSettings(**{settings!r}),
                   recording={recording!r} and Path({recording!r}))
link.open()
run_policy(link)
print(link.control_pid, flush=True)
while True:
    link.act(link.snapshot().command)
    time.sleep(0.02)
"""


@pytest.fixture
def start_owner(tmp_path):
    """Start another process that runs a policy; return it and the pid of its control process."""
    started = []

    def start(recording=None):
        code = OWNER.format(
            root=str(Path(__file__).parents[3]),
            options={"file": str(tmp_path / "commands")},
            settings=QUICK,
            recording=str(recording) if recording else None,
        )
        owner = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        pid = int(owner.stdout.readline())
        started.append((owner, pid))
        return owner, pid

    yield start
    for owner, pid in started:
        owner.kill()
        owner.wait()
        owner.stdout.close()
        wait_for(lambda pid=pid: not exists(pid))
