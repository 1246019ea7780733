"""Figures of last evaluations: one panel per environment, one place per method, seeds as dots.

Environments have returns of different size, so each has an axis of its own.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from rl_zoo.plots import style
from rl_zoo.plots.evaluation_figure import KEY_LABELS
from rl_zoo.plots.method_looks import Looks, method_looks
from rl_zoo.plots.results import AlignedSeries, Method, Results, find_series

if TYPE_CHECKING:
    from rl_zoo.plots.catalog import Comparison

_MOST_COLUMNS = 4
_DOT_SPREAD = 0.36
_NAME_PARTS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[-_/])(?!v\d)")
_LETTER_WIDTH = 0.0092
"""Of a bold letter, in inches per point of its size, on average."""
_LEGEND_LETTER = 0.0066
"""Likewise of a letter in the legend, per point of the labels on the axes."""

DrawSeries = Callable[[Axes, float, AlignedSeries, Looks], None]
"""Draws a series at a place of the x axis."""


def environment_panels(
    comparison: Comparison, title: str, draw: DrawSeries, explanation: str
) -> Figure:
    """Draw one panel per environment.

    Args:
        comparison: What is shown.
        title: Title of the figure: what it shows.
        draw: Draws one series.
        explanation: What the marks mean, above the legend.
    """
    results, options = comparison.results, comparison.options
    looks = method_looks(results.methods())
    envs = results.env_names()
    rows, columns = panel_grid(len(envs), len(looks), options.size[0])
    size = (options.size[0], options.size[1] * (0.5 + 0.5 * rows))
    with style.zoo_style(options.fontsize):
        figure = style.new_figure(size, interactive=options.interactive)
        panels = figure.subplots(rows, columns, squeeze=False).ravel()
        letters = int((size[0] - 0.3) / columns / (_LETTER_WIDTH * (options.fontsize - 1)))
        for env, axes in zip(envs, panels, strict=False):
            axes.set_title(break_name(env, letters), fontsize=options.fontsize - 1)
            _draw_panel(axes, results, env, draw)
        for axes in panels[len(envs) :]:
            axes.remove()
        figure.suptitle(title, fontsize=options.fontsize + 1, fontweight="bold", x=0.01, ha="left")
        figure.supylabel(KEY_LABELS.get(results.key, results.key), fontsize=options.fontsize)
        outside = options.legend_location == "best"
        handles = [_legend_patch(results, method, looks[method]) for method in looks]
        longest = max(len(str(handle.get_label())) for handle in handles)
        fitting = size[0] / ((longest + 7) * _LEGEND_LETTER * options.fontsize)
        figure.legend(
            handles=handles,
            loc="outside lower center" if outside else options.legend_location,
            ncols=_legend_columns(len(looks), fitting),
            title=explanation,
            title_fontsize=options.fontsize - 2.5,
        )
    return figure


def panel_grid(n_panels: int, n_methods: int, width: float) -> tuple[int, int]:
    """Return rows and columns of panels, none of them too narrow for its methods.

    Args:
        n_panels: Environments.
        n_methods: Places in each panel.
        width: Of the figure in inches.
    """
    fitting = int((width - 0.4) / max(1.4, 0.6 + 0.18 * n_methods))
    columns = max(1, min(n_panels, _MOST_COLUMNS, fitting))
    rows = math.ceil(n_panels / columns)
    return rows, math.ceil(n_panels / rows)


def break_name(name: str, letters: int) -> str:
    """Return a name on as few lines of at most ``letters`` as its parts allow."""
    lines = [""]
    for part in _NAME_PARTS.split(name):
        if lines[-1] and len(lines[-1]) + len(part) > letters:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


def draw_seeds(
    axes: Axes, place: float, item: AlignedSeries, looks: Looks, *, color: str = "white"
) -> None:
    """Draw the last evaluation of every seed as a dot, side by side in their order.

    Args:
        axes: Panel of the environment.
        place: Of the method on the x axis.
        item: The seeds.
        looks: Of the method.
        color: Inside of the dots.
    """
    half = _DOT_SPREAD / 2 if item.n > 1 else 0.0
    axes.plot(
        place + np.linspace(-half, half, item.n),
        item.last_values,
        linestyle="none",
        marker=looks.marker,
        markersize=3.6,
        markerfacecolor=color,
        markeredgecolor=style.REFERENCE_COLOR,
        markeredgewidth=0.7,
        zorder=5,
    )


def _draw_panel(axes: Axes, results: Results, env: str, draw: DrawSeries) -> None:
    methods = results.methods()
    looks = method_looks(methods)
    numbers = []
    for place, method in enumerate(methods):
        item = find_series(results.series, env, method)
        numbers.append("–" if item is None else str(item.n))
        if item is not None:
            draw(axes, float(place), item, looks[method])
    margin = 0.6 if len(methods) > 2 else 1.6 / len(methods) + 0.2
    axes.set_xlim(-margin, len(methods) - 1 + margin)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5))
    axes.grid(visible=False, axis="x")
    axes.tick_params(axis="x", length=0)
    if all(_common_n(results, method) for method in methods):
        axes.set_xticks([])
    else:
        axes.set_xticks(range(len(methods)), numbers, fontsize="x-small")
        axes.set_xlabel("seeds", fontsize="small", labelpad=1)


def _legend_columns(n_entries: int, fitting: float) -> int:
    """Return as many columns as fit, fewer if the rows are as many: 2 x 2 instead of 3 + 1."""
    rows = math.ceil(n_entries / max(1, int(fitting)))
    return math.ceil(n_entries / rows)


def _common_n(results: Results, method: Method) -> int | None:
    """Return the number of seeds of a method if it is the same on every environment."""
    counts = {item.n for item in results.series if item.method == method}
    everywhere = sum(item.method == method for item in results.series) == len(results.env_names())
    return counts.pop() if everywhere and len(counts) == 1 else None


def _legend_patch(results: Results, method: Method, looks: Looks) -> Patch:
    number = _common_n(results, method)
    label = results.title(method) + (f" (n={number})" if number else "")
    return Patch(facecolor=looks.color, hatch=looks.hatch, edgecolor="white", label=label)
