"""Curves over seeds, one figure per environment, one line per algorithm and label."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from rl_zoo.plots import style
from rl_zoo.plots.method_looks import Looks, method_looks
from rl_zoo.plots.results import AlignedSeries, Method, Results
from rl_zoo.plots.statistics import Floats
from rl_zoo.plots.x_axis import label_x_axis

if TYPE_CHECKING:
    from rl_zoo.plots.catalog import Comparison

KEY_LABELS = {
    "results": "Evaluation return",
    "reward": "Evaluation return",
    "return": "Evaluation return",
    "ep_lengths": "Evaluation episode length (steps)",
    "length": "Evaluation episode length (steps)",
    "successes": "Evaluation success rate",
    "success": "Evaluation success rate",
}
"""Axis label of each array of ``evaluations.npz``."""

_STATISTICS = {"mean": "mean", "median": "median", "iqm": "IQM"}
_MOST_LINES_WITH_LEGEND_INSIDE = 4
_LEGEND_LETTER, _HANDLE_LETTERS = 0.0072, 7
"""Width of a letter in a legend in inches per point of the labels; of the line and the gaps."""

_LEAST_DISTANCE = 0.05
"""Least distance of two numbers of seeds, as a part of the x axis."""


@dataclass(frozen=True)
class FigureOptions:
    """How a figure looks.

    Attributes:
        size: Width and height in inches.
        fontsize: Size of labels in points.
        million: Show steps in millions (thousands for short runs).
        interactive: Open it in a window later.
        legend_location: Place of the legend, in Matplotlib's words.
    """

    size: tuple[float, float] = (6.4, 4.2)
    fontsize: float = 11
    million: bool = True
    interactive: bool = False
    legend_location: Any = "best"


def plot_curves(comparison: Comparison) -> dict[str, Figure]:
    """Draw one figure per environment: every method over the x axis of the results."""
    results, options = comparison.results, comparison.options
    return {env: plot_environment(results, env, options) for env in results.env_names()}


def plot_environment(
    results: Results,
    env_name: str,
    options: FigureOptions | None = None,
    y_label: str | None = None,
    looks: Mapping[Method, Looks] | None = None,
) -> Figure:
    """Draw the statistic over seeds and its interval of every method on one environment.

    Where fewer seeds reach a place the line gets thin and the number left is written beside it.

    Args:
        results: What to draw.
        env_name: One of its environments; the title.
        options: Looks.
        y_label: Label of the y axis with its unit; None for that of the results' key.
        looks: Of every method; None: by the methods of the results.
    """
    options = options or FigureOptions()
    shown = results.of_env(env_name)
    looks = looks or method_looks(results.methods())
    with style.zoo_style(options.fontsize):
        figure, axes = style.new_axes(options.size, interactive=options.interactive)
        largest = max(float(item.x[-1]) for item in shown)
        divisor = label_x_axis(axes, results.x_axis, largest, million=options.million)
        axes.set_xlim(0.0, largest / divisor * 1.02 or 1.0)
        for item in shown:
            draw_series(axes, item, divisor, looks[item.method])
        axes.set_title(env_name, loc="left")
        axes.set_ylabel(y_label or KEY_LABELS.get(results.key, results.key))
        _add_legend(figure, axes, results, shown, options)
    return figure


def draw_series(axes: Axes, item: AlignedSeries, divisor: float, looks: Looks) -> None:
    """Draw line, interval and the numbers of seeds where these drop.

    Args:
        axes: Where; its x limits are set, which the spacing of the numbers depends on.
        item: What to draw.
        divisor: Divides the x axis.
        looks: Colour, marker and line style.
    """
    x, statistics = item.x / divisor, item.statistics
    most = int(statistics.n.max())
    line: dict[str, Any] = {"color": looks.color, "linestyle": looks.linestyle}
    markers: dict[str, Any] = {"marker": looks.marker, "markevery": max(1, len(x) // 8)}
    full = np.where(statistics.n == most, statistics.center, np.nan)
    axes.plot(x, full, label=_legend_text(item), **line, **markers, zorder=3)
    for first, last in _runs_of(statistics.n < most):
        # One point of overlap on either side keeps the line in one piece.
        part = slice(max(0, first - 1), min(len(x), last + 1))
        axes.plot(x[part], statistics.center[part], **line, linewidth=0.9, alpha=0.75, zorder=3)
    for place in _told_drops(statistics.n, x, axes.get_xlim()[1]):
        axes.annotate(
            f"n={statistics.n[place]}",
            (x[place], statistics.center[place]),
            xytext=(0, 5),
            textcoords="offset points",
            ha="center",
            fontsize="x-small",
            color=looks.color,
            zorder=4,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
        )
    axes.fill_between(
        x, statistics.low, statistics.high, color=looks.color, alpha=0.18, linewidth=0, zorder=2
    )
    # Unseen lines at the ends of the interval, because the legend keeps clear of lines only.
    axes.plot(x, np.stack([statistics.low, statistics.high], axis=1), linestyle="none")


def _add_legend(
    figure: Figure,
    axes: Axes,
    results: Results,
    shown: Sequence[AlignedSeries],
    options: FigureOptions,
) -> None:
    name = _STATISTICS[results.statistic]
    several = any(item.n > 1 for item in shown)
    coverage = f"{results.confidence * 100:g} % CI over seeds"
    small: dict[str, Any] = {
        "title": f"{name}, {coverage}" if several else "one seed, no interval",
        "title_fontsize": options.fontsize - 2.5,
        "alignment": "left",
    }
    place_legend(figure, axes, options, small)


def place_legend(
    figure: Figure, axes: Axes, options: FigureOptions, heading: dict[str, Any]
) -> float:
    """Name the labelled lines of ``axes``: in it, or beside or below it where they are many.

    Args:
        figure: The figure of ``axes``.
        axes: Whose lines.
        options: Place asked for, and sizes.
        heading: Further arguments of ``legend``, such as the title.

    Returns:
        Inches that the legend takes of the width.
    """
    labels = axes.get_legend_handles_labels()[1]
    if options.legend_location != "best" or len(labels) <= _MOST_LINES_WITH_LEGEND_INSIDE:
        axes.legend(**heading, loc=options.legend_location)
        return 0.0
    (width, height), letter = options.size, options.fontsize * _LEGEND_LETTER
    entry = (max(len(label) for label in labels) + _HANDLE_LETTERS) * letter
    columns = max(1, int(width / entry))
    lines = math.ceil(len(labels) / columns) + 1
    if entry > 0.3 * width and lines * 2.8 * letter < 0.35 * height:
        figure.legend(**heading, loc="outside lower center", ncols=columns)
        return 0.0
    figure.legend(**heading, loc="outside right upper")
    return entry


def _legend_text(item: AlignedSeries) -> str:
    n = item.statistics.n
    most, least = int(n.max()), int(n[-1])
    count = f"n={most}" if least == most else f"n={most}, {least} at the end"
    return f"{item.title} ({count})"


def _told_drops(n: NDArray[np.int64], x: Floats, width: float) -> list[int]:
    """Return where ``n`` drops; of drops that follow each other closely the last one."""
    drops = [place for place in range(1, len(n)) if n[place] < n[place - 1]]
    return [
        place
        for place, after in itertools.zip_longest(drops, drops[1:])
        if after is None or x[after] - x[place] > _LEAST_DISTANCE * width
    ]


def _runs_of(mask: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the stretches where ``mask`` holds as (first, one past the last)."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(int), [0]))))
    return [(int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)]
