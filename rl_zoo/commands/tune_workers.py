"""A study whose trials other processes or jobs run: ``tune --workers N``, ``tune --cluster …``."""

from __future__ import annotations

import argparse
import contextlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rl_zoo import console
from rl_zoo.commands.executor_flags import executor_options
from rl_zoo.errors import ConfigError, TrainingInterrupted

if TYPE_CHECKING:
    import optuna

    from rl_zoo.executors.crew import Crew
    from rl_zoo.executors.job import Job
    from rl_zoo.stop_signals import StopSignals
    from rl_zoo.tuning.options import TuneOptions
    from rl_zoo.tuning.study import StudyEnd
    from rl_zoo.tuning.study_folder import Session
    from rl_zoo.tuning.study_watch import StudyWatch

WORKERS = "workers"
"""Folder, in the study's, of what workers print and of submitted jobs."""
_PERIOD = 0.5
_CLUSTER_PERIOD = 2.0
"""Seconds between two looks at the study; a network folder is looked at less often."""
_LOOKS = 3
"""Looks in a row that may fail; the workers meet a storage that is really lost, too."""


def has_workers(arguments: argparse.Namespace) -> bool:
    """Say whether the flags ask for workers, and this process is none of them."""
    asked = arguments.workers is not None or arguments.cluster is not None
    return asked and not arguments.as_worker


def check_worker_flags(arguments: argparse.Namespace) -> None:
    """Refuse what workers cannot do; nothing is created.

    Raises:
        ConfigError: All problems at once.
        MissingDependencyError: If the cluster needs a package that is not installed.
    """
    if not has_workers(arguments):
        return
    flag = "--workers" if arguments.workers is not None else "--cluster"
    storage = arguments.storage or ""
    problems = []
    if storage == "memory":
        problems.append(f"{flag}: workers cannot share --storage memory; leave it out")
    if arguments.n_jobs != 1:
        problems.append(f"--n-jobs {arguments.n_jobs}: workers run one trial each; leave it out")
    if storage.startswith("sqlite") and arguments.cluster == "slurm":
        problems.append(
            f"--storage {storage}: SQLite loses data on a folder that several machines share; "
            "leave it out (a journal), or use a database server"
        )
    if problems:
        raise ConfigError(problems)
    from rl_zoo.executors.catalog import make_executor

    # Only to check; the folder is known once the study has one.
    make_executor(
        executor_options(arguments, Path(arguments.log_folder), "tune"), arguments.cluster
    )


def run_workers(
    arguments: argparse.Namespace,
    options: TuneOptions,
    session: Session,
    command: Sequence[str],
) -> StudyEnd:
    """Create the study, let workers run it, and return how it ended.

    Args:
        arguments: Parsed flags.
        options: The study, with its folder.
        session: Counts the trials, so that the same command continues behind them.
        command: The command as typed: ``python -m <module> <flags>``.

    Raises:
        ConfigError: If the study or the cluster cannot be used.
        TrainingInterrupted: If this process was interrupted and its jobs go on.
        ZooError: If the storage is lost; what it held is kept.
    """
    from rl_zoo.executors.catalog import make_executor
    from rl_zoo.executors.crew import Crew
    from rl_zoo.stop_signals import StopSignals
    from rl_zoo.tuning.display import StudyDisplay
    from rl_zoo.tuning.storage import lost_storage, storage_error
    from rl_zoo.tuning.study import StudyEnd
    from rl_zoo.tuning.study_watch import StudyWatch, n_missing

    study = _create_study(options)
    total = _total_trials(study, options, session)
    place = executor_options(arguments, _folder_of(options) / WORKERS, options.study_name)
    executor = make_executor(place, arguments.cluster)
    crew = Crew(executor, worker_jobs(command, options, total, place.places))
    end = StudyEnd(study)
    try:
        with StopSignals() as stop:
            try:
                with StudyDisplay(options, n_missing(study, total)) as display:
                    watch = StudyWatch(study, options, session, total, display)
                    _supervise(crew, watch, stop, end)
            finally:
                _close(crew, stop)
            end.interrupted = stop.reason()
        if end.interrupted is not None:
            _look_after_interrupt(crew, watch, options)
    except lost_storage() as error:
        raise storage_error(options.storage or "", error, is_open=True) from error
    return end


