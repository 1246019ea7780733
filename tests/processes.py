"""Run commands in processes that start fast, forked from one that has imported everything."""

import contextlib
import importlib
import multiprocessing
import os
import sys
import time
from pathlib import Path

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        "rl_zoo.experiment",
        "rl_zoo.commands.training",
        "sb3_contrib",
        "torch._dynamo",
        "tests.probe_envs",
    ]
)


class Command:
    """``rl_zoo.train``, or the main function of another module, in a process of its own.

    Attributes:
        process: The process.
        folder: Where its output is kept.
    """

    def __init__(self, arguments, folder, module="rl_zoo.train"):
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        words = list(map(str, arguments))
        self.process = _CONTEXT.Process(target=_run, args=(words, str(folder), module))
        self.process.start()

    def send(self, number):
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, number)

    def wait(self, seconds=120):
        """Wait for the end; return the exit code, negative if a signal killed it."""
        self.process.join(seconds)
        assert self.process.exitcode is not None, "the command did not end"
        return self.process.exitcode

    @property
    def out(self):
        return (self.folder / "stdout").read_text()

    @property
    def err(self):
        return (self.folder / "stderr").read_text()


def wait_until(condition, seconds=60):
    """Wait until ``condition()`` is true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.002)


def _run(arguments, folder, module):
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        file = os.open(Path(folder) / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(file, descriptor)
    sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
    raise SystemExit(importlib.import_module(module).main(arguments))
