"""Start a sweep, or continue it: from the flags to the end of the last run."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from rl_zoo import console
from rl_zoo.commands.executor_flags import executor_options
from rl_zoo.commands.sweep_check import check_flags, check_pairs, has_single_instance
from rl_zoo.commands.sweep_parser import given_flags
from rl_zoo.commands.sweep_row import make_job
from rl_zoo.errors import ConfigError, DamagedFileError, UsageError
from rl_zoo.executors.job import Executor
from rl_zoo.stop_signals import StopSignals
from rl_zoo.sweep.folder import (
    SweepFolder,
    create_sweep,
    free_name,
    list_sweeps,
    read_plan,
    sweep_folder,
    sweeps_lock,
    unwritable,
    write_plan,
)
from rl_zoo.sweep.locks import FileLock
from rl_zoo.sweep.plan import SweepPlan, SweepRow, default_name
from rl_zoo.sweep.standing import read_standings
from rl_zoo.sweep.supervise import Supervisor
from rl_zoo.sweep.table import count_text, status_report

_MAY_CHANGE = frozenset({"progress", "verbose", "debug", "trust", "gym_packages"})
"""Flags of ``train`` that change nothing about what is learned."""
_DEFAULT_SEEDS = 5
_LOCK_TIME = 60.0


@dataclass(frozen=True)
class SweepRequest:
    """What is asked for, checked."""

    arguments: argparse.Namespace
    plan: SweepPlan
    folder: SweepFolder | None
    """Folder of the sweep that is continued; None: a new one."""


def read_request(arguments: argparse.Namespace) -> SweepRequest:
    """Return the sweep that the flags describe; nothing is created.

    Raises:
        ConfigError: If something about it is wrong: every run is checked.
        UsageError: If it must be continued elsewhere.
    """
    check_flags(arguments.train_flags)
    if arguments.workers is not None and arguments.workers < 1:
        raise ConfigError(f"--workers {arguments.workers}: must be at least 1")
    request = _named(arguments) if arguments.name is not None else _unnamed(arguments)
    plan = request.plan
    left = rows_left(request)
    pairs = dict.fromkeys((row.algo, row.env_id) for row in left)
    budgets = check_pairs(plan, pairs, arguments.workers or 1)
    make_executor_for(request, _future_folder(request))  # creates nothing
    return replace(request, plan=replace(plan, budgets={**plan.budgets, **budgets}))


def rows_left(request: SweepRequest) -> list[SweepRow]:
    """Return the runs that are not finished."""
    if request.folder is None:
        return request.plan.rows()
    standings = read_standings(request.folder, request.plan)
    return [standing.row for standing in standings if not standing.is_finished]


def make_executor_for(request: SweepRequest, folder: SweepFolder) -> Executor:
    """Return what runs the jobs.

    Raises:
        ConfigError: If the flags of the cluster cannot be used.
    """
    from rl_zoo.executors.catalog import make_executor
    from rl_zoo.executors.in_process import InProcessExecutor

    arguments = request.arguments
    is_single = has_single_instance(request.plan.envs)
    options = executor_options(arguments, folder.jobs, folder.name)
    if arguments.workers is None and arguments.cluster not in (None, "local", "debug"):
        # The cluster has a queue of its own.
        options = replace(options, places=1 if is_single else len(request.plan.rows()))
    if is_single and arguments.cluster is None:
        return InProcessExecutor(stops_at_failure=True)  # an operator may have to answer
    return make_executor(options, arguments.cluster)


def start(request: SweepRequest) -> int:
    """Run what is left of the sweep; return 0, 1 if a run failed, 130 if some are not finished."""
    lock = FileLock(sweeps_lock(request.arguments.log_folder))
    try:
        is_ours = lock.acquire(_LOCK_TIME)
    except OSError as error:
        raise unwritable(request.arguments.log_folder, error) from error
    if not is_ours:
        raise UsageError(f"{lock.path}: another process has held it for a minute; try again")
    try:
        folder, plan, own_lock = _claim(request)
    finally:
        lock.release()
    try:
        return _run(request.arguments, make_executor_for(request, folder), folder, plan)
    finally:
        own_lock.release()


def _run(
    arguments: argparse.Namespace, executor: Executor, folder: SweepFolder, plan: SweepPlan
) -> int:
    _announce(folder, plan, executor)
    supervisor = Supervisor(folder, plan, executor, partial(make_job, folder))
    told = "leaving the jobs to the cluster" if executor.detaches() else "letting the runs save"
    stop = StopSignals(told)
    with stop:
        try:
            supervisor.run(stop.reason)
        finally:
            executor.close()
    standings = read_standings(folder, plan)
    console.result(status_report(plan, standings))
    if any(standing.means for standing in standings):
        console.result(f"\nPlot it with: {plot_command(folder, plan)}")
    left = sum(not standing.is_finished for standing in standings)
    if not left:
        return 0
    for key, log in supervisor.failed.items():
        console.error(f"{key} failed, see {log}")
    again = ["python", "-m", "rl_zoo.cli", "sweep", "--name", folder.name]
    again += ["-f", str(arguments.log_folder)]
    cancel = supervisor.cancel_command()
    goes_on = f"; submitted jobs go on (end them with: {cancel})" if cancel else ""
    console.message(
        f"{left} of {len(standings)} runs are not finished{goes_on}; continue with the same "
        f"command, or: {shlex.join(again)}"
    )
    return 1 if supervisor.failed and stop.reason() is None else 130


def plot_command(folder: SweepFolder, plan: SweepPlan) -> str:
    """Return the command that plots the runs of the sweep."""
    stem = str(folder.path / "plots" / plan.name)
    command = ["python", "-m", "rl_zoo.cli", "all_plots", "-a", *plan.algos, "-e", *plan.envs]
    return shlex.join([*command, "-f", str(folder.log_folder), "--sweep", plan.name, "-o", stem])


def _announce(folder: SweepFolder, plan: SweepPlan, executor: Executor) -> None:
    standings = read_standings(folder, plan)
    console.message(
        f"Sweep {plan.name} of {plan.created_at[:16].replace('T', ' ')} UTC, "
        f"{count_text(standings)}; {executor.describe()}; output of the runs: {folder.path}/output"
    )


def _claim(request: SweepRequest) -> tuple[SweepFolder, SweepPlan, FileLock]:
    """Create or open the folder and lock it; other sweeps wait meanwhile."""
    log_folder = request.arguments.log_folder
    folder, plan = request.folder, request.plan
    if folder is None and plan.name:
        folder = sweep_folder(log_folder, plan.name)
    elif folder is None:
        twin = _same_sweep(log_folder, plan)
        name = free_name(log_folder, default_name(plan.algos, plan.envs))
        folder = twin or sweep_folder(log_folder, name)
        plan = replace(plan, name=folder.name)
    lock = FileLock(folder.lock_file)
    if not lock.acquire():
        raise UsageError(
            f"--name {folder.name}: the sweep is being run by another process; see it with --status"
        )
    try:
        if not folder.plan_file.is_file():
            folder, plan = create_sweep(log_folder, plan)
        elif request.folder is None:  # another process was faster
            plan = read_plan(folder)
        elif plan != read_plan(folder):
            write_plan(folder, plan)
    except BaseException:
        lock.release()
        raise
    return folder, plan, lock


def _named(arguments: argparse.Namespace) -> SweepRequest:
    folder = sweep_folder(arguments.log_folder, arguments.name)
    if not folder.plan_file.is_file():
        return SweepRequest(arguments, replace(_typed_plan(arguments), name=arguments.name), None)
    stored = read_plan(folder)
    _check_place(stored)
    if arguments.train_flags:
        _check_same_flags(stored, arguments.train_flags)
        stored = replace(stored, flags=tuple(arguments.train_flags))
    return SweepRequest(arguments, stored.grown_to(_typed_plan(arguments, stored)), folder)


def _unnamed(arguments: argparse.Namespace) -> SweepRequest:
    plan = _typed_plan(arguments)
    folder = _same_sweep(arguments.log_folder, plan)
    if folder is None:
        return SweepRequest(arguments, plan, None)
    return SweepRequest(arguments, replace(read_plan(folder), flags=plan.flags), folder)


def _typed_plan(arguments: argparse.Namespace, stored: SweepPlan | None = None) -> SweepPlan:
    """Return what is typed; what is left out is as in the stored sweep."""
    if stored is None and not (arguments.algo and arguments.env):
        missing = "--env" if arguments.algo else "--algo" if arguments.env else "--algo and --env"
        raise ConfigError(f"{missing}: say what to train, e.g. --algo sac --env Bert-v0 --seeds 5")
    base = stored or SweepPlan("", (), (), tuple(range(_DEFAULT_SEEDS)))
    seeds = base.seeds
    if arguments.seeds is not None:
        if arguments.seeds < 1:
            raise ConfigError(f"--seeds {arguments.seeds}: must be at least 1")
        seeds = tuple(range(arguments.seeds))
    elif arguments.seed_list is not None:
        seeds = tuple(dict.fromkeys(arguments.seed_list))
        wrong = [str(seed) for seed in seeds if not 0 <= seed < 2**32]
        if wrong:
            raise ConfigError(f"--seed-list {wrong[0]}: must be from 0 to {2**32 - 1}")
    return replace(
        base,
        algos=tuple(dict.fromkeys(arguments.algo or base.algos)),
        envs=tuple(dict.fromkeys(arguments.env or base.envs)),
        seeds=seeds,
        flags=tuple(arguments.train_flags) if stored is None else stored.flags,
        working_folder=str(Path.cwd()) if stored is None else stored.working_folder,
    )


def _same_sweep(log_folder: Path, plan: SweepPlan) -> SweepFolder | None:
    """Return the sweep that the same command started before."""
    for folder in list_sweeps(log_folder):
        try:
            other = read_plan(folder)
        except DamagedFileError as error:
            console.warn(str(error))
            continue
        if _identity(other) == _identity(plan):
            return folder
    return None


def _identity(plan: SweepPlan) -> tuple[Any, ...]:
    flags = {k: v for k, v in given_flags(plan.flags).items() if k not in _MAY_CHANGE}
    return set(plan.algos), set(plan.envs), set(plan.seeds), flags, plan.working_folder


def _check_same_flags(stored: SweepPlan, flags: Sequence[str]) -> None:
    old, new = given_flags(stored.flags), given_flags(flags)
    for name in sorted((old.keys() | new.keys()) - _MAY_CHANGE):
        if old.get(name) != new.get(name):
            was = "not given" if name not in old else repr(old[name])
            now = "not given" if name not in new else repr(new[name])
            raise ConfigError(
                f"--{name.replace('_', '-')}: in the sweep '{stored.name}' it was {was}, now it is "
                f"{now}; runs of one sweep differ in nothing else: choose another --name"
            )


def _check_place(stored: SweepPlan) -> None:
    place = Path(stored.working_folder)
    if stored.working_folder and place.is_dir() and not place.samefile(Path.cwd()):
        raise UsageError(
            f"--name {stored.name}: the sweep was started in {place}, where its flags are meant; "
            "continue it there (--status works anywhere)"
        )


def _future_folder(request: SweepRequest) -> SweepFolder:
    plan = request.plan
    name = plan.name or default_name(plan.algos, plan.envs)
    return request.folder or sweep_folder(request.arguments.log_folder, name)
