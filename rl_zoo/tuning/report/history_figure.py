"""How a study went: every trial in its order, the best so far, and what fresh seeds said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import optuna
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from rl_zoo.plots import style
from rl_zoo.tuning.failures import is_failure
from rl_zoo.tuning.ranking import is_feasible
from rl_zoo.tuning.standing import BestTrial, entry_trial

TRIAL_COLOR, FRESH_COLOR, BEST_COLOR = style.PALETTE[0], style.PALETTE[1], style.PALETTE[2]
FAINT = "#9A9A9A"
FAILURE_COLOR = "#B00020"
_WHISKERS = 3.0
"""Interquartile ranges below (above) the middle half from which a value is drawn at the edge."""


def plot_history(
    study: optuna.Study, standings: Sequence[BestTrial], labels: Sequence[str]
) -> Figure:
    """Draw all trials in their order, one panel per objective.

    Args:
        study: The study.
        standings: Its completed trials with what was measured on fresh seeds.
        labels: Name of each objective.
    """
    trials = study.get_trials(deepcopy=False)
    with style.zoo_style():
        figure = Figure(figsize=(8, 1.3 + 3.1 * len(labels)), layout="constrained")
        rows: Any = figure.subplots(len(labels), 1, sharex=True, squeeze=False)[:, 0]
        for number, (axes, label) in enumerate(zip(rows, labels, strict=True)):
            _draw_objective(axes, trials, standings, number, study.directions[number])
            axes.set_ylabel(label)
        rows[0].set_title(f"{study.study_name}: {len(trials)} trials", loc="left")
        rows[-1].set_xlabel("Trial")
        rows[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
        handles = [part for part in rows[0].get_legend_handles_labels() if part]
        if handles:
            figure.legend(*handles, loc="outside lower center", ncols=3)
    return figure


def robust_limits(values: Sequence[float]) -> tuple[float, float]:
    """Return the limits of an axis that a few outliers do not squash."""
    array = np.asarray(values, dtype=float)
    low, high = float(array.min()), float(array.max())
    if len(array) >= 4:
        first, third = np.quantile(array, [0.25, 0.75])
        spread = max(float(third - first), 1e-12)
        low = max(low, float(first) - _WHISKERS * spread)
        high = min(high, float(third) + _WHISKERS * spread)
    margin = 0.06 * (high - low) or 0.06 * abs(high) or 1.0
    return low - margin, high + margin


def _draw_objective(
    axes: Axes,
    trials: Sequence[FrozenTrial],
    standings: Sequence[BestTrial],
    objective: int,
    direction: StudyDirection,
) -> None:
    complete = [trial for trial in trials if trial.state == TrialState.COMPLETE]
    pruned = [t for t in trials if t.state == TrialState.PRUNED and t.intermediate_values]
    pruned = pruned if objective == 0 else []
    values = [float(trial.values[objective]) for trial in complete]
    last = [float(list(trial.intermediate_values.values())[-1]) for trial in pruned]
    fresh = [item for item in standings if item.n]
    shown = [*values, *(r.values[objective] for item in fresh for r in item.fresh)]
    limits = robust_limits(shown or last or [0.0, 1.0])
    axes.set_ylim(*limits)
    good = [t for t in complete if is_feasible(t)]
    bad = [t for t in complete if not is_feasible(t)]
    _scatter(
        axes, good, [t.values[objective] for t in good], limits, "completed", color=TRIAL_COLOR
    )
    _scatter(
        axes,
        bad,
        [t.values[objective] for t in bad],
        limits,
        "violates a constraint",
        color="none",
        edgecolor=TRIAL_COLOR,
    )
    _scatter(axes, pruned, last, limits, "pruned (last evaluation)", color=FAINT, marker="x")
    _draw_failures(axes, trials)
    _draw_best_so_far(axes, good, objective, direction, len(trials))
    entry = entry_trial(standings)
    if entry is not None:
        axes.axhline(
            entry.trial.values[objective],
            color=style.REFERENCE_COLOR,
            linestyle="--",
            linewidth=1.1,
            label="the entry's own values",
            zorder=1,
        )
    _draw_fresh(axes, fresh, objective)


def _scatter(
    axes: Axes,
    trials: Sequence[FrozenTrial],
    values: Sequence[float],
    limits: tuple[float, float],
    label: str,
    **looks: Any,
) -> None:
    if not trials:
        return
    numbers = np.asarray([trial.number for trial in trials])
    array = np.asarray(values, dtype=float)
    inside = (array >= limits[0]) & (array <= limits[1])
    axes.scatter(
        numbers[inside], array[inside], s=26, linewidths=1.2, label=label, zorder=3, **looks
    )
    edge_looks = {**looks, "marker": "v"}
    for beyond, edge, marker in (
        (array < limits[0], limits[0], "v"),
        (array > limits[1], limits[1], "^"),
    ):
        if beyond.any():
            edge_looks["marker"] = marker
            axes.scatter(
                numbers[beyond],
                np.full(beyond.sum(), edge),
                s=30,
                clip_on=False,
                zorder=4,
                **edge_looks,
            )


def _draw_failures(axes: Axes, trials: Sequence[FrozenTrial]) -> None:
    numbers = [trial.number for trial in trials if is_failure(trial)]
    if numbers:
        axes.scatter(
            numbers,
            np.full(len(numbers), 0.03),
            transform=axes.get_xaxis_transform(),
            marker="|",
            s=70,
            color=FAILURE_COLOR,
            label="failed",
            zorder=4,
        )


def _draw_best_so_far(
    axes: Axes,
    feasible: Sequence[FrozenTrial],
    objective: int,
    direction: StudyDirection,
    n_trials: int,
) -> None:
    if not feasible:
        return
    numbers = [trial.number for trial in feasible]
    values = np.asarray([trial.values[objective] for trial in feasible], dtype=float)
    is_max = direction == StudyDirection.MAXIMIZE
    best = np.maximum.accumulate(values) if is_max else np.minimum.accumulate(values)
    axes.step(
        [*numbers, max(n_trials - 1, numbers[-1])],
        [*best, best[-1]],
        where="post",
        color=BEST_COLOR,
        label="best so far",
        zorder=2,
    )


def _draw_fresh(axes: Axes, fresh: Sequence[BestTrial], objective: int) -> None:
    if not fresh:
        return
    means = np.asarray([item.mean_of(objective) for item in fresh], dtype=float)
    extent = [[r.values[objective] for r in item.fresh] for item in fresh]
    below = means - [min(values) for values in extent]
    above = np.asarray([max(values) for values in extent]) - means
    axes.errorbar(
        [item.trial.number for item in fresh],
        means,
        yerr=np.clip([below, above], 0, None),
        fmt="D",
        color=FRESH_COLOR,
        markersize=5.5,
        elinewidth=1.2,
        capsize=2.5,
        label="mean over fresh seeds (and range)",
        zorder=5,
    )
