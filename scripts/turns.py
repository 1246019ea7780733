"""Let functions take turns on one core, so that a busy machine slows all of them alike.

Processor time is compared: other jobs move it by a tenth where they move wall time several times.
"""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version

VARIABLES = ("OMP_", "OPENBLAS_CORE", "OPENBLAS_NUM", "MKL_", "XLA_", "KMP_", "GOTO_", "RL_ZOO_")
"""Beginnings of environment variables that change how fast numerical libraries are."""
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}


@dataclass
class Times:
    """Seconds of every turn of one function, per unit of work.

    Attributes:
        cpu: Processor time of the process.
        wall: Wall time.
    """

    cpu: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)

    def describe(self, scale: float, digits: int = 2) -> str:
        """Return ``median CPU (median wall, least CPU)``, multiplied by ``scale``."""
        numbers = statistics.median(self.cpu), statistics.median(self.wall), min(self.cpu)
        cpu, wall, least = (f"{scale * number:.{digits}f}" for number in numbers)
        return f"{cpu} ({wall}, {least})"


def take_turns(
    turns: Mapping[str, Callable[[], object]], rounds: int, units: int, seconds: float | None = None
) -> dict[str, Times]:
    """Call every function once per round, each round beginning with another one.

    Args:
        turns: The functions.
        rounds: How often each is called.
        units: Of work in a call, by which times are divided.
        seconds: No new round begins after so long; at least three are done.
    """
    times = {name: Times() for name in turns}
    names = list(turns)
    started = time.perf_counter()
    for number in range(rounds):
        if seconds is not None and number >= 3 and time.perf_counter() - started > seconds:
            break
        first = number % len(names)
        for name in [*names[first:], *names[:first]]:
            cpu, wall = time.process_time(), time.perf_counter()
            turns[name]()
            times[name].cpu.append((time.process_time() - cpu) / units)
            times[name].wall.append((time.perf_counter() - wall) / units)
    return times


def ratio(theirs: Times, ours: Times) -> float:
    """Return how many times more processor time theirs takes (ratio of medians)."""
    return statistics.median(theirs.cpu) / statistics.median(ours.cpu)


def use_one_core() -> int:
    """Bind the process to the last core that it may use; return its number."""
    core = max(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {core})
    return core


def load() -> str:
    """Return the machine's load averages."""
    return "/".join(f"{value:.1f}" for value in os.getloadavg())


def describe_machine(load_before: str, packages: Iterable[str]) -> str:
    """Return what the times depend on besides the code.

    Args:
        load_before: What ``load`` returned before measuring.
        packages: Distributions whose versions are named.
    """
    named = ", ".join(
        f"{name}={value}"
        for name, value in sorted(os.environ.items())
        if name.startswith(VARIABLES) and not value.startswith("/")  # places are nobody's
    )
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"{cpu_name()}, {os.cpu_count()} cores; load {load_before} before, {load()} after; "
        f"variables: {named or 'none'}; Python {platform.python_version()}, {versions}."
    )


def cpu_name() -> str:
    """Return the model of the processor."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123
        for line in file:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.machine()
