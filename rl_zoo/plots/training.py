"""Training curves: rolling means over the episodes of the monitor files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from rl_zoo.errors import DamagedFileError, NothingFoundError
from rl_zoo.plots import style
from rl_zoo.plots.evaluation_figure import FigureOptions
from rl_zoo.plots.statistics import Floats, rolling_mean
from rl_zoo.runs.lineage import Segment, group_lineages
from rl_zoo.runs.results import MonitorEpisodes, load_training_episodes
from rl_zoo.runs.search import FoundRun

XAxis = Literal["steps", "episodes", "time"]
YAxis = Literal["success", "reward", "length"]

Y_LABELS = {
    "reward": "Training return",
    "length": "Training episode length (steps)",
    "success": "Training success rate",
}
_SUCCESS_COLUMN = "is_success"
_MOST_DOTS = 4000
_MOST_LINES_WITH_DOTS = 3


@dataclass(frozen=True)
class TrainingCurve:
    """The episodes of one training, its continuations included.

    Attributes:
        name: The runs, for the legend.
        steps: Environment steps done when each episode ended, (n_episodes,).
        times: Hours of training likewise, (n_episodes,).
        values: Return, length or success of each episode, (n_episodes,).
    """

    name: str
    steps: Floats
    times: Floats
    values: Floats

    def x(self, axis: XAxis) -> Floats:
        """Return the place of each episode on the x axis, (n_episodes,)."""
        if axis == "steps":
            return self.steps
        return self.times if axis == "time" else np.arange(1, len(self.steps) + 1, dtype=float)


def load_training_curves(
    runs: Sequence[FoundRun], y_axis: YAxis, max_timesteps: int | None = None
) -> tuple[list[TrainingCurve], list[str]]:
    """Read the training episodes of the runs of one algorithm and environment.

    Returns:
        One curve per independently started training (one per branch if it was continued more than
        once), and one sentence for everything that was joined, cut or left out.
    """
    notes: list[str] = []
    curves = []
    for lineage in group_lineages(runs):
        if len(lineage.runs) > 1:
            names = " -> ".join(run.name for run in lineage.runs)
            notes.append(f"{names}: a run and its continuation, drawn as one")
        episodes = {run: _load_episodes(run, y_axis, notes) for run in lineage.runs}
        for branch in lineage.branches:
            curve = _join(branch, episodes, y_axis)
            if curve is not None:
                curves.append(_cut(curve, max_timesteps, notes))
    return [curve for curve in curves if len(curve.values)], notes


def plot_training(
    title: str,
    curves: Sequence[TrainingCurve],
    axes_shown: tuple[XAxis, YAxis],
    window: int,
    options: FigureOptions | None = None,
) -> tuple[Figure, list[str]]:
    """Draw the rolling mean of every curve, with the episodes behind it where there are few lines.

    Args:
        title: Title, usually algorithm and environment.
        curves: At least one.
        axes_shown: What is on the x and the y axis.
        window: Episodes per mean.
        options: Looks.

    Returns:
        The figure and a sentence for every run shorter than the window.
    """
    options = options or FigureOptions()
    x_axis, y_axis = axes_shown
    notes = []
    with style.zoo_style(options.fontsize):
        figure, axes = style.new_axes(options.size, interactive=options.interactive)
        largest = max(float(curve.x(x_axis)[-1]) for curve in curves)
        divisor = _label_x(axes, x_axis, largest, options)
        for number, curve in enumerate(curves):
            used = fitting_window(len(curve.values), window)
            if used < window:
                notes.append(
                    f"{curve.name}: {len(curve.values)} episodes are too few for -w {window}: "
                    f"mean of {used} shown"
                )
            dots = len(curves) <= _MOST_LINES_WITH_DOTS
            _draw_curve(axes, curve, curve.x(x_axis) / divisor, number, (used, used < window, dots))
        axes.set_title(title, loc="left")
        axes.set_ylabel(Y_LABELS[y_axis])
        axes.set_xlim(0.0, largest / divisor * 1.02)
        plural = "" if window == 1 else "s"
        heading = f"mean of {window} episode{plural}"
        axes.legend(title=heading, title_fontsize=options.fontsize - 2.5, alignment="left")
    return figure, notes


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


def _draw_curve(
    axes: Axes, curve: TrainingCurve, x: Floats, number: int, how: tuple[int, bool, bool]
) -> None:
    window, shrunk, dots = how
    color = style.PALETTE[number % len(style.PALETTE)]
    line = style.LINE_STYLES[(number // len(style.PALETTE)) % len(style.LINE_STYLES)]
    label = f"{curve.name} (mean of {window})" if shrunk else curve.name
    if dots and window > 1:
        draw_episodes(axes, x, curve.values, color)
    means = rolling_mean(curve.values, window)
    marker = "o" if len(means) == 1 else None
    looks: dict[str, Any] = {"color": color, "linestyle": line, "marker": marker}
    axes.plot(x[window - 1 :], means, **looks, linewidth=1.4, label=label)


def _label_x(axes: Axes, x_axis: XAxis, largest: float, options: FigureOptions) -> float:
    if x_axis == "steps":
        return style.step_axis(axes, largest, million=options.million)
    if x_axis == "episodes":
        axes.set_xlabel("Episodes")
        return 1.0
    if largest < 1.0:
        axes.set_xlabel("Training time (min)")
        return 1.0 / 60.0
    axes.set_xlabel("Training time (h)")
    return 1.0


def _load_episodes(run: FoundRun, y_axis: YAxis, notes: list[str]) -> MonitorEpisodes | None:
    try:
        episodes = load_training_episodes(run.folder)
    except NothingFoundError:
        notes.append(f"{run.name}: left out: no monitor.csv")
        return None
    except DamagedFileError as error:
        notes.append(f"{run.name}: left out: {error}")
        return None
    if len(episodes.returns) == 0:
        notes.append(f"{run.name}: left out: no episode has ended")
        return None
    if y_axis == "success" and _SUCCESS_COLUMN not in episodes.columns:
        notes.append(f"{run.name}: left out: its monitor.csv has no column '{_SUCCESS_COLUMN}'")
        return None
    return episodes


def _join(
    branch: Sequence[Segment], loaded: dict[FoundRun, MonitorEpisodes | None], y_axis: YAxis
) -> TrainingCurve | None:
    parts: list[tuple[Floats, Floats, Floats]] = []
    hours = 0.0
    names = []
    for segment in branch:
        episodes = loaded[segment.run]
        if episodes is None:
            continue
        steps = episodes.steps.astype(float) + segment.start
        keep = steps <= segment.until if segment.until is not None else np.isfinite(steps)
        times = hours + episodes.times[keep] / 3600.0
        parts.append((steps[keep], times, _column(episodes, y_axis)[keep]))
        hours = float(times[-1]) if len(times) else hours
        names.append(segment.run.short_name)
    if not parts:
        return None
    steps, times, values = (np.concatenate(column) for column in zip(*parts, strict=True))
    finite = np.isfinite(values)
    return TrainingCurve(" → ".join(names), steps[finite], times[finite], values[finite])


def _column(episodes: MonitorEpisodes, y_axis: YAxis) -> Floats:
    """Return what is plotted, NaN for episodes that the runner cut short."""
    if y_axis == "success":
        values = episodes.columns[_SUCCESS_COLUMN]
    else:
        values = episodes.returns if y_axis == "reward" else episodes.lengths.astype(float)
    whole: Floats = np.where(episodes.whole, values, np.nan)
    return whole


def _cut(curve: TrainingCurve, limit: int | None, notes: list[str]) -> TrainingCurve:
    if limit is None or not len(curve.steps) or curve.steps[-1] <= limit:
        return curve
    keep = curve.steps <= limit
    notes.append(f"{curve.name}: cut at step {limit:,} of {int(curve.steps[-1]):,} (-max)")
    return TrainingCurve(curve.name, curve.steps[keep], curve.times[keep], curve.values[keep])
