"""A command as jobs run it: it counts, saves on SIGTERM and goes on when it is run again."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path


def main(argv):
    """Do what the first argument says."""
    return {
        "count": count,
        "exit": lambda code: int(code),
        "environment": environment,
        "stubborn": stubborn,
        "family": family,
        "die": lambda *_: os.kill(os.getpid(), signal.SIGKILL),
        "fail": fail,
    }[argv[0]](*argv[1:])


def count(file, end):
    """Count to ``end``, 50 per second; the file holds the number and is written at the end."""
    stopped = []
    signal.signal(signal.SIGTERM, lambda number, frame: stopped.append(number))
    path = Path(file)
    number = int(path.read_text()) if path.exists() else 0
    print(f"process {os.getpid()} from {number}", flush=True)
    while number < int(end) and not stopped:
        number += 1
        time.sleep(0.02)
    path.write_text(str(number))
    print(f"saved {number}", flush=True)
    return 130 if stopped else 0


def environment():
    """Tell what the process was given."""
    for name in ("OMP_NUM_THREADS", "OMP_WAIT_POLICY"):
        print(name, os.environ.get(name))
    print("leader", os.getsid(0) == os.getpid())
    return 0


def fail(*_):
    """End as a worker on a machine where something is not installed."""
    print("error: libGL is not installed", file=sys.stderr)
    return 1


def stubborn(file):
    """Write the process id; do not listen to SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    Path(file).write_text(str(os.getpid()))
    time.sleep(600)
    return 0


def family(file):
    """Start a process that outlives this one; write its id."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(file).write_text(str(child.pid))
    with contextlib.suppress(KeyboardInterrupt):
        time.sleep(600)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
