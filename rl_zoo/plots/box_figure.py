"""Last evaluations as boxes: how seeds are spread."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.patheffects import withStroke

from rl_zoo.plots import style
from rl_zoo.plots.panels import draw_seeds, environment_panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from rl_zoo.plots.catalog import Comparison
    from rl_zoo.plots.method_looks import Looks
    from rl_zoo.plots.results import AlignedSeries

_FEWEST_FOR_A_BOX = 3
_OUTLINE = [withStroke(linewidth=3.6, foreground="white")]
"""Keeps the line of the median visible on a dark box."""


def plot_boxes(comparison: Comparison) -> dict[str, Figure]:
    """Draw quartiles, median and range of the last evaluations of every method.

    Fewer than three seeds are dots without a box: their quartiles say nothing.
    """
    explanation = "box: quartiles, line: median, whiskers: range, dots: seeds"
    title = "Last evaluation of every seed"
    return {"": environment_panels(comparison, title, _draw_box, explanation)}


def _draw_box(axes: Axes, place: float, item: AlignedSeries, looks: Looks) -> None:
    if item.n >= _FEWEST_FOR_A_BOX:
        line = {"color": style.REFERENCE_COLOR, "linewidth": 1.0}
        axes.boxplot(
            [item.last_values],
            positions=[place],
            widths=0.66,
            whis=(0, 100),
            showfliers=False,
            patch_artist=True,
            manage_ticks=False,
            boxprops={"facecolor": looks.color, "hatch": looks.hatch, "edgecolor": "white"},
            medianprops={**line, "linewidth": 1.8, "path_effects": _OUTLINE},
            whiskerprops=line,
            capprops=line,
            zorder=2,
        )
    # In the method's colour, because a narrow box is hidden by its seeds.
    draw_seeds(axes, place, item, looks, color=looks.color)
