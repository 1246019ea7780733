"""Probability of improvement: how often a run of one method scores higher than one of another."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from rl_zoo.plots import style
from rl_zoo.plots.method_looks import method_looks
from rl_zoo.plots.score_axes import (
    draw_interval,
    figure_title,
    interval_text,
    prepare_rows,
    row_figure_size,
)

if TYPE_CHECKING:
    from rl_zoo.plots.catalog import Comparison


def plot_improvement(comparison: Comparison) -> dict[str, Figure]:
    """Draw one row per pair of methods, P(left scores higher than right).

    Raises:
        NothingFoundError: If there is no pair of methods.
        UsageError: If there are no scores.
    """
    estimates, results, options = comparison.estimates, comparison.results, comparison.options
    pairs = estimates.improvements
    looks = method_looks(results.methods())
    size = row_figure_size(options, len(pairs), title=0.65)
    with style.zoo_style(options.fontsize):
        figure, axes = style.new_axes(size, interactive=options.interactive)
        axes.axvline(0.5, color=style.REFERENCE_COLOR, linewidth=1.0, linestyle="--", zorder=1)
        for row, ((first, _), estimate) in enumerate(pairs.items()):
            draw_interval(axes, row, estimate, looks[first])
        axes.set_yticks(range(len(pairs)), [results.title(first) for first, _ in pairs])
        prepare_rows(axes, len(pairs))
        axes.set_xlim(-0.02, 1.02)
        right = axes.secondary_yaxis("right")
        right.set_yticks(range(len(pairs)), [results.title(second) for _, second in pairs])
        right.tick_params(axis="y", length=0)
        right.spines["right"].set_visible(False)
        known = any(math.isfinite(estimate.low) for estimate in pairs.values())
        interval = interval_text(comparison.confidence, any_interval=known)
        axes.set_xlabel(f"P(left scores higher than right), 0.5 = no difference\n{interval}")
        axes.set_title(
            figure_title("Probability of improvement", estimates.scores, options), loc="left"
        )
    return {"": figure}
