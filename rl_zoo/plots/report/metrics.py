"""Quantities that training episodes and evaluations are measured by: a table and panels of them."""

from __future__ import annotations

from collections.abc import Sequence

from rl_zoo.plots.report.number_text import NOTHING, rounded
from rl_zoo.plots.report.panels import Metric, Panel, logged_panel
from rl_zoo.plots.report.reported_run import ReportedRun
from rl_zoo.plots.report.sections import Table


def metric_table(run: ReportedRun, metrics: Sequence[Metric]) -> Table | None:
    """Return how each quantity ended, and its range over all evaluations; None without any."""
    rows = []
    for metric in metrics:
        _, training = run.log(metric.key)
        _, evaluated = run.log(f"eval/{metric.key}")
        if not len(training) and not len(evaluated):
            continue
        last = [rounded(values[-1] * metric.scale) if len(values) else NOTHING
                for values in (training, evaluated)]  # fmt: skip
        low, high = NOTHING, NOTHING
        if len(evaluated):
            low, high = (rounded(end * metric.scale) for end in (evaluated.min(), evaluated.max()))
        rows.append((metric.title, *last, low, high))
    if not rows:
        return None
    headers = ("", "training, at the end", "last evaluation", "lowest", "highest")
    caption = (
        "Training: mean of the last 100 episodes, exploration included. Lowest and highest are of "
        "all evaluations, each the mean of its episodes."
    )
    if all(row[2] == NOTHING for row in rows):
        return Table(headers[:2], tuple(row[:2] for row in rows), caption.split(". ")[0] + ".")
    return Table(headers, tuple(rows), caption)


def metric_panels(run: ReportedRun, metrics: Sequence[Metric]) -> list[Panel]:
    """Return a panel for each quantity that was logged."""
    panels = (logged_panel(run, metric) for metric in metrics)
    return [panel for panel in panels if panel is not None]
