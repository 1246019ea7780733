"""Training curves: the episodes of the monitor files of each training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from rl_zoo.errors import DamagedFileError, NothingFoundError, UnsafeFileError
from rl_zoo.plots.results import Method, XAxis
from rl_zoo.plots.statistics import Floats
from rl_zoo.plots.x_axis import Start, read_clock, training_steps
from rl_zoo.runs.lineage import Lineage, Segment, group_lineages
from rl_zoo.runs.results import MonitorEpisodes, load_training_episodes
from rl_zoo.runs.search import FoundRun

YAxis = Literal["success", "reward", "length"]

_SUCCESS_COLUMN = "is_success"


@dataclass(frozen=True)
class TrainingRequest:
    """Which numbers of the episodes to read.

    Attributes:
        y_axis: Return, length or success.
        x_axis: What is counted along the x axis.
        max_timesteps: Episodes that end after this step are cut off; None keeps all.
    """

    y_axis: YAxis = "reward"
    x_axis: XAxis = "steps"
    max_timesteps: int | None = None


@dataclass(frozen=True)
class TrainingCurve:
    """The episodes of one training, its continuations included.

    Attributes:
        lineage: The training; it has several curves where it was continued more than once.
        name: The runs, for the legend.
        label: Label of the log folder; "" if there is only one.
        steps: Environment steps done when each episode ended, (n_episodes,).
        x: Place of each on the x axis, ascending, (n_episodes,).
        values: Return, length or success of each episode, (n_episodes,).
    """

    lineage: Lineage
    name: str
    label: str
    steps: Floats
    x: Floats
    values: Floats

    @property
    def method(self) -> Method:
        """Algorithm and label."""
        return self.lineage.runs[0].algo, self.label

    @property
    def env_name(self) -> str:
        """Environment."""
        return self.lineage.runs[0].env_name

    @property
    def title(self) -> str:
        """Name of the method."""
        return f"{self.method[0].upper()} {self.label}".strip()


def load_training_curves(
    runs: Sequence[FoundRun], label: str = "", request: TrainingRequest | None = None
) -> tuple[list[TrainingCurve], list[str]]:
    """Read the training episodes of the runs of one algorithm, environment and label.

    Returns:
        One curve per independently started training (one per branch if it was continued more than
        once), and one sentence for everything that was joined, cut or left out.
    """
    request = request or TrainingRequest()
    notes: list[str] = []
    curves = []
    for lineage in group_lineages(runs):
        if len(lineage.runs) > 1:
            names = " -> ".join(run.name for run in lineage.runs)
            notes.append(f"{names}: a run and its continuation, drawn as one")
        episodes = {run: _load_episodes(run, request.y_axis, notes) for run in lineage.runs}
        try:
            for branch in lineage.branches:
                curve = _join(lineage, branch, episodes, label, request)
                curves.append(_cut(curve, request.max_timesteps, notes))
        except (NothingFoundError, DamagedFileError, UnsafeFileError) as error:
            name = lineage.runs[0].name
            notes.append(f"{name}: left out of -x {request.x_axis}: {error}")
    return [curve for curve in curves if len(curve.values)], notes


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
    if not episodes.whole.any():
        notes.append(f"{run.name}: left out: every episode was cut short by the runner")
        return None
    if y_axis == "success" and _SUCCESS_COLUMN not in episodes.columns:
        notes.append(f"{run.name}: left out: its monitor.csv has no column '{_SUCCESS_COLUMN}'")
        return None
    n_unknown = int(np.sum(episodes.whole & ~np.isfinite(_column(episodes, y_axis))))
    if n_unknown:
        notes.append(f"{run.name}: left out: {n_unknown} episodes whose {y_axis} is not a number")
    return episodes


def _join(
    lineage: Lineage,
    branch: Sequence[Segment],
    loaded: dict[FoundRun, MonitorEpisodes | None],
    label: str,
    request: TrainingRequest,
) -> TrainingCurve:
    parts: list[tuple[Floats, Floats, Floats]] = [(np.zeros(0),) * 3]
    count = 0.0  # what the segments before counted
    names = []
    for segment in branch:
        episodes = loaded[segment.run]
        start = Start(segment.start - segment.offset, count)
        if episodes is not None:
            steps = training_steps(episodes) + segment.start
            x = count + _places(segment.run, episodes, request.x_axis, start)
            keep = np.isfinite(_column(episodes, request.y_axis))
            if segment.until is not None:
                keep &= steps <= segment.until
            parts.append((steps[keep], x[keep], _column(episodes, request.y_axis)[keep]))
            names.append(segment.run.short_name)
        if segment.until is not None:
            clock = read_clock(segment.run, request.x_axis, start)
            count += float(clock.at(np.array([segment.until - segment.start], dtype=float))[0])
    steps, x, values = (np.concatenate(column) for column in zip(*parts, strict=True))
    return TrainingCurve(lineage, " → ".join(names), label, steps, x, values)


def _places(run: FoundRun, episodes: MonitorEpisodes, x_axis: XAxis, start: Start) -> Floats:
    """Return where on the x axis each episode ended, from the beginning of the run."""
    if x_axis == "episodes":
        return np.cumsum(episodes.whole).astype(float)
    if x_axis == "time":
        hours: Floats = np.maximum.accumulate(episodes.times) / 3600.0
        return hours
    return read_clock(run, x_axis, start).at(training_steps(episodes))


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
    arrays = (curve.steps[keep], curve.x[keep], curve.values[keep])
    return TrainingCurve(curve.lineage, curve.name, curve.label, *arrays)
