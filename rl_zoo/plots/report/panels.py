"""Small figures of what a run logged over its steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from rl_zoo.plots import style
from rl_zoo.plots.report.reported_run import ReportedRun
from rl_zoo.plots.report.sections import Drawing
from rl_zoo.plots.statistics import Floats

TRAINING = "training"
EVALUATION = "evaluation"
_SIZE = (3.3, 2.3)
_FONT_SIZE = 9.0
_PLAIN = (1e-3, 1e6)
"""Between these numbers on an axis are written without exponent."""


@dataclass(frozen=True)
class Metric:
    """One logged quantity.

    Attributes:
        key: Its name in ``progress.jsonl``; of evaluations with ``eval/`` before it.
        name: What tables and figures call it.
        unit: Its unit; "" if it has none.
        scale: What the logged value is multiplied with.
    """

    key: str
    name: str
    unit: str = ""
    scale: float = 1.0

    @property
    def title(self) -> str:
        """Name and unit."""
        return f"{self.name} ({self.unit})" if self.unit else self.name


@dataclass(frozen=True)
class Line:
    """One line of a panel.

    Attributes:
        label: Its name in the legend; "" for none.
        steps: Environment steps, (n,).
        values: In the unit of the panel, (n,).
        place: In the palette; None: drawn as a reference.
        is_evaluation: Drawn with markers.
        is_dashed: Drawn dashed.
    """

    label: str
    steps: Floats
    values: Floats
    place: int | None = 0
    is_evaluation: bool = False
    is_dashed: bool = False


@dataclass(frozen=True)
class Panel:
    """One pair of axes.

    Attributes:
        title: Quantity and unit.
        lines: At least one that is not empty.
        unit: Label of the y axis.
        from_zero: Let the y axis include zero.
    """

    title: str
    lines: tuple[Line, ...]
    unit: str = ""
    from_zero: bool = False


def logged_panel(run: ReportedRun, metric: Metric) -> Panel | None:
    """Return a panel of ``metric`` in training and evaluations; None if it was not logged."""
    lines = logged_lines(run, metric)
    return Panel(metric.title, lines, metric.unit, from_zero=True) if lines else None


def logged_lines(run: ReportedRun, metric: Metric, addition: str = "") -> tuple[Line, ...]:
    """Return the lines of ``metric`` in training and evaluations, those that were logged.

    Args:
        run: The run.
        metric: What is drawn.
        addition: Behind their names in the legend; such lines are dashed and of another colour.
    """
    lines = []
    place = (style.color_index(run.algo) + bool(addition)) % len(style.PALETTE)
    for prefix, word in (("", TRAINING), ("eval/", EVALUATION)):
        steps, values = run.log(prefix + metric.key)
        if len(steps):
            looks = {"is_evaluation": bool(prefix), "is_dashed": bool(addition)}
            lines.append(Line(word + addition, steps, values * metric.scale, place, **looks))
    return tuple(lines)


def draw_panels(run: ReportedRun, panels: Sequence[Panel]) -> tuple[Drawing, ...]:
    """Draw each panel over environment steps, and robot time if there is a robot.

    All have the same x axis and are small, so that a page can put them side by side.

    Args:
        run: Where they come from.
        panels: What is drawn.
    """
    ends = [float(line.steps[-1]) for panel in panels for line in panel.lines]
    drawings = []
    for panel in panels:
        with style.zoo_style(_FONT_SIZE):
            figure, axes = style.new_axes(_SIZE)
            divisor = label_steps(axes, run, max(ends))
            _draw_panel(axes, panel, divisor)
            axes.set_xlim(0.0, max(ends) / divisor * 1.02)
            if any(line.label for line in panel.lines):
                figure.legend(loc="outside lower center", ncols=2)
        names = ", ".join(line.label for line in panel.lines if line.label)
        description = f"Line chart over environment steps: {panel.title}"
        drawings.append(
            Drawing(figure, panel.title, f"{description}; {names}." if names else f"{description}.")
        )
    return tuple(drawings)


def label_steps(axes: Axes, run: ReportedRun, largest: float) -> float:
    """Label the x axis as steps, and the one above as robot time; return the divisor of steps."""
    divisor = style.step_axis(axes, largest)
    frequency = run.control_frequency
    if frequency is not None:
        minutes = divisor / frequency / 60.0
        above = axes.secondary_xaxis("top", functions=_scaling(minutes))
        above.set_xlabel("Robot time (min)")
        above.spines["top"].set_visible(False)
    return divisor


def _scaling(factor: float) -> tuple[Any, Any]:
    return (lambda values: np.asarray(values) * factor, lambda values: np.asarray(values) / factor)


def _draw_panel(axes: Axes, panel: Panel, divisor: float) -> None:
    for line in panel.lines:
        color = style.REFERENCE_COLOR if line.place is None else style.PALETTE[line.place]
        looks: dict[str, Any] = {"color": color, "label": line.label or None}
        if line.is_dashed:
            looks["linestyle"] = "--"
        single = len(line.steps) == 1
        if line.is_evaluation:
            looks |= {"marker": "D", "markersize": 3.5, "linewidth": 1.1, "zorder": 3}
            looks["color"] = style.REFERENCE_COLOR if not line.is_dashed else "#888888"
        elif single:
            looks |= {"marker": "o", "markersize": 3.5}
        axes.plot(line.steps / divisor, line.values, **looks)
    axes.set_ylabel(panel.unit)
    axes.locator_params(axis="y", nbins=5)
    axes.margins(y=0.12)
    if panel.from_zero:
        values = np.concatenate([line.values for line in panel.lines])
        low, high = min(0.0, float(np.nanmin(values))), max(0.0, float(np.nanmax(values)))
        span = high - low or 1.0
        axes.set_ylim(low - 0.05 * span, low + 1.1 * span)
    drop_common_factor(axes)


def drop_common_factor(axes: Axes) -> None:
    """Write every number at the y axis by itself: a common factor would be on the axis above."""
    largest = max(map(abs, axes.get_ylim()))
    if _PLAIN[0] <= largest < _PLAIN[1]:
        axes.ticklabel_format(axis="y", style="plain", useOffset=False)
    else:
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
