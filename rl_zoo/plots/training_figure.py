"""The figure of ``plot_train``: rolling means over training episodes, per run or over seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rl_zoo.plots import style
from rl_zoo.plots.curves import Curve, SeedCurve, Series, align
from rl_zoo.plots.evaluation_figure import FigureOptions
from rl_zoo.plots.method_looks import method_looks
from rl_zoo.plots.results import AlignedSeries, Method, XAxis
from rl_zoo.plots.statistics import Bootstrap, Floats, Statistic, rolling_mean
from rl_zoo.plots.training import TrainingCurve, YAxis
from rl_zoo.plots.x_axis import label_x_axis
from rl_zoo.runs.lineage import Lineage

Y_LABELS = {
    "reward": "Training return",
    "length": "Training episode length (steps)",
    "success": "Training success rate",
}
"""What is on the y axis -> its label."""

_MOST_DOTS = 4000
_MOST_LINES_WITH_DOTS = 3
_MOST_ENTRIES_INSIDE = 4
_CHARACTER_WIDTH, _HANDLE_WIDTH = 0.55, 6
"""Mean width of a character in font sizes; width of a legend's line and gaps in characters."""

_GRID_POINTS = 200
_SAME_END = 0.9
"""Trainings that get so far of the longest one are compared up to where the first of them ends."""


def plot_training(
    title: str,
    curves: Sequence[TrainingCurve],
    axes_shown: tuple[XAxis, YAxis],
    window: int,
    options: FigureOptions | None = None,
) -> Figure:
    """Draw the rolling mean of every training.

    Those of one method have a colour and a legend entry each, with the episodes behind them where
    there are few lines; those of several methods, or more than there are colours, share the colour
    of their method.

    Args:
        title: Title, usually algorithm and environment.
        curves: At least one.
        axes_shown: What is on the x and the y axis.
        window: Episodes per mean.
        options: Looks.
    """
    options = options or FigureOptions()
    x_axis, y_axis = axes_shown
    with style.zoo_style(options.fontsize):
        figure, axes = style.new_axes(options.size, interactive=options.interactive)
        largest = max(float(curve.x[-1]) for curve in curves)
        divisor = label_x_axis(axes, x_axis, largest, million=options.million)
        looks = _line_looks(curves, window)
        dots = len(curves) <= _MOST_LINES_WITH_DOTS and window > 1
        for curve, (label, line) in zip(curves, looks, strict=True):
            _draw_curve(axes, curve, divisor, fitting_window(len(curve.values), window), line)
            axes.get_lines()[-1].set_label(label)
            if dots:
                draw_episodes(axes, curve.x / divisor, curve.values, line["color"])
        axes.set_title(title, loc="left")
        axes.set_ylabel(Y_LABELS[y_axis])
        axes.set_xlim(0.0, largest / divisor * 1.02)
        _add_legend(figure, axes, window, options)
    return figure


def training_over_seeds(
    curves: Sequence[TrainingCurve], window: int, statistic: Statistic, settings: Bootstrap
) -> AlignedSeries:
    """Summarise the rolling means of the trainings of one method on one environment.

    Args:
        curves: At least one; branches of one training are averaged and count once.
        window: Episodes per mean.
        statistic: What is computed over seeds.
        settings: How intervals are computed.
    """
    branches: dict[Lineage, list[Curve]] = {}
    for curve in curves:
        branches.setdefault(curve.lineage, []).append(_smoothed(curve, window))
    seeds = tuple(SeedCurve(lineage, tuple(found)) for lineage, found in branches.items())
    first = curves[0]
    series = Series(first.env_name, *first.method, seeds)
    every = [curve for found in branches.values() for curve in found]
    start, ends = min(curve.x[0] for curve in every), [curve.x[-1] for curve in every]
    # Trainings of equal length end with episodes that end at slightly different places.
    end = min(end for end in ends if end >= _SAME_END * max(ends))
    grid = np.linspace(start, end, _GRID_POINTS) if end > start else np.array([start])
    return align(series, statistic, settings, grid)


