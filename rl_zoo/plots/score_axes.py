"""What the figures over environments share: rows, lines, intervals and legends."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rl_zoo.plots.evaluation_figure import FigureOptions, place_legend
from rl_zoo.plots.method_looks import Looks
from rl_zoo.plots.results import Method
from rl_zoo.plots.score_estimates import Line
from rl_zoo.plots.scores import Scores
from rl_zoo.plots.stratified import Estimate

if TYPE_CHECKING:
    from rl_zoo.plots.catalog import Comparison

_MOST_LETTERS = 30
_LETTER_WIDTH = 0.0092
"""Of a bold letter, in inches per point of its size, on average."""
_LABEL_LETTER = 0.56
"""Mean width of a letter in font sizes."""


def row_figure_size(
    options: FigureOptions, n_rows: int, *, bands: int = 1, title: float = 0.35
) -> tuple[float, float]:
    """Return width and height in inches of a figure with one row per method or pair.

    Args:
        options: The width, and the size of the letters.
        n_rows: Rows of one panel.
        bands: Panels one above the other.
        title: Inches above the panels.
    """
    letter = options.fontsize / 72.0
    band = n_rows * 1.75 * letter + 3.6 * letter
    return options.size[0], max(1.4, bands * band + title)


def draw_interval(axes: Axes, row: float, estimate: Estimate, looks: Looks) -> None:
    """Draw an estimate as a marker and its interval as a bar; no bar where there is none."""
    if math.isfinite(estimate.low):
        width = estimate.high - estimate.low
        axes.barh(
            row, width, left=estimate.low, height=0.5, color=looks.color, alpha=0.35, zorder=2
        )
        axes.plot([estimate.low, estimate.high], [row, row], color=looks.color, lw=1.2, zorder=2.5)
    style: dict[str, Any] = {"markersize": 6, "markeredgecolor": "white", "markeredgewidth": 0.8}
    axes.plot([estimate.value], [row], looks.marker, color=looks.color, zorder=3, **style)


def draw_line(
    axes: Axes, line: Line, looks: Looks, label: str, *, step: Literal["post"] | None = None
) -> None:
    """Draw a curve over environments and its interval.

    Args:
        axes: Where.
        line: What, its x as shown.
        looks: Colour, marker and line style.
        label: Name in the legend.
        step: Hold each value until the next.
    """
    known = np.isfinite(line.value)
    every = max(1, int(known.sum()) // 8)
    first = 0 if step is None else every // 2
    axes.plot(
        line.x,
        line.value,
        drawstyle="default" if step is None else f"steps-{step}",
        label=label,
        color=looks.color,
        linestyle=looks.linestyle,
        marker=looks.marker,
        markevery=(first, every),
        zorder=3,
    )
    axes.fill_between(
        line.x,
        line.low,
        line.high,
        step=step,
        color=looks.color,
        alpha=0.18,
        linewidth=0,
        zorder=2,
    )
    # Unseen lines, because the legend keeps clear of lines only.
    axes.plot(line.x, np.stack([line.low, line.high], axis=1), linestyle="none")


def add_line_legend(
    figure: Figure, axes: Axes, comparison: Comparison, lines: Mapping[Method, Line]
) -> float:
    """Name the lines and say what the bands are; return the inches of width that it takes."""
    options = comparison.options
    known = any(np.isfinite(line.low).any() for line in lines.values())
    legend: dict[str, Any] = {
        "title": interval_text(comparison.confidence, any_interval=known),
        "title_fontsize": options.fontsize - 2.5,
        "alignment": "left",
    }
    return place_legend(figure, axes, options, legend)


def prepare_rows(axes: Axes, n_rows: int) -> None:
    """Let the first row be the uppermost, without lines between rows."""
    axes.set_ylim(n_rows - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)


def figure_title(
    what: str, scores: Scores, options: FigureOptions, legend_width: float = 0.0
) -> str:
    """Return the title and what the scores are averaged over, as far as there is room."""
    letters = int((options.size[0] - legend_width - 0.9) / (_LETTER_WIDTH * (options.fontsize + 1)))
    wanted = (f"{what}, {text}" for text in (", ".join(scores.env_names), _number_text(scores)))
    return next((title for title in wanted if len(title) <= letters), what)


def fit_label(label: str, inches: float, fontsize: float) -> str:
    """Return an axis label on as many lines as it needs; its explanation begins a new one."""
    letters = max(8, int(inches * 72.0 / (_LABEL_LETTER * fontsize)))
    head, bracket, explanation = label.partition(" (")
    if len(label) <= letters or not bracket:
        return label
    return "\n".join([head, *textwrap.wrap(f"({explanation}", letters)])


def environments_text(scores: Scores) -> str:
    """Return what the scores are averaged over: the ids, or their number if they are many."""
    names = ", ".join(scores.env_names)
    return names if len(names) <= _MOST_LETTERS else _number_text(scores)


def _number_text(scores: Scores) -> str:
    return f"{len(scores.env_names)} environments"


def interval_text(confidence: float, *, any_interval: bool) -> str:
    """Return what the bars and bands are."""
    if not any_interval:
        return "one seed on an environment, no interval"
    return f"{confidence * 100:g} % stratified bootstrap CI"
