"""What a process asks of the system to keep time, and in words what it is refused."""

from __future__ import annotations

import ctypes
import gc
import os
import resource
from collections.abc import Iterable
from pathlib import Path

PRIORITY = 50
"""Of the control loop under SCHED_FIFO; kernel threads and interrupts may lie above."""
DRIVER_PRIORITY = PRIORITY - 1
"""Of the threads that a driver starts: below the loop, above everything ordinary."""
_MCL_CURRENT, _MCL_FUTURE = 1, 2
_CAP_IPC_LOCK = 14
_GRANT = "root, CAP_SYS_NICE, or a line '<user> - rtprio 99' in /etc/security/limits.conf"
_GRANT_MEMORY = "root, CAP_IPC_LOCK, or '<user> - memlock unlimited' in /etc/security/limits.conf"


def set_fifo(priority: int) -> str | None:
    """Schedule the calling thread, and threads it starts, before all ordinary ones (SCHED_FIFO).

    Args:
        priority: From 1 to 99.

    Returns:
        What was refused, why, and how to allow it; None if it was granted.
    """
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(priority))
    except OSError as error:
        return (
            f"real-time priority (SCHED_FIFO) refused: {error.strerror}; "
            f"the control loop will be late when the computer is busy; allowed by {_GRANT}"
        )
    return None


def leave_fifo(niceness: int = 0) -> None:
    """Schedule the calling thread as an ordinary one.

    Args:
        niceness: Added to the thread's; more is less important.
    """
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    if niceness:
        os.nice(niceness)


def lock_memory() -> str | None:
    """Keep all memory of this process, present and future, from being swapped out.

    Under a finite limit only the present memory is locked: later allocations would fail at it.

    Returns:
        What was refused, why, and how to allow it; None if it was granted.
    """
    flags = _MCL_CURRENT | _MCL_FUTURE if may_lock_everything() else _MCL_CURRENT
    library = ctypes.CDLL(None, use_errno=True)
    if library.mlockall(flags) == 0:
        return None
    reason = os.strerror(ctypes.get_errno())
    return (
        f"locked memory (mlockall) refused: {reason}; a tick may wait for the disk; "
        f"allowed by {_GRANT_MEMORY}"
    )


def pin(core: int | None) -> str | None:
    """Run this process on one core only.

    Args:
        core: Its number; None: leave the choice to the system.

    Returns:
        What was refused and why; None if it was granted or not asked for.
    """
    if core is None:
        return None
    try:
        os.sched_setaffinity(0, {core})
    except (OSError, ValueError) as error:
        cores = ", ".join(map(str, sorted(os.sched_getaffinity(0))))
        return f"core {core} refused: {error}; this process may use {cores}"
    return None


def freeze_garbage() -> None:
    """Stop the garbage collector: what exists stays, what is made must be free of cycles."""
    gc.collect()
    gc.freeze()
    gc.disable()


def refused(refusals: Iterable[str | None]) -> list[str]:
    """Return the refusals among the answers of the functions above."""
    return [refusal for refusal in refusals if refusal is not None]


def may_lock_everything() -> bool:
    """Say whether ``lock_memory`` can lock memory of the future too, without a limit."""
    limit = resource.getrlimit(resource.RLIMIT_MEMLOCK)[0]
    return limit == resource.RLIM_INFINITY or bool(_capabilities() >> _CAP_IPC_LOCK & 1)


def _capabilities() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return 0
