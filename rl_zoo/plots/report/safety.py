"""What the safety layer had to do while a run learned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from rl_zoo.plots.report.metrics import metric_panels
from rl_zoo.plots.report.number_text import NOTHING, count_text, percent_text, rounded, share_text
from rl_zoo.plots.report.panels import Metric, draw_panels
from rl_zoo.plots.report.reported_run import ReportedRun
from rl_zoo.plots.report.sections import Block, Paragraph, Section, Table

UNITS = {
    "joint_range": "rad",
    "torque": "rad",
    "joint_velocity": "rad/s",
    "tracking": "rad",
    "command_velocity": "rad",
    "foot_box": "m",
    "self_collision": "m",
    "tilt": "rad",
    "height": "m",
    "temperature": "°C",
    "battery": "V",
    "stale": "s",
    "action_space": "units of action",
    "action_change": "units of action",
    "finite": "entries",
}
"""Unit of how far outside each limit a command or a state was."""

_RATE = Metric("safety/intervention_rate", "Steps with a changed action", "%", 100.0)
_OVERALL = (
    _RATE,
    Metric("safety/cost", "Cost per episode"),
    Metric("safety/margin", "Smallest margin (1: far, 0: on a limit)"),
)


def safety(run: ReportedRun) -> Section | None:
    """Return interventions over time, and every limit that was reached; None without any layer."""
    names = [key for key in run.logged if key.startswith("safety/")]
    known = {metric.key for metric in _OVERALL}
    limits = [Metric(key, _name(key), _unit(key)) for key in names if key not in known]
    reached = [metric for metric in limits if _is_reached(run, metric)]
    blocks: list[Block] = [*_rates(run), *_guard(run)]
    overall = [metric for metric in _OVERALL if metric is _RATE or _is_reached(run, metric)]
    outside = [replace(metric, name=f"Outside {metric.name.lower()}") for metric in reached]
    panels = metric_panels(run, [*overall, *outside])
    blocks += draw_panels(run, panels)
    blocks += _limits(run, reached)
    never = [metric.name.lower() for metric in limits if metric not in reached]
    if never:
        blocks.append(Paragraph(f"Never reached: {', '.join(never)}."))
    return Section("safety", "Safety", tuple(blocks)) if blocks else None


def _rates(run: ReportedRun) -> Iterator[Block]:
    _, training = run.log(_RATE.key)
    _, evaluated = run.log(f"eval/{_RATE.key}")
    if len(training):
        text = f"The safety layer changed {percent_text(training[-1])} of the actions in the last "
        text += f"100 training episodes ({percent_text(training[0])} at the beginning)"
        if len(evaluated):
            text += f", and {percent_text(evaluated[-1])} of those in the last evaluation"
        yield Paragraph(text + ".")


def _guard(run: ReportedRun) -> Iterator[Block]:
    use = run.record.robot_use if run.record is not None else None
    if use is None:
        return
    n_guarded, n_ticks = use.get("guarded_ticks", 0), (use.get("cadence") or {}).get("n_ticks")
    text = f"The guard of the control loop changed the command in {count_text(n_guarded)} ticks"
    if n_ticks and run.record is not None and len(run.record.sessions) == 1:
        text += f" of {count_text(n_ticks)} ({share_text(n_guarded, n_ticks)})"
    yield Paragraph(text + ".")


def _limits(run: ReportedRun, reached: list[Metric]) -> Iterator[Block]:
    rows = []
    for metric in reached:
        _, training = run.log(metric.key)
        _, evaluated = run.log(f"eval/{metric.key}")
        rows.append(
            (
                metric.name,
                metric.unit or NOTHING,
                rounded(training[-1]) if len(training) else NOTHING,
                rounded(training.max()) if len(training) else NOTHING,
                rounded(evaluated[-1]) if len(evaluated) else NOTHING,
            )
        )
    if rows:
        headers = ("limit", "unit", "training, at the end", "training, worst", "last evaluation")
        yield Table(
            headers,
            tuple(rows),
            "How far a command or a state was outside each limit, mean over all steps. A limit "
            "that only reports is here too; it changes no action.",
            n_text_columns=2,
        )


def _is_reached(run: ReportedRun, metric: Metric) -> bool:
    logs = (run.log(metric.key)[1], run.log(f"eval/{metric.key}")[1])
    return any(bool(np.any(values != 0.0)) for values in logs)


def _name(key: str) -> str:
    return key.removeprefix("safety/").replace("_", " ").capitalize()


def _unit(key: str) -> str:
    return UNITS.get(key.removeprefix("safety/"), "")
