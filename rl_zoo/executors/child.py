"""A job's process: it is tied to the life of its parent, then becomes the command.

``python -m rl_zoo.executors.child <descriptor> <module> <flags>``. The descriptor is the reading
end of a pipe of which only the parent holds the writing end: it ends when the parent does, however
it ends. (``PR_SET_PDEATHSIG`` would follow the thread that started the process.)
"""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence

from rl_zoo.cpu_budget import apply_cpu_budget
from rl_zoo.errors import ZooError
from rl_zoo.executors.job import Job

SAVING_TIME = 60.0
"""Seconds that a job without parent has to save, once told to stop."""

_OF_THE_CLUSTER = (signal.SIGUSR1, signal.SIGUSR2)
"""Signals by which SLURM warns every process of a job; its parent turns them into SIGTERM."""


def start_child(job: Job, life_line: int) -> subprocess.Popen[bytes]:
    """Start the process of a job: the leader of a session, one thread unless the user said more.

    Args:
        job: The job.
        life_line: Descriptor that ends with this process.

    Raises:
        ZooError: If it cannot be started.
    """
    environment = dict(os.environ)
    apply_cpu_budget(0, environment)
    command = [sys.executable, "-m", "rl_zoo.executors.child", str(life_line)]
    try:
        job.log.parent.mkdir(parents=True, exist_ok=True)
        with job.log.open("ab") as log:
            return subprocess.Popen(
                [*command, job.module, *job.argv],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                pass_fds=(life_line,),
                start_new_session=True,
            )
    except OSError as error:
        raise ZooError(f"{job.name}: no process can be started: {error}") from error


def main(argv: Sequence[str]) -> int:
    """Run ``<module>.main(<flags>)``; return its exit code."""
    descriptor, module, *flags = argv
    os.set_inheritable(int(descriptor), False)
    for number in _OF_THE_CLUSTER:
        signal.signal(number, signal.SIG_IGN)
    watch = threading.Thread(target=_end_with_parent, args=(int(descriptor),), daemon=True)
    watch.start()
    sys.argv = [module, *flags]
    code: int = importlib.import_module(module).main(flags)
    return code


def _end_with_parent(descriptor: int) -> None:
    while os.read(descriptor, 1):
        continue
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(SAVING_TIME)
    os.killpg(os.getpgrp(), signal.SIGKILL)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