def worker_jobs(
    command: Sequence[str], options: TuneOptions, total: int, n_workers: int
) -> list[Job]:
    """Return the commands of the workers: the one typed, tied to this study.

    Args:
        command: ``python -m <module> <flags>``.
        options: The study, with its folder.
        total: Trials that the study is to have.
        n_workers: How many workers there are.
    """
    from rl_zoo.executors.job import Job

    module, flags = command[2], command[3:]
    tied = ["--as-worker", "--storage", str(options.storage), "--study-name", options.study_name]
    tied += ["--max-total-trials", str(total), "--seed", str(options.seed)]
    folder = _folder_of(options) / WORKERS
    names = [f"worker_{number}" for number in range(1, n_workers + 1)]
    return [Job(name, module, (*flags, *tied), folder / f"{name}.log") for name in names]


def _supervise(crew: Crew, watch: StudyWatch, stop: StopSignals, end: StudyEnd) -> None:
    """Look after workers and study until the workers have ended, or there is a reason to stop."""
    n_earlier = crew.start()
    told = f" ({n_earlier} went on from before)" if n_earlier else ""
    logs = crew.jobs[0].log.parent
    console.message(f"workers: {crew.executor.describe()}{told}; what they print is in {logs}")
    while True:
        crew.step(_look(watch))
        if watch.refused is not None:
            crew.cancel()
            raise ConfigError(watch.refused)
        if crew.is_interrupted:
            stop.request("interrupted")
        if stop.reason() is not None:
            return
        end.failure = _why_stop(crew, watch)
        if end.failure is not None:
            end.robot_fault = watch.failures.is_robot_fault
            crew.cancel()
            return
        if not crew.is_at_work():
            return
        time.sleep(_CLUSTER_PERIOD if crew.executor.detaches() else _PERIOD)


def _look(watch: StudyWatch) -> int:
    """Look at the study; again if a server that is started again cut the connection meanwhile."""
    from rl_zoo.tuning.storage import lost_storage

    for _ in range(_LOOKS - 1):
        with contextlib.suppress(*lost_storage()):
            return watch.look()
        time.sleep(_CLUSTER_PERIOD)
    return watch.look()


def _why_stop(crew: Crew, watch: StudyWatch) -> str | None:
    """Return why the study is to be given up, None if it goes on or is done."""
    from rl_zoo.executors.crew import last_error, tail_of

    if watch.failures.reason is not None:
        return watch.failures.reason
    if crew.gave_up is not None:
        log = crew.gave_up.job.log
        console.message(tail_of(log))
        return f"workers are killed again and again; what the last one printed is in {log}"
    failed = crew.failed[-1].job if crew.failed else None
    if failed is None or crew.is_at_work():
        return None
    reason = f"{failed.name} failed: {last_error(failed.log)} (see {failed.log})"
    if watch.is_full():
        console.warn(reason)
        return None
    console.message(tail_of(failed.log))
    return reason


def _close(crew: Crew, stop: StopSignals) -> None:
    """End the workers that are processes of this one; jobs of a cluster go on."""
    executor = crew.executor
    if crew.is_at_work() and not executor.detaches():
        console.message("ending the workers, which save what they have; Ctrl-C kills them")
    try:
        executor.close()
    except KeyboardInterrupt:
        stop.request("SIGINT")


def _look_after_interrupt(crew: Crew, watch: StudyWatch, options: TuneOptions) -> None:
    if not (crew.executor.detaches() and crew.is_at_work()):
        watch.look()  # trials of workers that were killed are queued again
        return
    from rl_zoo.tuning.storage import redacted

    name, storage = options.study_name, redacted(options.storage or "")
    raise TrainingInterrupted(
        f"interrupted, but the study goes on: {crew.places()}. Watch it with the same command, or "
        f"with: rl_zoo study show {name} --storage {storage}\n"
        f"End its jobs with: {crew.cancel_command()}"
    )


def _create_study(options: TuneOptions) -> optuna.Study:
    from rl_zoo.tuning.open_study import open_study, tell_first_trial
    from rl_zoo.tuning.search_space import space_of
    from rl_zoo.tuning.study import check_environment
    from rl_zoo.tuning.values import entry_point

    check_environment(options)
    space = space_of(options.config, options.fixed, options.search_space)
    point = entry_point(space, options.config)
    study = open_study(options, point)
    if not study.get_trials(deepcopy=False):
        tell_first_trial(point)
    return study


def _total_trials(study: optuna.Study, options: TuneOptions, session: Session) -> int:
    """Return how many trials the study is to have; known again when the command continues it."""
    from rl_zoo.tuning.failures import counted_trials
    from rl_zoo.tuning.stale import fail_stale

    if options.max_total_trials is not None:
        return options.max_total_trials
    if session.total is None:
        fail_stale(study, options)
        session.aim_at(len(counted_trials(study)) + options.n_trials)
    return session.total or 0


def _folder_of(options: TuneOptions) -> Path:
    return options.study_folder or options.log_folder
