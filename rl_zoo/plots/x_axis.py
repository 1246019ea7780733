"""The x axis of curves: what had been counted when a run had done so many environment steps.

Counts come from the files of a run: training episodes and hours from its monitor files, gradient
steps from ``progress.jsonl``, minutes of robot time from ``run.json``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from rl_zoo.errors import NothingFoundError
from rl_zoo.plots import style
from rl_zoo.plots.gradient_steps import steps_per_update
from rl_zoo.plots.results import XAxis
from rl_zoo.plots.statistics import Floats
from rl_zoo.runs.progress import load_progress
from rl_zoo.runs.record import read_record
from rl_zoo.runs.results import MonitorEpisodes, load_training_episodes
from rl_zoo.runs.search import FoundRun


@dataclass(frozen=True)
class Start:
    """Where the counters of a run stood when it began; not 0 if they went on from its parent's.

    Attributes:
        step: The run's own step counter.
        count: What was counted before.
    """

    step: int = 0
    count: float = 0.0


@dataclass(frozen=True)
class Clock:
    """What was counted over the environment steps of one run, both from its beginning.

    Attributes:
        steps: Ascending, the first is 0, (k,).
        counts: What had been counted, likewise, in the units of the x axis, (k,).
        holds: Whether a count holds until the next one (events); otherwise it grows evenly.
    """

    steps: Floats
    counts: Floats
    holds: bool = False

    def at(self, steps: Floats) -> Floats:
        """Return the counts at ``steps``; beyond the last one it grows as over the second half."""
        if self.holds:
            places = np.searchsorted(self.steps, steps, side="right") - 1
            held: Floats = self.counts[np.maximum(places, 0)]
            return held
        middle = int(np.searchsorted(self.steps, self.steps[-1] / 2, side="right")) - 1
        span = self.steps[-1] - self.steps[middle]
        rate = (self.counts[-1] - self.counts[middle]) / span if span > 0 else 0.0
        beyond = np.maximum(steps - self.steps[-1], 0.0)
        counts: Floats = np.interp(steps, self.steps, self.counts) + rate * beyond
        return counts


def read_clock(run: FoundRun, x_axis: XAxis, start: Start | None = None) -> Clock:
    """Return what a run counted over its environment steps.

    Args:
        run: The run.
        x_axis: What is counted.
        start: Where its counters stood when it began.

    Raises:
        NothingFoundError: If the files of the run do not tell.
        DamagedFileError: If one of them cannot be read.
    """
    if x_axis == "steps":
        return _even_clock(1.0)
    if x_axis == "robot-minutes":
        return _even_clock(_robot_minutes_per_step(run))
    if x_axis == "gradient-steps":
        return _gradient_clock(run, start or Start())
    episodes = load_training_episodes(run.folder)
    if len(episodes.lengths) == 0 or not episodes.lengths.any():
        raise NothingFoundError("no training episode has ended")
    ends = np.concatenate(([0.0], training_steps(episodes)))
    if x_axis == "episodes":
        return Clock(ends, np.concatenate(([0.0], np.cumsum(episodes.whole))), holds=True)
    hours = np.maximum.accumulate(episodes.times) / 3600.0
    return Clock(ends, np.concatenate(([0.0], hours)))


def training_steps(episodes: MonitorEpisodes) -> Floats:
    """Return the environment steps done by all parallel environments when each episode ended.

    Parallel environments step together, so that an environment that has done k steps has done them
    when all n together have done n k. Steps of episodes that have not ended yet count, too.

    Returns:
        Ascending, (n_episodes,).
    """
    steps = np.zeros(len(episodes.lengths))
    places = np.asarray(episodes.places or np.zeros(len(steps), dtype=int))
    for place in np.unique(places):
        own = places == place
        steps[own] = np.cumsum(episodes.lengths[own]) * episodes.n_envs
    ascending: Floats = np.maximum.accumulate(steps)
    return ascending


def label_x_axis(axes: Axes, x_axis: XAxis, largest: float, *, million: bool = True) -> float:
    """Label the x axis with its unit and return the divisor for the numbers on it.

    Args:
        axes: The axes to label.
        x_axis: What is on the axis.
        largest: Largest number shown, in the units of ``Results.x_axis``.
        million: Use millions (thousands for short runs) of steps; otherwise plain ones.
    """
    if x_axis in ("steps", "gradient-steps"):
        divisor = style.step_axis(axes, largest, million=million)
        if x_axis == "gradient-steps":
            axes.set_xlabel(axes.get_xlabel().replace("Environment", "Gradient"))
        return divisor
    if x_axis == "time":
        if largest < 1.0:
            unit, divisor = ("s", 1.0 / 3600.0) if largest < 0.025 else ("min", 1.0 / 60.0)
        else:
            unit, divisor = "h", 1.0
        axes.set_xlabel(f"Training time ({unit})")
        return divisor
    if x_axis == "robot-minutes":
        unit, divisor = ("h", 60.0) if largest >= 300.0 else ("min", 1.0)
        axes.set_xlabel(f"Robot time ({unit})")
        return divisor
    axes.set_xlabel("Training episodes")
    return 1.0


def _even_clock(rate: float) -> Clock:
    return Clock(np.array([0.0, 1.0]), np.array([0.0, rate]))


def _robot_minutes_per_step(run: FoundRun) -> float:
    """Return the minutes of robot time per environment step.

    Of a real robot the time in which it followed the policy was measured; a simulated one steps at
    its control frequency.
    """
    record = read_record(run.folder)
    if record is None:
        raise NothingFoundError("no run.json, so nothing is known of a robot")
    use = record.robot_use or {}
    minutes = use.get("minutes_running")
    if minutes and record.num_timesteps > 0:
        return float(minutes) / record.num_timesteps
    frequency = _positive((record.robot or {}).get("control_frequency"))
    if frequency is None:
        raise NothingFoundError("its run.json tells no control frequency of a robot")
    return 1.0 / frequency / 60.0


def _gradient_clock(run: FoundRun, start: Start) -> Clock:
    factor = steps_per_update(run)
    file = run.folder.progress_file
    if not file.is_file():
        raise NothingFoundError("no progress.jsonl, so its gradient steps are unknown")
    steps, updates = load_progress(file, "train/n_updates")
    if len(steps) == 0:
        raise NothingFoundError("its progress.jsonl counts no gradient steps (train/n_updates)")
    last = np.append(np.minimum.accumulate(steps[::-1])[::-1][1:] > steps[:-1], True)
    steps, updates = steps[last] - start.step, updates[last]
    # A counter that went on holds what the parent did.
    counts = updates * factor - (start.count if start.step > 0 else 0.0)
    logged, _ = load_progress(file, "time/total_timesteps")
    before = logged[logged - start.step < steps[0]] - start.step
    idle = np.unique(np.concatenate(([0], before[before > 0]))).astype(float)
    return Clock(
        np.concatenate((idle, steps.astype(float))),
        np.concatenate((np.zeros(len(idle)), np.maximum.accumulate(np.maximum(counts, 0.0)))),
    )


def _positive(value: Any) -> float | None:
    number = isinstance(value, (int, float)) and math.isfinite(value) and value > 0
    return float(value) if number else None
