"""The learning curve of one run: training return and evaluations in one figure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from rl_zoo.errors import NothingFoundError, UsageError
from rl_zoo.plots import style
from rl_zoo.plots.curves import latest_rows
from rl_zoo.plots.evaluation_figure import FigureOptions
from rl_zoo.plots.statistics import rolling_mean
from rl_zoo.plots.training_figure import draw_episodes
from rl_zoo.runs.folder import open_run_folder
from rl_zoo.runs.results import (
    Evaluations,
    MonitorEpisodes,
    load_evaluations,
    load_training_episodes,
)

_WINDOW = 20


def plot_learning_curve(
    run_folder: Path,
    output: Path,
    *,
    baseline: float | None = None,
    baseline_label: str = "baseline",
    options: FigureOptions | None = None,
) -> Path:
    """Draw the learning curve of one run and write it to ``output``.

    Args:
        run_folder: The run, ours or the zoo's.
        output: File to write; its suffix chooses the format (.png, .pdf, .svg).
        baseline: Return drawn as a horizontal line, e.g. that of standing still.
        baseline_label: Its name in the legend.
        options: Looks.

    Returns:
        The file written.

    Raises:
        NothingFoundError: If the run has neither a finished training episode nor an evaluation.
        UsageError: If ``run_folder`` is no run folder or ``output`` cannot be written.
        DamagedFileError: If a file of the run is damaged.
    """
    file_format = output.suffix.lstrip(".").lower()
    if file_format not in style.FORMATS:
        raise UsageError(f"{output}: not a figure format; use one of .{', .'.join(style.FORMATS)}")
    folder = open_run_folder(run_folder)
    episodes, evaluations = _load(folder.path, folder.env_name)
    options = options or FigureOptions()
    color = style.algorithm_color(folder.algo)
    with style.zoo_style(options.fontsize):
        figure, axes = style.new_axes(options.size)
        largest = max(
            float(episodes.steps[-1]) if episodes is not None else 0.0,
            float(evaluations.timesteps[-1]) if evaluations is not None else 0.0,
        )
        divisor = style.step_axis(axes, largest, million=options.million)
        if episodes is not None:
            draw_training(axes, episodes, divisor, color)
        if evaluations is not None:
            draw_evaluations(axes, evaluations, divisor)
        if baseline is not None:
            label = f"{baseline_label} ({baseline:.4g})"
            axes.axhline(
                baseline, color=style.REFERENCE_COLOR, linestyle=":", linewidth=1.3, label=label
            )
        axes.set_title(f"{folder.algo.upper()} on {folder.env_name} (1 run)", loc="left")
        axes.set_ylabel("Return per episode")
        axes.set_xlim(0.0, largest / divisor * 1.02)
        figure.legend(loc="outside lower center", ncols=2)
    stem = output.with_suffix("")
    return style.save_figure(figure, stem, [file_format])[0]


def _load(path: Path, env_name: str) -> tuple[MonitorEpisodes | None, Evaluations | None]:
    folder = open_run_folder(path)
    episodes: MonitorEpisodes | None = None
    evaluations: Evaluations | None = None
    try:
        episodes = load_training_episodes(folder)
    except NothingFoundError:
        episodes = None
    try:
        evaluations = load_evaluations(folder.evaluations)
    except NothingFoundError:
        evaluations = None
    if episodes is not None and not episodes.whole.any():
        episodes = None
    if evaluations is not None and evaluations.results.size == 0:
        evaluations = None
    if episodes is None and evaluations is None:
        raise NothingFoundError(
            f"{path}: no finished training episode and no evaluation of {env_name} to plot"
        )
    return episodes, evaluations


def training_window(n_episodes: int) -> int:
    """Return over how many episodes the rolling mean of ``n_episodes`` is taken."""
    return max(1, min(_WINDOW, n_episodes // 5), n_episodes // 100)


def draw_training(axes: Axes, episodes: MonitorEpisodes, divisor: float, color: str) -> None:
    """Draw the whole training episodes, at least one: dots and their rolling mean.

    Args:
        axes: Where.
        episodes: Training episodes of one run.
        divisor: Environment steps per unit of the x axis.
        color: Of the algorithm.
    """
    returns, x = episodes.returns[episodes.whole], episodes.steps[episodes.whole] / divisor
    window = training_window(len(returns))
    draw_episodes(axes, x, returns, color)
    label = f"training, mean of {window} episodes" if window > 1 else "training episodes"
    axes.plot(x[window - 1 :], rolling_mean(returns, window), color=color, label=label)


def draw_evaluations(axes: Axes, evaluations: Evaluations, divisor: float) -> None:
    """Draw the mean and range of every evaluation, at least one; ``divisor`` as above.

    One with a return that is not finite leaves a gap.
    """
    rows = latest_rows(evaluations.timesteps)
    results = evaluations.results[rows]
    results = np.where(np.isfinite(results).all(axis=1, keepdims=True), results, np.nan)
    means = results.mean(axis=1)
    spread = np.stack([means - results.min(axis=1), results.max(axis=1) - means])
    n_episodes = results.shape[1]
    label = f"evaluation, mean and range of {n_episodes} episodes"
    axes.errorbar(
        evaluations.timesteps[rows] / divisor,
        means,
        yerr=spread if n_episodes > 1 else None,
        color=style.REFERENCE_COLOR,
        marker="D",
        markersize=4.5,
        linewidth=1.0,
        elinewidth=0.8,
        capsize=2,
        label=label if n_episodes > 1 else "evaluation, 1 episode",
        zorder=4,
    )
