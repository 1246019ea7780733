"""One training run with ``--realtime``, from its options to its files."""

from __future__ import annotations

import os
import time
from pathlib import Path

from rl_zoo.errors import ConfigError, UsageError, ZooError
from rl_zoo.realtime.ending import end_run
from rl_zoo.realtime.fit import require_fit
from rl_zoo.realtime.monitor_file import MonitorFile
from rl_zoo.realtime.preparation import OpenedRun, complete_record, open_new, open_old
from rl_zoo.realtime.run_books import RunBooks
from rl_zoo.realtime.supervisor import Crew, Supervisor, start_crew
from rl_zoo.runs.atomic import write_bytes
from rl_zoo.runs.folder import RunFolder, remove_run_folder
from rl_zoo.runs.lock import RunLock
from rl_zoo.runs.record import now
from rl_zoo.stop_signals import StopSignals
from rl_zoo.train_options import FinishedRun, TrainOptions, write_parameters


def train(options: TrainOptions) -> FinishedRun:
    """Run a configuration from start, or from where it was left, to its end.

    Raises:
        ConfigError: If the configuration does not fit; nothing is left behind.
        TrainingInterrupted: After a signal, with everything saved.
        RobotFault: After a failure of the environment, with everything saved.
        ZooError: If no learner could go on, with every transition saved.
    """
    require_fit(options)
    lock = None if options.resume is None else RunLock(options.resume)
    try:
        run = open_new(options) if options.resume is None else open_old(options)
        lock = lock or RunLock(run.folder)
        return _train(options, run)
    finally:
        if lock is not None:
            lock.release()


def _train(options: TrainOptions, run: OpenedRun) -> FinishedRun:
    started, is_new = time.time(), run.is_new
    before = {} if is_new else _contents(run.folder)
    with StopSignals() as stop:
        supervisor = None
        try:
            crew = start_crew(options, run)
            books = _open_books(options, run)
            supervisor = Supervisor(options, run, crew, books, stop)
            supervisor.lead()
            refused = _refusal(crew)
            if refused is not None:
                raise refused
        except BaseException as error:
            if supervisor is not None:
                supervisor.close()
            has_begun = supervisor is not None and supervisor.crew.ring is not None
            if is_new and (not has_begun or isinstance(error, (ConfigError, UsageError))):
                remove_run_folder(run.folder)
            for file, content in before.items():
                write_bytes(file, content)
            raise
        try:
            end_run(options, run, supervisor, started)
        finally:
            supervisor.close()
    return FinishedRun(run.folder, crew.n_rows)


def _open_books(options: TrainOptions, run: OpenedRun) -> RunBooks:
    """Write the parameters and the first ``run.json``; the processes are starting meanwhile."""
    config, record = options.config, run.record
    write_parameters(run.folder, options)
    if run.is_new:
        complete_record(record)
    session = {"started_at": now(), "from_step": run.n_rows, "state": "running"}
    record.sessions.append({**session, "process": os.getpid()})
    record.state, record.reason, record.ended_at = "running", "", None
    keywords = tuple(config.monitor_kwargs.get("info_keywords", ()))
    monitor = MonitorFile(run.folder.monitor_file(0), config.env_id, keywords, elapsed=run.elapsed)
    books = RunBooks(run.folder, record, run.history, monitor)
    books.take(list(run.unlogged))
    books.write()
    return books


def _refusal(crew: Crew) -> ZooError | None:
    """Return why the run could not be what was asked for: nothing of it is kept then."""
    failed = [crew.actor] if crew.learner_error is None else [crew.actor, crew.learner]
    told = (member.error() for member in failed if member.fault is not None)
    refused = next((error for error in told if isinstance(error, (ConfigError, UsageError))), None)
    if refused is None and crew.ring is None and crew.actor.exit_code != 0:
        return crew.actor.error()  # its environment could not be opened
    return refused


def _contents(folder: RunFolder) -> dict[Path, bytes]:
    """Return what a session writes before it is sure that the run can go on."""
    files = (folder.record_file, folder.config_file, folder.args_file, folder.provenance_file)
    return {file: file.read_bytes() for file in files if file.is_file()}
