"""Processor and wall time of a command, with everything it started."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from scripts.turns import Times

ROOT = Path(__file__).resolve().parents[1]


def child_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a command: with ``variables``, and with compiled modules kept.

    Else every start would pay for compiling what an installed package has compiled.
    """
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": str(ROOT), **variables}


def run_timed(
    command: Sequence[str], variables: Mapping[str, str], times: Times, expected: int = 0
) -> None:
    """Run a command to its end and append its times.

    Args:
        command: Program and arguments.
        variables: Of the environment, beside those of this process.
        times: What is appended to.
        expected: Its exit code.

    Raises:
        SystemExit: If it ends with another exit code.
    """
    environment = child_environment(variables)
    used = _processor_time()
    started = time.perf_counter()
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    times.wall.append(time.perf_counter() - started)
    times.cpu.append(_processor_time() - used)
    if done.returncode != expected:
        raise SystemExit(f"{' '.join(command)} gave {done.returncode}:\n{done.stderr[-2000:]}")


def describe(times: Times) -> str:
    """Return ``median CPU (median wall, least CPU)`` in seconds."""
    return times.describe(1.0)


def ratio_of_wall(theirs: Times, ours: Times) -> float:
    """Return how many times longer theirs takes on the clock (ratio of medians)."""
    return statistics.median(theirs.wall) / statistics.median(ours.wall)


def _processor_time() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
