"""The gait diagram: which feet stand when, the oscillators behind it, and the speed it gives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from rl_zoo.errors import UsageError
from rl_zoo.motion.footfall import GaitRecording, StrideStatistics, runs_of
from rl_zoo.plots import style
from rl_zoo.plots.statistics import rolling_mean

FloatArray = NDArray[np.float64]

_TWO_PI = 2.0 * np.pi
_MEAN_OVER = 0.5  # s, of the smooth speed: about a stride or two
_LANE = 0.72  # height of a bar, in lanes
_INCHES_PER_SECOND = 1.0
_WIDTHS = (9.0, 20.0)  # inches, shortest and longest recording
_FOOT_COLORS = (0, 1, 1, 0)  # diagonal pairs, in FR FL RR RL
_LANE_COLOR = "#F1F1F1"


@dataclass(frozen=True)
class Oscillators:
    """Oscillators that differ, each with the names of what it drives."""

    names: tuple[str, ...]
    phases: FloatArray
    """rad. Shape: (n, n_distinct)."""


def plot_gait(recording: GaitRecording, title: str, output: Path) -> Path:
    """Draw the gait diagram of a recording and write it to ``output``.

    From top to bottom: a bar for every stance of every foot, with its duty factor and stride
    frequency; the phase of each distinct oscillator, its swing (sin > 0) shaded; the forward speed.

    Args:
        recording: At least one reading.
        title: Usually algorithm and environment; speed and end of the episode are added.
        output: File to write; its suffix chooses the format (.png, .pdf, .svg).

    Returns:
        The file written.

    Raises:
        UsageError: If ``output`` cannot be written.
    """
    check_figure_file(output)
    with style.zoo_style():
        figure = draw_gait(recording, title)
    return style.save_figure(figure, output.with_suffix(""), [output.suffix[1:].lower()])[0]


def check_figure_file(file: Path) -> None:
    """Raise UsageError if the suffix of ``file`` is not that of a figure."""
    if file.suffix[1:].lower() not in style.FORMATS:
        raise UsageError(f"{file}: not a figure format; use one of .{', .'.join(style.FORMATS)}")


def draw_gait(recording: GaitRecording, title: str) -> Figure:
    """Return the figure of ``plot_gait``."""
    oscillators = distinct_oscillators(recording)
    heights = [0.38 * len(recording.feet) + 0.3]
    if oscillators.names:
        heights.append(0.34 * len(oscillators.names) + 0.3)
    has_speed = bool(np.isfinite(recording.forward_speed).any())
    if has_speed:
        heights.append(1.9)
    width = float(np.clip(3.0 + _INCHES_PER_SECOND * recording.duration, *_WIDTHS))
    figure = Figure(figsize=(width, sum(heights) + 1.0), layout="constrained")
    panels = figure.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)
    axes = panels[:, 0].tolist()
    _draw_contacts(axes[0], recording)
    if oscillators.names:
        _draw_oscillators(axes[1], recording, oscillators)
    if has_speed:
        _draw_speed(axes[-1], recording)
    axes[0].set_title(f"{title}: {_summary(recording)}", loc="left")
    axes[-1].set_xlabel("Time since the start of the episode (s)")
    axes[-1].set_xlim(0.0, recording.duration)
    figure.align_ylabels(axes)
    return figure


def distinct_oscillators(recording: GaitRecording) -> Oscillators:
    """Return the oscillators of a recording, those that always agree as one."""
    phases = np.mod(recording.phases, _TWO_PI)
    names = _oscillator_names(recording)
    groups: list[list[int]] = []
    for column in range(phases.shape[1]):
        same = (g for g in groups if _agree(phases[:, g[0]], phases[:, column]))
        group = next(same, None)
        if group is None:
            groups.append([column])
        else:
            group.append(column)
    return Oscillators(
        tuple(", ".join(names[column] for column in group) for group in groups),
        phases[:, [group[0] for group in groups]],
    )


def _oscillator_names(recording: GaitRecording) -> Sequence[str]:
    n_oscillators = recording.phases.shape[1]
    for names in (recording.feet, recording.joints):
        if len(names) == n_oscillators:
            return names
    return [str(number) for number in range(1, n_oscillators + 1)]


def _agree(first: FloatArray, second: FloatArray) -> bool:
    return bool(np.allclose(np.exp(1j * first), np.exp(1j * second), atol=1e-6))


def _summary(recording: GaitRecording) -> str:
    reason = recording.end_reason
    end = f"ended by {reason.replace('_', ' ')}" if reason else "episode not over"
    speed = round(recording.mean_speed, 2) + 0.0  # no -0.00
    mean = f"{speed:.2f} m/s over " if np.isfinite(speed) else ""
    return f"{mean}{recording.duration:.1f} s, {end}"


def _draw_contacts(axes: Axes, recording: GaitRecording) -> None:
    feet, n_feet = recording.feet, len(recording.feet)
    begins = recording.times - recording.durations - recording.start_time
    ends = recording.times - recording.start_time
    for lane, (column, strides) in enumerate(
        zip(recording.contacts.T, recording.strides(), strict=True)
    ):
        bars = [(begins[first], ends[end - 1] - begins[first]) for first, end in runs_of(column)]
        color = style.PALETTE[_FOOT_COLORS[lane] if n_feet == len(_FOOT_COLORS) else 0]
        extent = (lane - _LANE / 2, _LANE)
        axes.broken_barh([(0.0, recording.duration)], extent, color=_LANE_COLOR)
        axes.broken_barh(bars, extent, color=color, linewidth=0)
        _write_beside(axes, lane, _describe(strides))
    _label_lanes(axes, feet)
    axes.set_ylabel("Stance")


def _describe(strides: StrideStatistics) -> str:
    duty = f"duty factor {strides.duty_factor:.2f}"
    if strides.frequency is None:
        return f"{duty}\nno steady stride"
    return f"{duty}\n{strides.frequency:.2f} strides/s"


def _draw_oscillators(axes: Axes, recording: GaitRecording, oscillators: Oscillators) -> None:
    times = recording.times - recording.start_time
    ends = np.append(times[1:], recording.duration)  # a phase decides the next command
    for lane, phases in enumerate(oscillators.phases.T):
        swings = [
            (times[first], ends[end - 1] - times[first]) for first, end in runs_of(phases < np.pi)
        ]
        axes.broken_barh(swings, (lane - _LANE / 2, _LANE), color="#D9D9D9", linewidth=0)
        x, cycles = _sawtooth(times, phases / _TWO_PI)
        height = lane + _LANE * (0.5 - cycles)  # the axis points downward
        axes.plot(x, height, color=style.REFERENCE_COLOR, linewidth=1.1)
    _label_lanes(axes, oscillators.names)
    axes.set_ylabel("Phase")
    middle = (len(oscillators.names) - 1) / 2
    _write_beside(axes, middle, "rises from 0 to 2π\nshaded: swing")


def _sawtooth(times: FloatArray, cycles: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the line of a phase in [0, 1), broken where a cycle is complete."""
    wraps = np.flatnonzero(np.diff(cycles) < -0.5) + 1
    before, after = cycles[wraps - 1], cycles[wraps]
    share = (1.0 - before) / (1.0 - before + after)
    crossings = times[wraps - 1] + share * (times[wraps] - times[wraps - 1])
    ends = np.tile([1.0, np.nan, 0.0], len(wraps))
    where = np.repeat(wraps, 3)
    return np.insert(times, where, np.repeat(crossings, 3)), np.insert(cycles, where, ends)


