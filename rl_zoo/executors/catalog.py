"""The executors by name: ``--cluster slurm``, ``local``, ``debug``, or a third party's."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

from rl_zoo.errors import ConfigError, MissingDependencyError, ZooError
from rl_zoo.executors.job import Executor, ExecutorOptions
from rl_zoo.executors.processes import ProcessExecutor
from rl_zoo.registry import Registry

EXECUTORS = Registry(
    kind="cluster",
    group="rl_zoo.executors",
    built_in={
        "slurm": "rl_zoo.executors.submitit_jobs:slurm_executor",
        "local": "rl_zoo.executors.submitit_jobs:local_executor",
        "debug": "rl_zoo.executors.submitit_jobs:DebugExecutor",
    },
)
"""Name -> function or class that takes ``ExecutorOptions`` and returns an ``Executor``."""

_METHODS = ("submit", "detaches", "describe", "earlier", "cancel_command", "close")


def make_executor(options: ExecutorOptions, cluster: str | None) -> Executor:
    """Return the executor for ``--cluster``; nothing is created or started yet.

    Args:
        options: What ``--workers`` and the ``--cluster`` flags say.
        cluster: Name of the cluster; None: processes of this machine.

    Raises:
        ConfigError: If there is no such cluster, or it does not take the options.
        MissingDependencyError: If the package it needs is not installed.
    """
    if cluster is None:
        return ProcessExecutor(options)
    if cluster in EXECUTORS.built_in_names() and find_spec("submitit") is None:
        raise MissingDependencyError(
            f'--cluster {cluster}: needs submitit: pip install "rl_zoo[slurm]"'
        )
    try:
        make = EXECUTORS.load(cluster)
    except ConfigError as error:
        raise ConfigError([f"--cluster {cluster}: {problem}" for problem in error.problems]) from (
            error
        )
    return _checked(cluster, make, options)


def _checked(cluster: str, make: Any, options: ExecutorOptions) -> Executor:
    try:
        executor = make(options)
    except ZooError:
        raise
    except Exception as error:  # another person's code may raise anything
        raise ConfigError(f"--cluster {cluster}: {type(error).__name__}: {error}") from error
    if not isinstance(executor, Executor):
        missing = [name for name in _METHODS if not hasattr(executor, name)]
        raise ConfigError(f"--cluster {cluster}: is no executor: it has no {', '.join(missing)}")
    return executor
