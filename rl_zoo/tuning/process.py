"""Which process runs a trial, and whether it still lives, as other processes can tell."""

from __future__ import annotations

import functools
import os
import socket
from dataclasses import dataclass
from pathlib import Path

_DEAD_STATES = "ZX"
"""Of ``/proc/<pid>/stat``: ended, but its parent has not asked how yet."""


@dataclass(frozen=True)
class Process:
    """A process of any machine.

    Its id alone says little: other machines have processes of the same id, and ids are used again.
    """

    machine: str
    """The running system that its id means something to: boot and process namespace."""
    pid: int
    started: int
    """When it started, in clock ticks since boot; 0 where the system does not tell."""

    def __str__(self) -> str:
        return f"{self.machine}:{self.pid}:{self.started}"

    def describe(self) -> str:
        """Return what a person knows it by: ``host:pid``."""
        return f"{self.machine.partition('/')[0]}:{self.pid}"

    def is_of_this_machine(self) -> bool:
        """Say whether ``is_alive`` knows."""
        return self.machine == machine()

    def is_alive(self) -> bool:
        """Say whether a process of this machine still runs; a stopped one (SIGSTOP) does."""
        stat = _read_stat(self.pid)
        if stat is None:
            return _exists(self.pid)
        state, started = stat
        return state not in _DEAD_STATES and self.started in (0, started)


def this_process() -> Process:
    """Return the process that asks."""
    stat = _read_stat(os.getpid())
    return Process(machine(), os.getpid(), 0 if stat is None else stat[1])


def parse_process(text: object) -> Process | None:
    """Read what ``str(process)`` wrote; None if it is something else."""
    parts = text.rsplit(":", 2) if isinstance(text, str) else []
    if len(parts) != 3 or not (parts[1].isdecimal() and parts[2].isdecimal()):
        return None
    return Process(parts[0], int(parts[1]), int(parts[2]))


@functools.lru_cache(maxsize=1)
def machine() -> str:
    """Return what tells this running system from every other one.

    Two machines may have one name, and a container has process ids of its own.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        namespace = Path("/proc/self/ns/pid").readlink().name
    except OSError:  # not Linux
        return socket.gethostname()
    return f"{socket.gethostname()}/{boot[:8]}/{namespace.strip('pid:[]')}"


def _read_stat(pid: int) -> tuple[str, int] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()  # the name before may hold anything
    return fields[0], int(fields[19])


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
