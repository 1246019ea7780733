"""Performance profiles: the share of runs that score above each value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from rl_zoo.plots import style
from rl_zoo.plots.method_looks import method_looks
from rl_zoo.plots.score_axes import add_line_legend, draw_line, figure_title, fit_label

if TYPE_CHECKING:
    from rl_zoo.plots.catalog import Comparison

_LEFT = 0.4
"""Inches left of the axes that the label below cannot use."""


def plot_profiles(comparison: Comparison) -> dict[str, Figure]:
    """Draw one line per method. A line above another everywhere is better everywhere.

    Raises:
        UsageError: If there are no scores.
    """
    estimates, results, options = comparison.estimates, comparison.results, comparison.options
    scores, lines = estimates.scores, estimates.profiles
    looks = method_looks(results.methods())
    with style.zoo_style(options.fontsize):
        figure, axes = style.new_axes(options.size, interactive=options.interactive)
        for method, line in lines.items():
            label = f"{results.title(method)} ({scores.seeds_text(method)})"
            draw_line(axes, line, looks[method], label, step="post")
        taus = next(iter(lines.values())).x
        axes.set_xlim(float(taus[0]), float(taus[-1]))
        axes.set_ylim(-0.02, 1.02)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0))
        runs = np.concatenate([of_env for last in scores.last.values() for of_env in last])
        outside = int(np.sum((runs < taus[0]) | (runs > taus[-1])))
        note = f"\n{outside} of {len(runs)} runs lie outside the axis" if outside else ""
        beside = add_line_legend(figure, axes, comparison, lines)
        label = fit_label(scores.axis_label, options.size[0] - beside - _LEFT, options.fontsize)
        axes.set_xlabel(f"{label}{note}")
        axes.set_ylabel("Runs with a higher score")
        axes.set_title(figure_title("Performance profile", scores, options, beside), loc="left")
    return {"": figure}
