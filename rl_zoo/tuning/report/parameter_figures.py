"""Which hyperparameters matter, and where their good values lie."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import optuna
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

from rl_zoo.plots import style
from rl_zoo.tuning.report.axes import ParameterAxis
from rl_zoo.tuning.report.history_figure import FRESH_COLOR, robust_limits

MIN_TRIALS = 10
"""Completed trials below which an importance says nothing."""
_MOST_AXES = 10
_COLUMNS = 4
VALUE_COLORS = LinearSegmentedColormap.from_list(
    "rl_zoo", ["#D9D9D9", "#9CC3DD", "#3E8FC1", "#0B5A92", "#04263F"]
)


def importances(study: optuna.Study, objective: int) -> dict[str, float]:
    """Return the share of each hyperparameter in the differences between trials (PED-ANOVA).

    Raises:
        RuntimeError: If that cannot be computed.
        ValueError: Likewise.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return get_param_importances(
            study,
            evaluator=PedAnovaImportanceEvaluator(),
            target=lambda trial: float(trial.values[objective]),
        )


def plot_importances(
    shares: Sequence[dict[str, float]],
    axes_by_name: dict[str, ParameterAxis],
    labels: Sequence[str],
) -> Figure:
    """Draw the importances as bars, the largest on top.

    Args:
        shares: For each objective: study name -> share.
        axes_by_name: The hyperparameters.
        labels: Name of each objective.
    """
    order = sorted(shares[0], key=lambda name: max(s.get(name, 0.0) for s in shares))
    with style.zoo_style():
        figure, axes = style.new_axes((8, 1.2 + 0.34 * max(len(order), 3)))
        height = 0.8 / len(shares)
        for number, share in enumerate(shares):
            places = np.arange(len(order)) + 0.4 - height * (number + 0.5)
            widths = [share.get(name, 0.0) for name in order]
            bars = axes.barh(
                places,
                widths,
                height=height * 0.9,
                color=style.PALETTE[number],
                label=labels[number],
            )
            axes.bar_label(
                bars, [f"{100 * width:.0f} %" for width in widths], padding=3, fontsize=9
            )
        known = [axes_by_name[n].label if n in axes_by_name else n for n in order]
        axes.set_yticks(np.arange(len(order)), known)
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
        axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
        axes.set_xlabel("Share of the differences between trials (PED-ANOVA)")
        axes.set_title("Importance of the hyperparameters", loc="left")
        axes.margins(x=0.1)
        if len(shares) > 1:
            axes.legend(loc="lower right")
    return figure


def plot_parallel_coordinates(
    study: optuna.Study,
    trials: Sequence[FrozenTrial],
    axes_shown: Sequence[ParameterAxis],
    best: FrozenTrial,
    label: str,
) -> Figure:
    """Draw every completed trial as a line through its values, dark where it was good.

    Args:
        study: The study.
        trials: Its completed trials.
        axes_shown: Hyperparameters, the most important first.
        best: Drawn in a colour of its own.
        label: Name of the (first) objective.
    """
    shown = list(axes_shown[:_MOST_AXES])
    values = np.asarray([trial.values[0] for trial in trials], dtype=float)
    low, high = robust_limits(values.tolist())
    sign = 1 if study.directions[0] == StudyDirection.MAXIMIZE else -1
    norm = Normalize(low, high) if sign > 0 else Normalize(-high, -low)
    with style.zoo_style():
        figure, axes = style.new_axes((max(1.35 * len(shown) + 2.2, 6), 4.8))
        order = np.argsort(sign * values)
        lines = [_line(trials[place], shown) for place in order]
        collection = LineCollection(lines, linewidths=1.3, alpha=0.85, cmap=VALUE_COLORS, norm=norm)
        collection.set_array(sign * values[order])
        axes.add_collection(collection)
        best_line = np.asarray(_line(best, shown))
        axes.plot(
            best_line[:, 0],
            best_line[:, 1],
            color=FRESH_COLOR,
            linewidth=2.6,
            marker="o",
            label=f"best: trial {best.number}",
            zorder=5,
        )
        for place, axis in enumerate(shown):
            _draw_parallel_axis(axes, place, axis)
        axes.set_xlim(-0.35, len(shown) - 0.35)
        axes.set_ylim(-0.04, 1.04)
        axes.set_xticks(range(len(shown)), [_two_lines(axis.label) for axis in shown])
        axes.tick_params(axis="x", length=0, pad=8)
        axes.set_yticks([])
        axes.grid(visible=False)
        for spine in axes.spines.values():
            spine.set_visible(False)
        axes.set_title("Values of the completed trials", loc="left")
        axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), borderaxespad=0.2)
        bar = figure.colorbar(collection, ax=axes, pad=0.01, aspect=30)
        bar.set_label(label)
        if sign < 0:
            bar.ax.yaxis.set_major_formatter(lambda value, _: f"{-value:.4g}")
        bar.outline.set_visible(False)
    return figure