def _draw_speed(axes: Axes, recording: GaitRecording) -> None:
    times = recording.times - recording.start_time
    speed, error = recording.forward_speed, recording.velocity_error
    color = style.PALETTE[2]
    axes.plot(times, speed, color=color, alpha=0.35, linewidth=0.9, label="each reading")
    window = max(1, min(len(speed), round(_MEAN_OVER * len(times) / recording.duration)))
    middle = rolling_mean(times, window)
    axes.plot(middle, rolling_mean(speed, window), color=color, label=f"mean over {_MEAN_OVER} s")
    if np.isfinite(error).any():
        label = f"error of the estimate, mean {np.nanmean(error):.3f} m/s"
        looks: dict[str, Any] = {"color": style.PALETTE[8], "linestyle": ":", "linewidth": 1.1}
        axes.plot(times, error, label=label, **looks)
    axes.axhline(0.0, color="#999999", linewidth=0.8, zorder=1)
    axes.set_ylabel("Forward speed (m/s)")
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, borderaxespad=0.1)


def _label_lanes(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")


def _write_beside(axes: Axes, lane: float, text: str) -> None:
    place = axes.get_yaxis_transform()
    size = "x-small"
    axes.text(1.01, lane, text, transform=place, va="center", fontsize=size, linespacing=1.1)
