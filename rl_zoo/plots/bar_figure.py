"""Last evaluations as bars: the statistic over seeds and its interval, every seed as a dot."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rl_zoo.plots import style
from rl_zoo.plots.panels import draw_seeds, environment_panels
from rl_zoo.plots.statistics import Bootstrap
from rl_zoo.plots.tables import STATISTIC_NAMES, make_cell

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from rl_zoo.plots.catalog import Comparison
    from rl_zoo.plots.method_looks import Looks
    from rl_zoo.plots.results import AlignedSeries


def plot_bars(comparison: Comparison) -> dict[str, Figure]:
    """Draw the last evaluations of every method on every environment as bars."""
    results = comparison.results
    settings = Bootstrap(confidence=results.confidence, resamples=results.resamples)

    def draw(axes: Axes, place: float, item: AlignedSeries, looks: Looks) -> None:
        cell = make_cell(item, results.statistic, settings)
        axes.bar(
            place,
            cell.value,
            width=0.78,
            color=looks.color,
            hatch=looks.hatch,
            edgecolor="white",
            linewidth=0,
            zorder=2,
        )
        if math.isfinite(cell.low):
            ends = [[cell.value - cell.low], [cell.high - cell.value]]
            color = style.REFERENCE_COLOR
            axes.errorbar(place, cell.value, ends, color=color, capsize=3, elinewidth=1.3, zorder=4)
        draw_seeds(axes, place, item, looks)
        axes.axhline(0.0, color="#555555", linewidth=0.8, zorder=3)

    statistic = STATISTIC_NAMES[results.statistic]
    explanation = "bar: last evaluation, dots: seeds"
    if any(item.n > 1 for item in results.series):
        explanation = (
            f"bar: {statistic} over seeds, line: {results.confidence * 100:g} % CI, dots: seeds"
        )
    return {"": environment_panels(comparison, "Last evaluation", draw, explanation)}
