"""Sample efficiency: the interquartile mean of the scores along training."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from rl_zoo.plots import style
from rl_zoo.plots.method_looks import method_looks
from rl_zoo.plots.score_axes import add_line_legend, draw_line, figure_title, fit_label
from rl_zoo.plots.x_axis import label_x_axis

if TYPE_CHECKING:
    from rl_zoo.plots.catalog import Comparison

_ENDS = 0.5
"""Inches of the figure beyond which a label at the middle of the axes would be cut."""


def plot_efficiency(comparison: Comparison) -> dict[str, Figure]:
    """Draw one line per method over the x axis of the results.

    Raises:
        NothingFoundError: If no method has curves.
        UsageError: If there are no scores.
    """
    estimates, results, options = comparison.estimates, comparison.results, comparison.options
    scores, lines = estimates.scores, estimates.efficiency
    looks = method_looks(results.methods())
    largest = max(float(line.x[-1]) for line in lines.values())
    with style.zoo_style(options.fontsize):
        figure, axes = style.new_axes(options.size, interactive=options.interactive)
        divisor = label_x_axis(axes, results.x_axis, largest, million=options.million)
        for method, line in lines.items():
            label = f"{results.title(method)} ({scores.seeds_text(method)})"
            draw_line(axes, line._replace(x=line.x / divisor), looks[method], label)
        axes.set_xlim(0.0, largest / divisor * 1.02 or 1.0)
        label = f"IQM of s{scores.axis_label[1:]}"
        axes.set_ylabel(fit_label(label, options.size[1] - _ENDS, options.fontsize))
        beside = add_line_legend(figure, axes, comparison, lines)
        axes.set_title(figure_title("Sample efficiency", scores, options, beside), loc="left")
    return {"": figure}
