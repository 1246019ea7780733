"""How fast a run was, and how well the control loop of its robot kept time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rl_zoo.plots import style
from rl_zoo.plots.report.number_text import (
    count_text,
    duration_text,
    milliseconds_text,
    percent_text,
    rounded,
    share_text,
)
from rl_zoo.plots.report.panels import Line, Panel, draw_panels
from rl_zoo.plots.report.reported_run import ReportedRun
from rl_zoo.plots.report.sections import Block, Section, Table


def timing(run: ReportedRun) -> Section | None:
    """Return steps per second, and the deadlines of a robot; None if nothing was timed."""
    blocks = [*_speed(run), *_deadlines(run)]
    return Section("timing", "Timing", tuple(blocks)) if blocks else None


def _speed(run: ReportedRun) -> Iterator[Block]:
    record = run.record
    if record is not None and record.wall_time_s > 0.0 and record.num_timesteps:
        rate = record.num_timesteps / record.wall_time_s
        rows = [
            ("Training time, evaluations included", duration_text(record.wall_time_s)),
            ("Environment steps per second", rounded(rate)),
        ]
        frequency = run.control_frequency
        if frequency is not None:
            rows.append(("Robot time per training time", percent_text(rate / frequency)))
        yield Table((), tuple(rows), "All sessions")
    steps, values = run.log("time/fps")
    if len(steps) > 1:
        line = Line("", steps, values, style.color_index(run.algo))
        panel = Panel("Steps per second since the start of the session", (line,), from_zero=True)
        yield from draw_panels(run, [panel])


def _deadlines(run: ReportedRun) -> Iterator[Block]:
    use = run.record.robot_use if run.record is not None else None
    if use is None:
        return
    rows = [
        ("Steps whose action came after its deadline", count_text(use.get("late_steps", 0))),
        (
            "Actions that reached the control loop later than due",
            count_text(use.get("late_actions", 0)),
        ),
        ("Ticks without a fresh reading of the robot", count_text(use.get("stale_ticks", 0))),
    ]
    yield Table((), tuple(rows), "Deadlines of the policy, over all sessions.")
    cadence: Mapping[str, Any] | None = use.get("cadence")
    if cadence:
        yield _cadence_table(cadence)


def _cadence_table(cadence: Mapping[str, Any]) -> Table:
    n_ticks, n_missed = int(cadence.get("n_ticks", 0)), int(cadence.get("n_missed", 0))
    rows = [
        ("Rate", f"{cadence.get('achieved_rate', 0.0):.2f} of {cadence.get('rate', 0.0):g} Hz"),
        ("Ticks", count_text(n_ticks)),
        (
            "Deadlines missed",
            f"{count_text(n_missed)} ({share_text(n_missed, n_ticks + n_missed)})",
        ),
        ("Longest gap between two ticks", milliseconds_text(cadence.get("longest_gap", 0.0))),
    ]
    for key, name in (("lateness", "Tick behind its deadline"), ("work", "Work of a tick")):
        parts = [
            f"{label} {milliseconds_text(cadence[f'{key}_{part}'])}"
            for part, label in (("p50", "median"), ("p99", "99 %"), ("max", "most"))
            if f"{key}_{part}" in cadence
        ]
        if parts:
            rows.append((name, ", ".join(parts)))
    return Table((), tuple(rows), "The control loop in the newest session that had one.")
