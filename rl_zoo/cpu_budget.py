"""Divide the processor before torch is imported.

A small network on a small computer runs fastest on few threads, and OpenMP threads that spin while
they wait starve every other process. Both are decided by environment variables that libraries read
on import.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
ONE_THREAD = dict.fromkeys(THREAD_VARIABLES, "1")
"""Variables of a process that is to stay on one core."""
WAITING_VARIABLE = "OMP_WAIT_POLICY"
SPEED_VARIABLES = (
    *THREAD_VARIABLES,
    WAITING_VARIABLE,
    "OPENBLAS_CORETYPE",
    "MKL_ENABLE_INSTRUCTIONS",
    "ONEDNN_MAX_CPU_ISA",
    "XLA_FLAGS",
    "RL_ZOO_NATIVE_ISA",
)
"""Variables that change how fast matrix products are, kept with every run."""
_ONE_THREAD_OF_JAX = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
_CGROUP = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class CpuBudget:
    """What a process takes of the processor, as kept in ``run.json``."""

    cores: tuple[int, ...]
    """Numbers of the cores that it may run on."""
    quota: float | None
    """Cores' worth of time that its control group may use; None: all of them."""
    threads: int
    """For matrix products."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Those of ``SPEED_VARIABLES`` that are set."""

    def to_record(self, *, fast_matmul: bool) -> dict[str, Any]:
        """Return this as plain data.

        Args:
            fast_matmul: Whether torch uses oneDNN's products (``rl_zoo.agents.matmul``).
        """
        return {**asdict(self), "cores": list(self.cores), "fast_matmul": fast_matmul}

    def describe(self) -> str:
        """Return this in a few words."""
        limit = "" if self.quota is None else f" (limited to {self.quota:g})"
        waiting = self.variables.get(WAITING_VARIABLE, "active")
        return (
            f"{self.threads} thread{'s' if self.threads > 1 else ''} on {len(self.cores)} "
            f"core{'s' if len(self.cores) > 1 else ''}{limit}, {waiting} waiting"
        )


def read_cpu_budget(threads: int, environment: Mapping[str, str] | None = None) -> CpuBudget:
    """Return what this process takes of the processor with ``threads`` threads."""
    variables = os.environ if environment is None else environment
    found = {name: variables[name] for name in SPEED_VARIABLES if variables.get(name)}
    return CpuBudget(usable_cores(), cpu_quota(), threads, found)


def usable_cores() -> tuple[int, ...]:
    """Return the numbers of the cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def cpu_quota(root: Path = _CGROUP) -> float | None:
    """Return how many cores' worth of time the control group allows; None: no limit.

    Args:
        root: Where control groups (version 2, or 1) are mounted; of a container, its own.
    """
    try:
        quota, period = (root / "cpu.max").read_text().split()[:2]
    except (OSError, ValueError):
        try:
            quota = (root / "cpu" / "cpu.cfs_quota_us").read_text().strip()
            period = (root / "cpu" / "cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    if not quota.isdigit() or not period.isdigit() or int(period) == 0:
        return None  # "max", or -1
    return int(quota) / int(period)


def n_usable_cores() -> int:
    """Return how many threads can run at once: what affinity and control group leave."""
    n_cores = len(usable_cores())
    quota = cpu_quota()
    return n_cores if quota is None else max(1, min(n_cores, int(quota)))


def choose_num_threads(
    requested: int, environment: Mapping[str, str] | None = None, useful: int = 1
) -> int:
    """Return the threads for matrix products.

    Args:
        requested: ``--num-threads``; zero or negative means: choose.
        environment: Environment variables; ``OMP_NUM_THREADS`` set by the user is respected.
        useful: How many threads the work can use, on a computer that has as many cores.
    """
    if requested > 0:
        return requested
    variables = os.environ if environment is None else environment
    set_by_user = variables.get("OMP_NUM_THREADS", "")
    if set_by_user.isdigit() and int(set_by_user) > 0:
        return int(set_by_user)
    return 1 if useful <= 1 else min(useful, n_usable_cores())


def apply_cpu_budget(
    requested_threads: int,
    environment: MutableMapping[str, str] | None = None,
    useful: int = 1,
) -> int:
    """Set thread counts and passive waiting; call before torch is imported.

    Args:
        requested_threads: As for ``choose_num_threads``.
        environment: Of this process, or of one that is to be started.
        useful: As for ``choose_num_threads``; 1 where several trainings run beside each other.

    Returns:
        The number of threads chosen, to be given to ``torch.set_num_threads`` as well.
    """
    variables = os.environ if environment is None else environment
    threads = choose_num_threads(requested_threads, variables, useful)
    for name in THREAD_VARIABLES:
        if requested_threads > 0:
            variables[name] = str(threads)
        else:
            variables.setdefault(name, str(threads))
    variables.setdefault(WAITING_VARIABLE, "passive")
    if threads == 1:
        variables.setdefault("XLA_FLAGS", _ONE_THREAD_OF_JAX)
    return threads


def divide_cores(
    actor: int | None, learner: int | None, cores: Sequence[int] | None = None
) -> tuple[int | None, int | None]:
    """Return the cores of actor and learner of a real-time run; None: any.

    What is asked for is kept. Else the actor gets the last core (the first serves most
    interrupts) and the learner stays off it where there are two cores; with more, the learner may
    use all the others, so that only the actor is pinned.

    Args:
        actor: ``--actor-core``.
        learner: ``--learner-core``.
        cores: Cores to divide; None: those of this process.
    """
    free = [core for core in (usable_cores() if cores is None else cores) if core != learner]
    if len(free) + (learner is not None) < 2:
        return actor, learner
    actor = free[-1] if actor is None else actor
    others = [core for core in free if core != actor]
    if learner is None and len(others) == 1:
        learner = others[0]
    return actor, learner
