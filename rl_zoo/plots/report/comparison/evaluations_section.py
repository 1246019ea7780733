"""Evaluations of the compared methods: curves with intervals, last evaluations, who is better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rl_zoo.plots.curves import CurveRequest, align, load_series
from rl_zoo.plots.evaluation_figure import FigureOptions, plot_environment
from rl_zoo.plots.improvement import probability_of_improvement
from rl_zoo.plots.report.comparison.methods import ComparedMethod, ComparedRun, ComparedRuns
from rl_zoo.plots.report.sections import Block, Drawing, Folded, Notice, Section, Table
from rl_zoo.plots.results import AlignedSeries, Results
from rl_zoo.plots.tables import EMPTY_CELL, make_cell, number_texts, steps_text
from rl_zoo.runs.search import FoundRun

SMALL = FigureOptions(size=(4.25, 3.2), fontsize=9.5)
"""Looks of two figures beside each other on a wide page."""

_MOST_NOTICES = 4
"""More are folded."""

_HEADERS = ("Environment", "Method", "Seeds", "Mean", "± SE", "95 % interval", "Best", "Worst")


def evaluations_section(compared: ComparedRuns) -> Section | None:
    """Return curves over steps and tables of the last evaluations; None without evaluations."""
    series, notes = load_evaluated(compared)
    if not series:
        return None
    blocks: list[Block] = [Notice(note) for note in notes]
    if len(notes) > _MOST_NOTICES:
        blocks = [Folded(f"{len(notes)} remarks on runs joined or left out", tuple(blocks))]
    results = Results(tuple(map(for_figure, series)))
    several = len(results.env_names()) > 1
    options, looks = SMALL if several else FigureOptions(), compared.looks()
    for env in results.env_names():
        shown = [item for item in series if item.env_name == env]
        figure = plot_environment(results, env, options, looks=looks)
        names = ", ".join(f"{item.title} (n={item.n})" for item in shown)
        caption = f"Evaluations on {env}: {what_is_drawn(shown)}."
        blocks.append(Drawing(figure, caption, f"Return over environment steps of {names}."))
    blocks.append(_last_table(series))
    for env in results.env_names():
        table = _improvement_table(env, [item for item in series if item.env_name == env])
        if table is not None:
            blocks.append(table)
    return Section("evaluations", "Evaluations", tuple(blocks))


def load_evaluated(compared: ComparedRuns) -> tuple[list[AlignedSeries], list[str]]:
    """Return one series per method that has evaluations, and what was joined or left out.

    A run and its continuation are one seed.
    """
    series: list[AlignedSeries] = []
    notes: list[str] = []
    for method in compared.methods:
        notes.extend(
            f"{run.name}: left out, since whether it goes on from another run is unknown "
            "without its run.json"
            for run in method.runs
            if not _has_origin(run)
        )
        loaded, found_notes = load_series(found_runs(method), method.label, CurveRequest())
        notes.extend(found_notes)
        if loaded is not None:
            series.append(replace(align(loaded), name=method.name))
    return series, notes


def what_is_drawn(series: Sequence[AlignedSeries]) -> str:
    """Return what the lines and areas of a figure are."""
    if all(item.n == 1 for item in series):
        return "one seed each"
    return "mean over seeds and 95 % bootstrap interval"


def found_runs(method: ComparedMethod) -> list[FoundRun]:
    """Return the runs of a method as a search in their log folders would.

    One whose ``run.json`` is damaged is no seed that could be counted.
    """
    folders = [run.run.folder for run in method.runs if _has_origin(run)]
    return [
        FoundRun(folder, folder.path.parent.parent, method.algo, method.env_name, number)
        for number, folder in enumerate(folders, start=1)
    ]


def _has_origin(run: ComparedRun) -> bool:
    """Say whether the run's ``run.json`` can be read, or it has none, as a zoo's."""
    return run.run.record is not None or not run.run.folder.record_file.is_file()


def for_figure(series: AlignedSeries) -> AlignedSeries:
    """Return the series with a name that Matplotlib does not take for mathematics."""
    return replace(series, name=series.name.replace("$", r"\$"))


def _last_table(series: Sequence[AlignedSeries]) -> Table:
    rows = []
    for item in series:
        cell = make_cell(item)
        value, error = number_texts(cell, intervals=False)
        _, interval = number_texts(cell, intervals=True)
        decimals = len(value.partition(".")[2])
        best, worst = (f"{end(item.last_values):.{decimals}f}" for end in (np.max, np.min))
        steps = steps_text(cell)
        name = f"{item.title}, at {steps} steps" if steps else item.title
        spread = (error or EMPTY_CELL, interval or EMPTY_CELL)
        rows.append((item.env_name, name, str(item.n), value, *spread, best, worst))
    caption = (
        "Last evaluation of every seed: mean over seeds, its standard error, its bootstrap "
        "interval, the best and the worst seed."
    )
    return Table(_HEADERS, tuple(rows), caption, n_text_columns=2)


def _improvement_table(env: str, series: Sequence[AlignedSeries]) -> Table | None:
    """Return how probable it is that a run of one method ends above one of another."""
    several = [item for item in series if item.n > 1]
    if len(several) < 2:
        return None
    rows = []
    for row, x in enumerate(several):
        cells = [
            EMPTY_CELL if row == column else _improvement(x, y, turned=row > column)
            for column, y in enumerate(several)
        ]
        rows.append((x.title, *cells))
    headers = ("", *(f"above {item.title}" for item in several))
    caption = (
        f"{env}: probability that a run of the row's method ends above one of the column's, with "
        "its 95 % bootstrap interval (too narrow where there are few seeds); 0.5: no difference."
    )
    return Table(headers, tuple(rows), caption)


def _improvement(x: AlignedSeries, y: AlignedSeries, *, turned: bool) -> str:
    """Return a cell; the two of a pair come from the same resamples, so that they add up to 1."""
    first, second = (y, x) if turned else (x, y)
    estimate = probability_of_improvement([first.last_values], [second.last_values])
    value, low, high = estimate.value, estimate.low, estimate.high
    if turned:
        value, low, high = 1.0 - value, 1.0 - high, 1.0 - low
    return f"{value:.2f} [{low:.2f}, {high:.2f}]"
