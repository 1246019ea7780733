"""What the tests of control processes share."""

import contextlib
import time
from pathlib import Path

from rl_zoo.robots.control.modes import Request

FILE_DRIVER = "tests.robots.control.file_driver:FileDriver"
# A busy machine is slow for a while: nothing here is about how slow an action may be.
QUICK = {"rate": 200.0, "stand_time": 0.2, "sit_time": 0.2, "hold_after": 2.0, "stale_after": 1.0}


def wait_for(condition, seconds=30.0):
    """Wait until ``condition()`` is true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)


def exists(pid):
    """Say whether a process exists and is no zombie."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def run_policy(link):
    """Bring the robot of a link to RUN."""
    for request, mode in ((Request.STAND, "READY"), (Request.RUN, "RUN")):
        link.request(request)
        wait_for(lambda mode=mode: link.snapshot().mode.name == mode)
