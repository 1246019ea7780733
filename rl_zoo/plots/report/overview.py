"""What a run was: its state, its budget, where it comes from, how to repeat it."""

from __future__ import annotations

from collections.abc import Iterator

from rl_zoo.plots.curves import latest_rows
from rl_zoo.plots.report.evaluations import best_place, finite_returns
from rl_zoo.plots.report.number_text import count_text, duration_text, mean_text, time_text
from rl_zoo.plots.report.reported_run import ReportedRun
from rl_zoo.plots.report.sections import Block, Code, Notice, Section, Table
from rl_zoo.runs.record import RunRecord


def overview(run: ReportedRun) -> Section:
    """Return the first section: a table of facts, what weakens the run, and its command."""
    rows = tuple(_rows(run))
    blocks: list[Block] = [Notice(text) for text in _notices(run)]
    blocks.append(Table((), rows))
    command = _command(run)
    if command:
        blocks.append(Code(command, "Command"))
    return Section("overview", "Overview", tuple(blocks))


def _rows(run: ReportedRun) -> Iterator[tuple[str, str]]:
    record = run.record
    yield "Algorithm", run.algo if record is None else record.algo
    yield "Environment", run.folder.env_name if record is None else record.env_id
    if record is None:
        if not run.folder.record_file.is_file():
            yield "State", "not recorded: no run.json in the folder"
        if run.episodes is not None and len(run.episodes.returns):
            yield "Steps in ended episodes", count_text(int(run.episodes.steps[-1]))
    else:
        yield from _record_rows(record)
    if run.episodes is not None:
        yield "Training episodes", count_text(len(run.episodes.returns))
    yield from _evaluation_rows(run)


def _record_rows(record: RunRecord) -> Iterator[tuple[str, str]]:
    if record.label:
        yield "Label", record.label
    yield "State", f"{record.state}: {record.reason}" if record.reason else record.state
    budget = f"{count_text(record.num_timesteps)} of {count_text(record.n_timesteps)}"
    yield "Environment steps", budget
    yield "Training time", duration_text(record.wall_time_s)
    minutes = _robot_minutes(record)
    if minutes:
        yield "Robot time", minutes
    yield "Seed", str(record.seed)
    yield "Started", time_text(record.started_at)
    if record.ended_at:
        yield "Ended", time_text(record.ended_at)
    if record.robot is not None:
        yield "Robot", _robot_text(record)
    if record.parent:
        yield "Started from", record.parent


def _evaluation_rows(run: ReportedRun) -> Iterator[tuple[str, str]]:
    if run.evaluations is None or run.evaluations.results.size == 0:
        return
    rows = latest_rows(run.evaluations.timesteps)
    places = {
        "Last evaluation": len(rows) - 1,
        "Best evaluation": best_place(run.evaluations, rows),
    }
    for name, place in places.items():
        if place is not None:
            returns = finite_returns(run.evaluations, rows[place])
            text = mean_text(returns) if len(returns) else "not finite"
            step = count_text(run.evaluations.timesteps[rows[place]])
            yield name, f"return {text} at step {step}"


def _robot_minutes(record: RunRecord) -> str:
    if record.robot_use is not None:
        running = float(record.robot_use.get("minutes_running", 0.0))
        return f"{running:.1f} min following the policy"
    frequency = (record.robot or {}).get("control_frequency")
    if not frequency:
        return ""
    return f"{record.num_timesteps / float(frequency) / 60.0:.1f} min at {frequency:g} Hz"


def _robot_text(record: RunRecord) -> str:
    robot = record.robot or {}
    driver = robot.get("driver")
    return f"{robot.get('name', '?')}, {f'driver {driver}' if driver else 'simulated'}"


def _notices(run: ReportedRun) -> Iterator[str]:
    yield from run.problems
    record = run.record
    if record is None:
        return
    if record.state == "running":
        yield "The run had not ended when this page was written, or its process was killed."
    elif record.state in ("interrupted", "crashed"):
        what = "crashed" if record.state == "crashed" else "was interrupted"
        reason = f": {record.reason}" if record.reason else ""
        yield f"The run {what} at step {count_text(record.num_timesteps)}{reason}"


def _command(run: ReportedRun) -> str:
    if run.record is not None and run.record.command:
        return run.record.command
    try:
        return run.folder.command_file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