def plot_slices(
    trials: Sequence[FrozenTrial],
    axes_shown: Sequence[ParameterAxis],
    best: FrozenTrial,
    label: str,
) -> Figure:
    """Draw the objective over each hyperparameter, later trials darker.

    Args:
        trials: The completed trials.
        axes_shown: Hyperparameters, the most important first.
        best: Drawn in a colour of its own.
        label: Name of the (first) objective.
    """
    columns = min(_COLUMNS, len(axes_shown))
    rows = math.ceil(len(axes_shown) / columns)
    values = np.asarray([trial.values[0] for trial in trials], dtype=float)
    limits = robust_limits(values.tolist())
    with style.zoo_style(10):
        figure = Figure(figsize=(2.75 * columns + 0.8, 2.5 * rows + 0.5), layout="constrained")
        grid: Any = figure.subplots(rows, columns, squeeze=False, sharey=True)
        for axes in grid.flat[len(axes_shown) :]:
            axes.set_visible(False)
        for place, axis in enumerate(axes_shown):
            axes = grid.flat[place]
            _draw_slice(axes, trials, axis, best)
            axes.set_ylim(*limits)
            if place % columns == 0:
                axes.set_ylabel(label)
        figure.suptitle(
            f"{label} over each hyperparameter; later trials are darker, the best is marked",
            x=0.01,
            ha="left",
            fontsize=11,
            fontweight="bold",
        )
    return figure


def _line(trial: FrozenTrial, shown: Sequence[ParameterAxis]) -> list[tuple[float, float]]:
    """Return the points of a trial; a value that it does not have is left out."""
    return [
        (float(place), axis.place(trial.params[axis.name]))
        for place, axis in enumerate(shown)
        if axis.name in trial.params
    ]


def _draw_parallel_axis(axes: Axes, place: int, axis: ParameterAxis) -> None:
    axes.axvline(place, color="#777777", linewidth=0.9, zorder=4)
    for height, text in axis.ticks():
        axes.plot(
            [place - 0.025, place], [height, height], color="#777777", linewidth=0.9, zorder=4
        )
        axes.text(
            place - 0.05,
            height,
            text,
            ha="right",
            va="center",
            fontsize=8.5,
            zorder=6,
            bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 0.8},
        )


def _draw_slice(
    axes: Axes, trials: Sequence[FrozenTrial], axis: ParameterAxis, best: FrozenTrial
) -> None:
    known = [trial for trial in trials if axis.name in trial.params]
    places = np.asarray([axis.place(trial.params[axis.name]) for trial in known])
    if axis.choices:  # side by side instead of on top of one another
        spread = np.random.default_rng(0).uniform(-0.28, 0.28, len(known)) / len(axis.choices)
        places = places + spread
    values = [trial.values[0] for trial in known]
    axes.scatter(
        places,
        values,
        c=[trial.number for trial in known],
        cmap=VALUE_COLORS,
        s=18,
        edgecolor="white",
        linewidth=0.4,
        vmin=-0.25 * max(known[-1].number, 1) if known else None,
        zorder=3,
    )
    if axis.name in best.params:
        axes.scatter(
            axis.place(best.params[axis.name]),
            best.values[0],
            s=70,
            marker="D",
            facecolor="none",
            edgecolor=FRESH_COLOR,
            linewidth=1.8,
            zorder=4,
            clip_on=False,
        )
    ticks = axis.ticks()
    axes.set_xticks([tick for tick, _ in ticks], [text for _, text in ticks])
    crowded = sum(len(text) for _, text in ticks) > 22
    axes.tick_params(axis="x", labelsize=8.5, labelrotation=25 if crowded else 0)
    if crowded:
        for text in axes.get_xticklabels():
            text.set_horizontalalignment("right")
            text.set_rotation_mode("anchor")
    axes.set_xlim(-0.06, 1.06)
    axes.set_xlabel(f"{axis.label}{' (log)' if axis.log else ''}")
    axes.tick_params(axis="y", labelsize=8.5)


def _two_lines(text: str) -> str:
    """Break a long name at the underscore nearest to its middle."""
    if len(text) <= 12 or "_" not in text:
        return text
    places = [i for i, letter in enumerate(text) if letter == "_"]
    middle = min(places, key=lambda i: abs(i - len(text) / 2))
    return f"{text[: middle + 1]}\n{text[middle + 1 :]}"