def window_notes(curves: Sequence[TrainingCurve], window: int) -> list[str]:
    """Return a sentence for every training that is too short for the window."""
    notes = []
    for curve in curves:
        n_episodes = len(curve.values)
        used = fitting_window(n_episodes, window)
        if used < window:
            name = curve.lineage.runs[-1].name
            notes.append(
                f"{name}: {n_episodes} episodes are too few for -w {window}: mean of {used} shown"
            )
    return notes


def fitting_window(n_episodes: int, window: int) -> int:
    """Return ``window``, or a fifth of the episodes if there are not more than ``window``."""
    return window if n_episodes > window or window == 1 else max(1, n_episodes // 5)


def draw_episodes(axes: Axes, x: Floats, values: Floats, color: str) -> None:
    """Draw single episodes as faint dots, at most a few thousand of them, evenly chosen."""
    stride = max(1, -(-len(values) // _MOST_DOTS))
    dots: dict[str, Any] = {
        "color": color,
        "alpha": 0.22,
        "linestyle": "none",
        "markeredgewidth": 0,
    }
    axes.plot(x[::stride], values[::stride], marker="o", markersize=2.5, **dots, zorder=1)


def _line_looks(curves: Sequence[TrainingCurve], window: int) -> list[tuple[str, dict[str, Any]]]:
    """Return label and looks of each line; of several methods only the first line is labelled."""
    methods = list(dict.fromkeys(curve.method for curve in curves))
    if len(methods) > 1 or len(curves) > len(style.PALETTE):
        return _looks_of_methods(curves, methods)
    found = []
    for number, curve in enumerate(curves):
        used = fitting_window(len(curve.values), window)
        label = f"{curve.name} (mean of {used})" if used < window else curve.name
        found.append((label, {"color": style.PALETTE[number], "linewidth": 1.4}))
    return found


def _looks_of_methods(
    curves: Sequence[TrainingCurve], methods: Sequence[Method]
) -> list[tuple[str, dict[str, Any]]]:
    looks = method_looks(methods)
    seeds = {
        method: len({curve.lineage for curve in curves if curve.method == method})
        for method in methods
    }
    found = []
    for curve in curves:
        line = {"color": looks[curve.method].color, "linestyle": looks[curve.method].linestyle}
        n = seeds.pop(curve.method, None)
        label = "_" if n is None else f"{curve.title} (n={n})"
        found.append((label, {**line, "linewidth": 1.1, "alpha": 0.8}))
    return found


def _draw_curve(
    axes: Axes, curve: TrainingCurve, divisor: float, window: int, line: dict[str, Any]
) -> None:
    means = rolling_mean(curve.values, window)
    marker = "o" if len(means) == 1 else None
    axes.plot(curve.x[window - 1 :] / divisor, means, marker=marker, **line, zorder=2)


def _add_legend(figure: Figure, axes: Axes, window: int, options: FigureOptions) -> None:
    heading: dict[str, Any] = {
        "title": f"mean of {window} episode{'' if window == 1 else 's'}",
        "title_fontsize": options.fontsize - 2.5,
        "alignment": "left",
    }
    entries = axes.get_legend_handles_labels()[1]
    if len(entries) <= _MOST_ENTRIES_INSIDE:
        axes.legend(**heading)
        return
    longest = max(len(text) for text in entries) + _HANDLE_WIDTH
    columns = int(options.size[0] * 72.0 / (longest * _CHARACTER_WIDTH * options.fontsize))
    figure.legend(**heading, loc="outside lower center", ncols=max(1, columns))


def _smoothed(curve: TrainingCurve, window: int) -> Curve:
    used = fitting_window(len(curve.values), window)
    x, steps = curve.x[used - 1 :], curve.steps[used - 1 :]
    later = np.append(x[:-1] < x[1:], True)  # of parallel episodes that end together the last
    return Curve(steps[later], rolling_mean(curve.values, used)[later], x[later])
