"""Note when a processor core stands still: for bench_rt.py.

A loop that only sleeps, a thousand times a second, before every process of the benchmark
(SCHED_FIFO 90). What makes it late is neither ours nor the learner's: the hypervisor has taken the
core away, or the kernel was busy. Prints the pauses as JSON when it is told to end (SIGTERM).

    python scripts/bare_loop.py CORE
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import Any

PERIOD = 0.001
SHORTEST = 0.002
"""Seconds of a pause that is noted."""
_PRIORITY = 90


def main() -> int:
    """Loop until SIGTERM; return 0, or 1 without the right to real-time scheduling."""
    os.sched_setaffinity(0, {int(sys.argv[1])})
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_PRIORITY))
    except PermissionError:
        return 1
    is_over = False

    def end(*_: Any) -> None:
        nonlocal is_over
        is_over = True

    signal.signal(signal.SIGTERM, end)
    pauses: list[tuple[float, float]] = []
    due = time.monotonic()
    while not is_over:
        due += PERIOD
        time.sleep(max(0.0, due - time.monotonic()))
        now = time.monotonic()
        if now - due >= SHORTEST:
            pauses.append((due, now))
            due = now
    sys.stdout.write(json.dumps(pauses))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
