"""The figure of ``all_plots``: evaluation over steps, one line per algorithm and label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke

from rl_zoo.plots import style
from rl_zoo.plots.results import AlignedSeries

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


_MOST_LINES_WITH_LEGEND_INSIDE = 4


@dataclass(frozen=True)
class FigureOptions:
    """How a figure looks.

    Attributes:
        size: Width and height in inches.
        fontsize: Size of labels in points.
        million: Show steps in millions (thousands for short runs).
        interactive: Open it in a window later.
    """

    size: tuple[float, float] = (6.4, 4.2)
    fontsize: float = 11
    million: bool = True
    interactive: bool = False


def plot_evaluations(
    title: str,
    aligned: Sequence[AlignedSeries],
    y_label: str,
    confidence: float,
    options: FigureOptions | None = None,
) -> Figure:
    """Draw mean and interval over seeds of every series.

    Where fewer seeds reach a step the line gets thin and the number left is written beside it.

    Args:
        title: Title, usually the environment id.
        aligned: The series, at least one.
        y_label: Label of the y axis with its unit.
        confidence: Coverage of the intervals, for the legend.
        options: Looks.
    """
    options = options or FigureOptions()
    with style.zoo_style(options.fontsize):
        figure, axes = style.new_axes(options.size, interactive=options.interactive)
        largest = max(float(item.x[-1]) for item in aligned)
        divisor = style.step_axis(axes, largest, million=options.million)
        for item, looks in zip(aligned, _series_looks(aligned), strict=True):
            _draw_series(axes, item, divisor, looks)
        axes.set_title(title, loc="left")
        axes.set_ylabel(y_label)
        axes.set_xlim(0.0, largest / divisor * 1.02)
        several = any(item.n > 1 for item in aligned)
        band = f"mean, {confidence * 100:g} % CI over seeds" if several else "one seed, no interval"
        small: dict[str, Any] = {
            "title": band,
            "title_fontsize": options.fontsize - 2.5,
            "alignment": "left",
        }
        if len(aligned) > _MOST_LINES_WITH_LEGEND_INSIDE:
            figure.legend(**small, loc="outside right upper")
        else:
            axes.legend(**small)
    return figure


def _series_looks(aligned: Sequence[AlignedSeries]) -> list[dict[str, Any]]:
    """Return colour, marker and line style per series.

    The colour says the algorithm and the line style the label; labels of a single algorithm
    are told apart by colour.
    """
    algos = {item.algo for item in aligned}
    labels = list(dict.fromkeys(item.label for item in aligned))
    looks = []
    for item in aligned:
        place = style.color_index(item.algo)
        number = labels.index(item.label)
        if len(algos) == 1:
            place = (place + number) % len(style.PALETTE)
        looks.append(
            {
                "color": style.PALETTE[place],
                "marker": style.MARKERS[place],
                "linestyle": style.LINE_STYLES[number % len(style.LINE_STYLES)],
            }
        )
    return looks


def _draw_series(axes: Axes, item: AlignedSeries, divisor: float, looks: dict[str, Any]) -> None:
    x, statistics = item.x / divisor, item.statistics
    most = int(statistics.n.max())
    least = int(statistics.n[-1])
    count = f"n={most}" if least == most else f"n={most}, {least} at the end"
    label = f"{item.title} ({count})"
    markers = {"marker": looks["marker"], "markevery": max(1, len(x) // 8)}
    full = np.where(statistics.n == most, statistics.center, np.nan)
    line = {"color": looks["color"], "linestyle": looks["linestyle"]}
    axes.plot(x, full, label=label, **line, **markers, zorder=3)
    for first, last in _runs_of(statistics.n < most):
        # One point of overlap on either side keeps the line in one piece.
        part = slice(max(0, first - 1), min(len(x), last + 1))
        axes.plot(x[part], statistics.center[part], **line, linewidth=0.9, alpha=0.75, zorder=3)
    for place in range(1, len(x)):
        if statistics.n[place] < statistics.n[place - 1]:
            axes.annotate(
                f"n={statistics.n[place]}",
                (x[place], statistics.center[place]),
                xytext=(0, 5),
                textcoords="offset points",
                ha="center",
                fontsize="x-small",
                color=looks["color"],
                zorder=4,
                path_effects=[withStroke(linewidth=2.5, foreground="white")],
            )
    axes.fill_between(
        x, statistics.low, statistics.high, color=looks["color"], alpha=0.18, linewidth=0, zorder=2
    )
    # Unseen lines at the ends of the interval, because the legend keeps clear of lines only.
    axes.plot(x, np.stack([statistics.low, statistics.high], axis=1), linestyle="none")


def _runs_of(mask: np.ndarray[Any, np.dtype[np.bool_]]) -> list[tuple[int, int]]:
    """Return the stretches where ``mask`` holds as (first, one past the last)."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.astype(int), [0]))))
    return [(int(first), int(last)) for first, last in zip(edges[::2], edges[1::2], strict=True)]
