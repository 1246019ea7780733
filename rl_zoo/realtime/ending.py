"""How a real-time run ends: everything saved, written down and told."""

from __future__ import annotations

import contextlib
import shlex
import time

from rl_zoo import console
from rl_zoo.errors import TrainingInterrupted, ZooError
from rl_zoo.realtime.preparation import OpenedRun
from rl_zoo.realtime.report import describe_report, report_of
from rl_zoo.realtime.snapshots import newest_snapshot
from rl_zoo.realtime.supervisor import Crew, Supervisor
from rl_zoo.runs.atomic import write_text
from rl_zoo.runs.record import describe_ends, now
from rl_zoo.runs.robot_use import describe_use
from rl_zoo.train_options import TrainOptions


def end_run(options: TrainOptions, run: OpenedRun, supervisor: Supervisor, started: float) -> None:
    """Save, record how the run ended, and raise what tells the user if it is not finished.

    Args:
        options: How it ran.
        run: The folder and what was in it.
        supervisor: After ``lead``.
        started: When this session began, s since the epoch.
    """
    crew = supervisor.crew
    error = _reason(options, supervisor)
    saved = False
    if crew.learner_error is None and crew.n_rows > 0:  # it checks its weights itself
        wants_checkpoint = error is not None or options.save_freq > 0 or options.save_at_end
        saved = supervisor.finish_learner(debt=error is None, checkpoint=wants_checkpoint)
        failure = supervisor.crew.learner_error  # of the last work, maybe
        if error is not None and failure is not None:
            console.warn(str(failure))
        error = error or failure
    supervisor.close()
    _write_end(options, run, supervisor, error, started)
    if error is None and not saved:
        error = ZooError(f"the learner did not write the final model within {run.folder.path}")
    if error is None:
        return
    told = f"{error} (step {crew.n_rows} of {options.config.n_timesteps})"
    kept = "everything is saved" if saved else "every transition is saved"
    told += f"; {kept} in {run.folder.path}\n{_advice(options, run)}"
    if run.folder.crash_report.is_file() and not isinstance(error, TrainingInterrupted):
        told += f"\ntraceback: {run.folder.crash_report}"
    raise type(error)(told)


def _reason(options: TrainOptions, supervisor: Supervisor) -> ZooError | None:
    """Return why the run ends before its budget is used up; None if it does not."""
    crew = supervisor.crew
    if crew.actor.fault is not None:
        return crew.actor.error()
    if crew.learner_error is not None:
        return crew.learner_error
    reason = supervisor.books.stop_reason or supervisor.stop.reason()
    if crew.n_rows >= options.config.n_timesteps:
        return None
    if reason is not None:
        return TrainingInterrupted(reason)
    return crew.actor.error()


def _write_end(
    options: TrainOptions,
    run: OpenedRun,
    supervisor: Supervisor,
    error: ZooError | None,
    started: float,
) -> None:
    """Write ``run.json`` and, after a failure, ``crash.txt``; say how it went."""
    crew, record = supervisor.crew, run.record
    record.state = "finished"
    if error is not None:
        record.state = "interrupted" if isinstance(error, TrainingInterrupted) else "crashed"
        _write_crash_report(run, crew, error)
    record.reason = "" if error is None else str(error)
    record.ended_at, record.num_timesteps = now(), crew.n_rows
    record.wall_time_s = run.elapsed + time.time() - started
    record.sessions[-1].update(to_step=crew.n_rows, ended_at=now(), state=record.state)
    record.realtime = report_of(crew.board, supervisor.books.cadence, supervisor.n_updates_in_time)
    record.realtime["actor_silences"] = crew.actor_watch.silences
    supervisor.books.write()
    if options.verbose > 0:
        console.message(describe_ends(record.end_reasons, record.discarded))
        console.message(describe_report(record.realtime))
    if record.robot_use is not None:
        console.message(describe_use(record.robot_use))


def _write_crash_report(run: OpenedRun, crew: Crew, error: ZooError) -> None:
    faults = [member.fault for member in (crew.actor, crew.learner) if member.fault is not None]
    text = "\n".join(str(fault.get("traceback") or "") for fault in faults).strip()
    if text and not isinstance(error, TrainingInterrupted):
        with contextlib.suppress(OSError):
            write_text(run.folder.crash_report, text + "\n")


def _advice(options: TrainOptions, run: OpenedRun) -> str:
    if run.record.parent is not None and newest_snapshot(run.folder) is None:
        return f"the old policy was not taken over yet; start anew with: {options.command}"
    return f"resume with: {_resume_command(options, run)}"


def _resume_command(options: TrainOptions, run: OpenedRun) -> str:
    command = ["python", "-m", "rl_zoo.train", "--resume", str(run.folder.path)]
    packages = options.gym_packages
    return shlex.join([*command, "--gym-packages", *packages] if packages else command)
