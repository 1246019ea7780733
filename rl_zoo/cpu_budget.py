"""Divide the processor before torch is imported.

A small network on a small computer runs fastest on few threads, and OpenMP threads that spin while
they wait starve every other process. Both are decided by environment variables that libraries read
on import.
"""

from __future__ import annotations

import os
from collections.abc import MutableMapping

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def choose_num_threads(requested: int, environment: MutableMapping[str, str] | None = None) -> int:
    """Return the threads for matrix products.

    Args:
        requested: ``--num-threads``; zero or negative means: choose.
        environment: Environment variables; ``OMP_NUM_THREADS`` set by the user is respected.
    """
    if requested > 0:
        return requested
    variables = os.environ if environment is None else environment
    set_by_user = variables.get("OMP_NUM_THREADS", "")
    return int(set_by_user) if set_by_user.isdigit() and int(set_by_user) > 0 else 1


def apply_cpu_budget(
    requested_threads: int, environment: MutableMapping[str, str] | None = None
) -> int:
    """Set thread counts and passive waiting; call before torch is imported.

    Returns:
        The number of threads chosen, to be given to ``torch.set_num_threads`` as well.
    """
    variables = os.environ if environment is None else environment
    threads = choose_num_threads(requested_threads, variables)
    for name in THREAD_VARIABLES:
        if requested_threads > 0:
            variables[name] = str(threads)
        else:
            variables.setdefault(name, str(threads))
    variables.setdefault("OMP_WAIT_POLICY", "passive")
    return threads
