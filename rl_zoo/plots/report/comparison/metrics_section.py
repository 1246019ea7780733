"""How the compared methods move: speed, energy, smoothness, safety."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rl_zoo.plots.evaluation_figure import plot_environment
from rl_zoo.plots.method_looks import Looks, method_looks
from rl_zoo.plots.report.comparison.evaluations_section import (
    SMALL,
    for_figure,
    found_runs,
    what_is_drawn,
)
from rl_zoo.plots.report.comparison.logged_series import load_logged
from rl_zoo.plots.report.comparison.methods import ComparedMethod, ComparedRuns
from rl_zoo.plots.report.sections import Block, Drawing, Notice, Section, Table
from rl_zoo.plots.results import AlignedSeries, Method, Results
from rl_zoo.plots.tables import EMPTY_CELL, make_cell, number_texts

EVALUATION = "eval/"
"""Beginning of the names of what was measured in evaluations, not in training episodes."""


@dataclass(frozen=True)
class Metric:
    """A number of ``progress.jsonl``.

    Attributes:
        key: Its name there, without ``eval/``.
        label: Name with unit.
        is_drawn: Whether it is worth a figure over steps.
    """

    key: str
    label: str
    is_drawn: bool = False


METRICS = (
    Metric("motion/forward_speed", "Forward speed (m/s)", is_drawn=True),
    Metric("motion/velocity_error", "Velocity error (m/s)"),
    Metric("motion/cost_of_transport", "Cost of transport", is_drawn=True),
    Metric("motion/energy", "Energy per episode (J)"),
    Metric("motion/power", "Mean power (W)"),
    Metric("motion/mean_torque", "Mean torque (N m)"),
    Metric("motion/peak_torque", "Peak torque (N m)"),
    Metric("motion/peak_foot_force", "Peak foot force (N)"),
    Metric("motion/continuity_cost", "Continuity cost, agent", is_drawn=True),
    Metric("motion/continuity_cost_executed", "Continuity cost, executed"),
    Metric("motion/direction_changes", "Changes of direction (1/s per joint)"),
    Metric("motion/falls", "Falls per episode"),
    Metric("safety/intervention_rate", "Interventions per step", is_drawn=True),
    Metric("safety/cost", "Safety cost per episode"),
)
"""Those compared, in order."""


@dataclass(frozen=True)
class ComparedGroup:
    """Methods whose motion can be compared: on one environment, or with the same robot.

    Attributes:
        title: The environment, or the robot.
        methods: At least one.
    """

    title: str
    methods: tuple[ComparedMethod, ...]

    def name(self, method: ComparedMethod) -> str:
        """Return the name of a method, with its environment if there are several."""
        return f"{method.name}, {method.env_name}" if self.has_several_envs else method.name

    def label(self, method: ComparedMethod) -> str:
        """Return what tells a method from the others of its algorithm in one figure."""
        several = self.has_several_envs
        return f"{method.label} {method.env_name}".strip() if several else method.label

    @property
    def has_several_envs(self) -> bool:
        """Whether there is more than one environment."""
        return len({one.env_name for one in self.methods}) > 1

    def looks(self, compared: ComparedRuns) -> Mapping[Method, Looks]:
        """Return how each method looks: as everywhere on the page, if a line is a method."""
        if not self.has_several_envs:
            return compared.looks()
        return method_looks([(method.algo, self.label(method)) for method in self.methods])

    def load(self, key: str) -> tuple[list[AlignedSeries | None], list[str]]:
        """Return what each method logged as ``key``, and what was left out."""
        found, notes = [], []
        for method in self.methods:
            series, problems = load_logged(method, found_runs(method), key)
            notes.extend(problems)
            if series is not None:
                # One figure for all: a line is told from the others by its label.
                series = replace(
                    series,
                    env_name=self.title,
                    name=self.name(method),
                    label=self.label(method),
                )
            found.append(series)
        return found, notes


def metrics_section(compared: ComparedRuns) -> Section | None:
    """Return a table of the last values and curves over steps; None if nothing was logged.

    Environments with the same robot are compared with each other: a speed or an energy means the
    same in all of them, other than a return.
    """
    blocks = [
        block for group in _groups(compared) for block in _of_group(group, group.looks(compared))
    ]
    return Section("motion", "Motion, energy and safety", tuple(blocks)) if blocks else None


def _groups(compared: ComparedRuns) -> list[ComparedGroup]:
    groups: dict[str, list[ComparedMethod]] = {}
    for method in compared.methods:
        groups.setdefault(_robot(method) or method.env_name, []).append(method)
    return [
        ComparedGroup(
            title if len({one.env_name for one in found}) > 1 else found[0].env_name, tuple(found)
        )
        for title, found in groups.items()
    ]


def _robot(method: ComparedMethod) -> str:
    """Return the robot that all runs of a method recorded; "" if there is none."""
    records = [run.run.record for run in method.runs]
    names = {(record.robot or {}).get("name") if record else None for record in records}
    name = names.pop() if len(names) == 1 else None
    return str(name) if name else ""


def _of_group(group: ComparedGroup, looks: Mapping[Method, Looks]) -> Iterator[Block]:
    """Yield the table, then the figures."""
    prefix = EVALUATION if _all_log_evaluations(group.methods) else ""
    rows: list[tuple[str, ...]] = []
    figures: list[Drawing] = []
    notes: list[str] = []
    for metric in METRICS:
        found, problems = group.load(prefix + metric.key)
        notes.extend(problems)
        series = [item for item in found if item is not None]
        if not series:
            continue
        cells = (_cell(*pair) for pair in zip(found, group.methods, strict=True))
        rows.append((metric.label, *cells))
        if metric.is_drawn and any(map(_changes, series)):
            figures.append(_figure(group.title, metric, series, looks))
    if not rows:
        return
    yield from map(Notice, dict.fromkeys(notes))
    source = "the last evaluation" if prefix else "the last training episodes"
    names = (f"{group.name(method)} (n={len(method.runs)})" for method in group.methods)
    caption = f"{group.title}: mean over {source} of every seed, ± standard error over n seeds."
    yield Table(("", *names), tuple(rows), caption)
    yield from figures


def _all_log_evaluations(methods: Sequence[ComparedMethod]) -> bool:
    """Say whether every run measured motion in its evaluations; else training is compared."""
    runs = [run.run for method in methods for run in method.runs]
    beginning = (f"{EVALUATION}motion/", f"{EVALUATION}safety/")
    moving = [run for run in runs if any("motion/" in name for name in run.logged)]
    return all(any(name.startswith(beginning) for name in run.logged) for run in moving)


def _cell(series: AlignedSeries | None, method: ComparedMethod) -> str:
    """Return mean and standard error, and n where not every run logged the number."""
    if series is None:
        return EMPTY_CELL
    value, error = number_texts(make_cell(series), intervals=False)
    text = f"{value} ± {error}" if error else value
    return text if series.n == len(method.runs) else f"{text} (n={series.n})"


def _changes(series: AlignedSeries) -> bool:
    values = series.statistics.center
    finite = values[np.isfinite(values)]
    return len(finite) > 1 and bool(np.ptp(finite) > 0)


def _figure(
    title: str, metric: Metric, series: Sequence[AlignedSeries], looks: Mapping[Method, Looks]
) -> Drawing:
    results = Results(tuple(map(for_figure, series)))
    figure = plot_environment(results, title, SMALL, metric.label, looks)
    names = ", ".join(f"{item.title} (n={item.n})" for item in series)
    caption = f"{metric.label}: {what_is_drawn(series)}."
    return Drawing(figure, caption, f"{metric.label} over environment steps of {names}.")
