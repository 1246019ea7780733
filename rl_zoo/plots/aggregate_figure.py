"""Aggregate scores over all environments: median, IQM, mean and optimality gap."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rl_zoo.plots import style
from rl_zoo.plots.method_looks import method_looks
from rl_zoo.plots.score_axes import (
    draw_interval,
    environments_text,
    interval_text,
    prepare_rows,
    row_figure_size,
)
from rl_zoo.plots.score_tables import AGGREGATE_NAMES
from rl_zoo.plots.stratified import Estimate

if TYPE_CHECKING:
    from rl_zoo.plots.catalog import Comparison

_NARROW = 4.2
"""Inches beside the names below which the four panels stand in two rows."""
_LETTER_WIDTH = 0.0076
"""Inches of a letter per point of its size."""


def plot_aggregates(comparison: Comparison) -> dict[str, Figure]:
    """Draw the four aggregates side by side, one row per method.

    Raises:
        UsageError: If there are no scores.
    """
    estimates, results, options = comparison.estimates, comparison.results, comparison.options
    scores = estimates.scores
    methods = list(estimates.aggregates)
    looks = method_looks(results.methods())
    names = [f"{results.title(each)} ({scores.seeds_text(each)})" for each in methods]
    names_width = max(len(name) for name in names) * _LETTER_WIDTH * options.fontsize
    rows = 2 if options.size[0] - names_width < _NARROW else 1
    columns = len(AGGREGATE_NAMES) // rows
    size = row_figure_size(options, len(methods), bands=rows)
    with style.zoo_style(options.fontsize):
        figure = style.new_figure(size, interactive=options.interactive)
        panels = figure.subplots(rows, columns, sharey=True, squeeze=False)
        for place, axes in enumerate(panels.ravel()):
            column = [_numbers(estimates.aggregates[each])[place] for each in methods]
            for row, (method, estimate) in enumerate(zip(methods, column, strict=True)):
                draw_interval(axes, row, estimate, looks[method])
            axes.set_title(AGGREGATE_NAMES[place], fontsize=options.fontsize - 1)
            axes.tick_params(axis="x", labelsize=options.fontsize - 2)
            axes.set_yticks(range(len(names)), names)
            prepare_rows(axes, len(methods))
            _limit(axes, column)
        known = any(
            math.isfinite(_numbers(found)[0].low) for found in estimates.aggregates.values()
        )
        interval = interval_text(comparison.confidence, any_interval=known)
        figure.supxlabel(
            f"{scores.axis_label}\n{environments_text(scores)}; {interval}",
            fontsize=options.fontsize - 1,
        )
    return {"": figure}


def _numbers(found: object) -> tuple[Estimate, ...]:
    return tuple(getattr(found, name) for name in ("median", "iqm", "mean", "optimality_gap"))


def _limit(axes: Axes, column: list[Estimate]) -> None:
    """Leave room around the intervals, and keep differences below 0.1 from looking large."""
    ends = np.array([[each.value, each.low, each.high] for each in column])
    low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
    spread = max(high - low, 0.1)
    middle = (low + high) / 2
    axes.set_xlim(middle - 0.58 * spread, middle + 0.58 * spread)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=3, steps=[1, 2, 2.5, 5, 10]))
