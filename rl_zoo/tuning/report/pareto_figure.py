"""What one objective costs in another."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import optuna
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rl_zoo.plots import style
from rl_zoo.tuning.ranking import pareto_front
from rl_zoo.tuning.report.history_figure import FAINT, FRESH_COLOR, TRIAL_COLOR, robust_limits
from rl_zoo.tuning.standing import BestTrial

_MOST_PANELS = 3
_MOST_LABELS = 12


def plot_pareto(
    study: optuna.Study, standings: Sequence[BestTrial], labels: Sequence[str]
) -> Figure:
    """Draw the completed trials for each pair of objectives, with the Pareto front.

    Args:
        study: A study of at least two objectives.
        standings: Its completed trials.
        labels: Name of each objective, with its better direction.
    """
    front = {trial.number for trial in pareto_front(study)}
    pairs = list(itertools.combinations(range(len(labels)), 2))[:_MOST_PANELS]
    width = 7.5 if len(pairs) == 1 else 4.6 * len(pairs)
    with style.zoo_style():
        figure = Figure(figsize=(width, 5.4), layout="constrained")
        panels: Any = figure.subplots(1, len(pairs), squeeze=False)[0]
        for axes, (x, y) in zip(panels, pairs, strict=True):
            _draw_pair(axes, standings, front, x, y)
            axes.set_xlabel(labels[x])
            axes.set_ylabel(labels[y])
        figure.suptitle(
            f"{study.study_name}: Pareto front ({len(front)} of {len(standings)} trials)",
            x=0.01,
            ha="left",
            fontsize=12,
            fontweight="bold",
        )
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return figure


def _draw_pair(axes: Axes, standings: Sequence[BestTrial], front: set[int], x: int, y: int) -> None:
    def draw(items: Sequence[BestTrial], label: str, **looks: Any) -> None:
        if items:
            across, up = ([float(item.trial.values[k]) for item in items] for k in (x, y))
            axes.scatter(across, up, s=34, linewidths=1.2, label=label, **looks)

    optimal = [item for item in standings if item.trial.number in front]
    others = [item for item in standings if item.trial.number not in front]
    draw([i for i in others if i.is_feasible], "dominated", color=FAINT, zorder=2)
    broken = [item for item in others if not item.is_feasible]
    draw(broken, "violates a constraint", facecolor="none", edgecolor=FAINT, zorder=2)
    if len(optimal[0].trial.values if optimal else ()) == 2:
        line = sorted((i.trial.values[x], i.trial.values[y]) for i in optimal)
        axes.plot(*zip(*line, strict=True), color=TRIAL_COLOR, linewidth=1.2, alpha=0.5, zorder=2)
    draw(optimal, "Pareto front", color=TRIAL_COLOR, zorder=3)
    draw(
        [item for item in standings if item.is_entry],
        "the entry's own values",
        facecolor="none",
        edgecolor=style.REFERENCE_COLOR,
        marker="s",
        zorder=4,
    )
    fresh = [item for item in standings if item.n]
    means = [tuple(item.mean_of(k) or 0.0 for k in (x, y)) for item in fresh]
    for item, mean in zip(fresh, means, strict=True):
        ends = [[float(item.trial.values[k]), end] for k, end in zip((x, y), mean, strict=True)]
        axes.plot(ends[0], ends[1], color=FRESH_COLOR, linewidth=0.9, alpha=0.7, zorder=2)
    if fresh:
        axes.scatter(
            [mean[0] for mean in means],
            [mean[1] for mean in means],
            marker="D",
            s=30,
            color=FRESH_COLOR,
            label="mean over fresh seeds",
            zorder=4,
        )
    for item in optimal[:_MOST_LABELS]:
        axes.annotate(
            str(item.trial.number),
            (item.trial.values[x], item.trial.values[y]),
            xytext=(5, 5),
            textcoords="offset points",
            fontsize=8.5,
        )
    for k, set_limits in ((x, axes.set_xlim), (y, axes.set_ylim)):
        known = [float(i.trial.values[k]) for i in standings]
        known += [r.values[k] for i in fresh for r in i.fresh]
        low, high = robust_limits(known)
        set_limits(low, high)
