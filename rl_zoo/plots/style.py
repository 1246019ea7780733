"""The one style sheet: colours, fonts, axes, and how figures are written and shown."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import warnings
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text

from rl_zoo import console
from rl_zoo.plots.output_file import refusing_unwritable
from rl_zoo.runs.atomic import write_with

FORMATS = ("png", "pdf", "svg")
"""Formats a figure can be written in."""

PALETTE = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#E69F00",
    "#CC79A7",
    "#56B4E9",
    "#AA3377",
    "#332288",
    "#444444",
    "#661100",
    "#9900FF",
    "#AACC77",
)
"""Colours that stay apart under the three colour-vision deficiencies, which a test computes."""

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "p", "h", "*")
"""Marker of each palette colour: a second cue, for print without colour."""

LINE_STYLES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
"""Line style of each label where one algorithm has several."""

ALGORITHM_COLORS = {
    "sac": 0,
    "dqn": 0,
    "tqc": 1,
    "qrdqn": 1,
    "td3": 2,
    "ppo": 3,
    "ddpg": 4,
    "crossq": 5,
    "ars": 11,
    "trpo": 7,
    "a2c": 8,
    "ppo_lstm": 9,
    "openloop": 10,
    "droq": 6,
}
"""Place in the palette; two that share a colour act in different kinds of action space."""

_DATE_FIELDS = {"pdf": "CreationDate", "svg": "Date"}

REFERENCE_COLOR = "#222222"
"""Colour of baselines and of what belongs to no algorithm."""

_RC: dict[str, Any] = {
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "savefig.dpi": 200,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#555555",
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titleweight": "bold",
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.7,
    "lines.linewidth": 1.8,
    "lines.markersize": 4.5,
    "lines.solid_capstyle": "round",
    "legend.frameon": True,
    "legend.framealpha": 0.85,
    "legend.edgecolor": "none",
    "xtick.color": "#333333",
    "ytick.color": "#333333",
    "xtick.direction": "out",
    "font.family": "sans-serif",
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "rl_zoo",
}


def color_index(algo: str) -> int:
    """Return the place of an algorithm in the palette, the same in every figure."""
    name = algo.lower()
    return ALGORITHM_COLORS.get(name, zlib.crc32(name.encode()) % len(PALETTE))


def algorithm_color(algo: str) -> str:
    """Return the colour of an algorithm."""
    return PALETTE[color_index(algo)]


@contextlib.contextmanager
def zoo_style(fontsize: float = 11) -> Iterator[None]:
    """Draw with our style; Matplotlib's own settings are as before afterwards.

    Args:
        fontsize: Size of labels in points; titles are one point larger, ticks one smaller.
    """
    sizes = {
        "font.size": fontsize,
        "axes.labelsize": fontsize,
        "axes.titlesize": fontsize + 1,
        "legend.fontsize": fontsize - 1.5,
        "xtick.labelsize": fontsize - 1,
        "ytick.labelsize": fontsize - 1,
    }
    settings: Any = {**_RC, **sizes}
    with matplotlib.rc_context(settings):
        yield


def new_axes(size: tuple[float, float], *, interactive: bool = False) -> tuple[Figure, Axes]:
    """Return an empty figure with one pair of axes.

    Args:
        size: Width and height in inches.
        interactive: Open it in a window when ``show_figures`` is called; needs a display.
    """
    figure = new_figure(size, interactive=interactive)
    return figure, figure.add_subplot()


def new_figure(size: tuple[float, float], *, interactive: bool = False) -> Figure:
    """Return an empty figure; see ``new_axes``."""
    if interactive:
        from matplotlib import pyplot

        return pyplot.figure(figsize=size, layout="constrained")
    return Figure(figsize=size, layout="constrained")


def step_axis(axes: Axes, largest: float, *, million: bool = True) -> float:
    """Label the x axis as environment steps and return the divisor for the numbers on it.

    Args:
        axes: The axes to label.
        largest: Largest number of steps shown.
        million: Use millions (thousands for short runs); otherwise plain steps.
    """
    divisor, unit = 1.0, ""
    if million and largest >= 500_000:
        divisor, unit = 1e6, " (million)"
    elif million and largest >= 10_000:
        divisor, unit = 1e3, " (thousand)"
    else:
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}".replace(",", "\u2009"))
    axes.set_xlabel(f"Environment steps{unit}")
    return divisor


def save_figure(figure: Figure, stem: Path, formats: Sequence[str]) -> list[Path]:
    """Write ``<stem>.<format>`` for each format and return the paths.

    What Matplotlib warns of, such as letters that its font lacks, is said in one line.

    Raises:
        UsageError: If the folder cannot be written.
    """
    paths = []
    for name in formats:
        path = stem.with_name(f"{stem.name}.{name}")
        with refusing_unwritable(str(path)), _told_warnings(path):
            write_with(path, functools.partial(_write, figure, name))
        paths.append(path)
    return paths


def _write(figure: Figure, file_format: str, file: str) -> None:
    # Without a date in it, the same data gives the same file.
    metadata = {_DATE_FIELDS[file_format]: None} if file_format in _DATE_FIELDS else None
    with zoo_style():
        try:
            figure.savefig(file, format=file_format, metadata=metadata)
        except ValueError:
            # Dollar signs in a label that enclose no formula are dollar signs.
            with matplotlib.rc_context({"text.parse_math": False}):
                for text in figure.findobj(Text):
                    text.set_parse_math(False)
                figure.savefig(file, format=file_format, metadata=metadata)


@contextlib.contextmanager
def _told_warnings(path: Path) -> Iterator[None]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", UserWarning)
        yield
    own = [each for each in caught if each.category is UserWarning]
    sentences = list(dict.fromkeys(" ".join(str(each.message).split()) for each in own))
    if sentences:
        more = f" (and {len(sentences) - 1} more)" if len(sentences) > 1 else ""
        console.warn(f"{path}: {sentences[0]}{more}")
    for each in caught:
        if each not in own:
            warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)


def display_available() -> bool:
    """Say whether a window could be opened here."""
    if sys.platform in ("darwin", "win32"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def show_figures() -> None:
    """Show the interactive figures and wait until they are closed."""
    from matplotlib import pyplot

    with warnings.catch_warnings():
        # Without a window toolkit Matplotlib draws to memory only; the files are written anyway.
        warnings.filterwarnings("ignore", message=".*non-interactive.*")
        pyplot.show()
    pyplot.close("all")
