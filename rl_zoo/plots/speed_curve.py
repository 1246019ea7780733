"""How fast robots walk after how many minutes of practice, for several runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from rl_zoo.errors import NothingFoundError
from rl_zoo.plots import style
from rl_zoo.plots.curves import latest_rows
from rl_zoo.plots.evaluation_figure import FigureOptions
from rl_zoo.plots.gait_diagram import check_figure_file
from rl_zoo.runs.folder import RunFolder, open_run_folder
from rl_zoo.runs.progress import load_progress

FloatArray = NDArray[np.float64]

TRAINING_KEY = "motion/forward_speed"
"""In ``progress.jsonl``: mean over the last training episodes, m/s."""
EVALUATION_KEY = f"eval/{TRAINING_KEY}"
"""In ``progress.jsonl``: mean over the episodes of one evaluation, m/s."""


@dataclass(frozen=True)
class LabelledRun:
    """A run and what the legend calls it."""

    label: str
    folder: Path
    """The run folder."""


@dataclass(frozen=True)
class _SpeedCurve:
    """Minutes of robot time and speeds in m/s, of training and of evaluations."""

    run: LabelledRun
    algo: str
    training: tuple[FloatArray, FloatArray]
    evaluations: tuple[FloatArray, FloatArray]

    @property
    def is_empty(self) -> bool:
        return len(self.training[0]) == 0 and len(self.evaluations[0]) == 0


def plot_speed_curves(
    runs: Sequence[LabelledRun],
    reference: tuple[str, float] | None,
    output: Path,
    *,
    control_period: float,
) -> Path:
    """Draw forward speed over minutes of robot time and write the figure to ``output``.

    Faint: the mean over the last training episodes, exploration included; strong: evaluations. A
    run that logged no speed keeps its place in the legend and says so there.

    Args:
        runs: At least one.
        reference: Name and speed (m/s) of what the runs are compared with, a horizontal line.
        output: File to write; its suffix chooses the format (.png, .pdf, .svg).
        control_period: Time per step, s.

    Returns:
        The file written.

    Raises:
        NothingFoundError: If no run has logged a speed.
        DamagedFileError: If a ``progress.jsonl`` is damaged before its last line.
        UsageError: If a folder is no run or ``output`` cannot be written.
    """
    check_figure_file(output)
    curves = [_load(run, control_period / 60.0) for run in runs]
    if all(curve.is_empty for curve in curves):
        names = ", ".join(str(run.folder) for run in runs)
        raise NothingFoundError(f"{names}: no '{TRAINING_KEY}' in progress.jsonl, nothing to plot")
    options = FigureOptions()
    with style.zoo_style(options.fontsize):
        figure, axes = style.new_axes(options.size)
        for curve, place in zip(curves, _palette_places(curves), strict=True):
            _draw(axes, curve, place)
        if reference is not None:
            label = f"{reference[0]} ({reference[1]:.2f} m/s)"
            looks: dict[str, Any] = {"linestyle": ":", "linewidth": 1.3}
            axes.axhline(reference[1], color=style.REFERENCE_COLOR, label=label, **looks)
        axes.set_xlabel("Robot time (min)")
        axes.set_ylabel("Forward speed (m/s)")
        axes.set_title("Speed while learning (faint: training episodes)", loc="left")
        axes.set_xlim(left=0.0)
        figure.legend(loc="outside lower center", ncols=2)
    return style.save_figure(figure, output.with_suffix(""), [output.suffix[1:].lower()])[0]


def _load(run: LabelledRun, minutes_per_step: float) -> _SpeedCurve:
    folder = open_run_folder(run.folder)
    training, evaluations = (
        _read(folder, key, minutes_per_step) for key in (TRAINING_KEY, EVALUATION_KEY)
    )
    return _SpeedCurve(run, folder.algo, training, evaluations)


def _read(folder: RunFolder, key: str, minutes_per_step: float) -> tuple[FloatArray, FloatArray]:
    try:
        steps, values = load_progress(folder.progress_file, key)
    except NothingFoundError:
        return np.zeros(0), np.zeros(0)
    rows = latest_rows(steps)
    minutes = np.asarray(steps[rows] * minutes_per_step, dtype=np.float64)
    return minutes, values[rows]


def _palette_places(curves: Sequence[_SpeedCurve]) -> list[int]:
    """Return a place in the palette per curve: its algorithm's, if no two share one."""
    places = [style.color_index(curve.algo) for curve in curves]
    if len(set(places)) < len(places):
        return [number % len(style.PALETTE) for number in range(len(curves))]
    return places


def _draw(axes: Axes, curve: _SpeedCurve, place: int) -> None:
    color, marker = style.PALETTE[place], style.MARKERS[place]
    label = curve.run.label
    if curve.is_empty:
        axes.plot([], [], color=color, marker=marker, label=f"{label} (no speed logged)")
        return
    has_evaluations = len(curve.evaluations[0]) > 0
    name = None if has_evaluations else f"{label} (training only)"
    axes.plot(*curve.training, color=color, alpha=0.4, linewidth=1.2, label=name, zorder=2)
    if has_evaluations:
        axes.plot(*curve.evaluations, color=color, marker=marker, label=label, zorder=3)
