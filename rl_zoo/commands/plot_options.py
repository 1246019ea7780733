"""What the plotting commands share: flags of the output, file names, looks and windows.

Nothing heavy is imported before a figure is drawn.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_zoo.commands.options import ZooArgumentParser, positive_number
from rl_zoo.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rl_zoo.plots.catalog import Comparison
    from rl_zoo.plots.evaluation_figure import FigureOptions

FIGURE_FORMATS = ("png", "pdf", "svg")
"""Formats a figure can be written in."""

TABLE_FORMATS = ("md", "csv", "latex")
"""Formats a table can be written in."""

_NOT_IN_NAMES = re.compile(r'[/\\:*?"<>|\x00-\x1f]')
"""What file names do not hold but ids may, such as ``ALE/Pong-v5``."""

_LARGEST_INCHES = 60.0

_SUFFIXES = (".pkl", ".json", ".md", ".csv", ".tex", *(f".{name}" for name in FIGURE_FORMATS))


def add_output_flags(
    parser: ZooArgumentParser,
    *,
    output_help: str,
    size: tuple[float, float] = (6.4, 4.2),
    fontsize: float = 11.0,
) -> None:
    """Add -o, --format, --figsize, --fontsize, --no-million, -latex and --no-display.

    Args:
        parser: Parser of the command.
        output_help: What -o writes, and where without it.
        size: Default width and height in inches.
        fontsize: Default size of labels in points.
    """
    add = parser.add_argument
    add("-o", "--output", type=Path, metavar="NAME", help=output_help)
    format_help = "formats of the figures (default: that of -o, else png)"
    add("--format", nargs="+", choices=FIGURE_FORMATS, help=format_help)
    inches: dict[str, Any] = {"type": _parse_inches, "metavar": ("WIDTH", "HEIGHT")}
    add("--figsize", nargs=2, **inches, default=list(size), help="size of a figure in inches")
    points: dict[str, Any] = {"type": positive_number, "metavar": "POINTS"}
    add("--fontsize", **points, default=fontsize, help="size of the labels in points")
    add("--no-million", action="store_true", help="plain steps on the x axis")
    latex_help = "typeset figures with TeX where it is installed, and write tables as LaTeX too"
    add("-latex", "--latex", action="store_true", help=latex_help)
    add("--no-display", action="store_true", help="write files only, open no window")


def add_table_flag(parser: ZooArgumentParser) -> None:
    """Add --table, the formats of tables written beside the figures, and --bold-best."""
    help_text = "write the tables as NAME*.md, .csv or .tex, too"
    parser.add_argument("--table", nargs="+", choices=TABLE_FORMATS, help=help_text)
    best_help = "set the highest value of each row in bold"
    parser.add_argument("--bold-best", action="store_true", help=best_help)


def add_plots_flag(parser: ZooArgumentParser, default: str = "curves") -> None:
    """Add --plots, the kinds of figures to draw; ``default`` says those drawn without it."""
    help_text = (
        "figures: curves, bars, boxes, aggregates, profiles, improvement, efficiency, those of "
        f"plug-ins or package.module:function (default: {default})"
    )
    parser.add_argument("--plots", nargs="+", metavar="PLOT", help=help_text)


def add_statistic_flags(parser: ZooArgumentParser) -> None:
    """Add --statistic and -ci, what is computed over seeds."""
    add = parser.add_argument
    statistics = ["mean", "median", "iqm"]
    help_text = "what is computed over seeds; iqm is the interquartile mean"
    add("--statistic", choices=statistics, default="mean", help=help_text)
    ci_help = "coverage of the intervals"
    add("-ci", "--ci-size", type=parse_fraction, default=0.95, metavar="P", help=ci_help)


def table_formats(arguments: argparse.Namespace) -> list[str]:
    """Return the formats of ``--table``, and ``latex`` with ``-latex``."""
    chosen = [*(arguments.table or []), *(["latex"] if arguments.latex else [])]
    return list(dict.fromkeys(chosen))


def output_stem(output: Path | None, folder: Path, default: str) -> Path:
    """Return the path that file names start with; a figure's or data file's suffix is dropped.

    Raises:
        UsageError: If ``output`` is no beginning of a file name, such as ``..``.
    """
    if output is None:
        return folder / "plots" / default
    if output.name in ("", ".."):
        raise UsageError(f"-o {output}: names a folder; add how files begin: {output / default}")
    return output.with_suffix("") if output.suffix in _SUFFIXES else output


def figure_formats(output: Path | None, chosen: Sequence[str] | None) -> Sequence[str]:
    """Return the formats to write: those chosen, else that of the output's suffix, else PNG."""
    suffix = "" if output is None else output.suffix[1:]
    return chosen or ([suffix] if suffix in FIGURE_FORMATS else ["png"])


def wants_windows(arguments: argparse.Namespace) -> bool:
    """Say whether figures are to be shown, too: there is a display and no ``--no-display``."""
    from rl_zoo.plots.style import display_available

    return not arguments.no_display and display_available()


def show_if_wanted(arguments: argparse.Namespace) -> None:
    """Show the figures drawn so far and wait until they are closed, where windows are wanted."""
    if wants_windows(arguments):
        from rl_zoo.plots.style import show_figures

        show_figures()


def figure_options(arguments: argparse.Namespace) -> FigureOptions:
    """Return the looks that the flags ask for."""
    from rl_zoo.plots.evaluation_figure import FigureOptions

    width, height = arguments.figsize
    return FigureOptions(
        (width, height),
        arguments.fontsize,
        million=not arguments.no_million,
        interactive=wants_windows(arguments),
    )


def load_plots(names: Sequence[str]) -> dict[str, Any]:
    """Return the plot functions called ``names``, in order, before anything is drawn or written.

    Raises:
        ConfigError: If one is unknown or its module cannot be imported.
        UsageError: If one cannot be called.
    """
    from rl_zoo.plots.catalog import PLOTS

    functions = {name: PLOTS.load(name) for name in names}
    for name, function in functions.items():
        if not callable(function):
            raise UsageError(f"--plots {name}: not a function that draws figures")
    return functions


def draw_plots(plots: Mapping[str, Any], comparison: Comparison) -> dict[str, Figure]:
    """Draw figures with functions of ``load_plots``, named as their files end.

    ``curves`` are named by environment alone, all others begin with the name of the plot:
    ``{"CartPole-v1": ..., "aggregates": ..., "boxes_CartPole-v1": ...}``.
    """
    figures: dict[str, Figure] = {}
    for name, function in plots.items():
        prefix = "" if name == "curves" else name.rpartition(":")[2].rpartition(".")[2]
        drawn = function(comparison)
        if not isinstance(drawn, Mapping):
            raise UsageError(
                f"--plots {name}: it returned {type(drawn).__name__}, no figures by name"
            )
        for ending, figure in drawn.items():
            figures["_".join(part for part in (prefix, ending) if part)] = figure
    return figures


def write_figures(figures: Mapping[str, Figure], stem: Path, formats: Sequence[str]) -> list[Path]:
    """Write ``<stem>_<name>.<format>`` (``<stem>.<format>`` for "") and return the paths.

    Raises:
        UsageError: If the folder cannot be written.
    """
    from rl_zoo.plots.style import save_figure

    paths: list[Path] = []
    for name, figure in figures.items():
        place = stem.with_name(f"{stem.name}_{_NOT_IN_NAMES.sub('-', name)}") if name else stem
        paths.extend(save_figure(figure, place, formats))
    return paths


def parse_steps(text: str) -> int:
    """Read a number of steps such as ``200000`` or ``2e5`` (argparse type)."""
    try:
        value = float(text)
        if value != int(value):
            raise ValueError
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number of steps") from error
    return int(value)


def _parse_inches(text: str) -> float:
    value = positive_number(text)
    if not 1.0 <= value <= _LARGEST_INCHES:
        raise argparse.ArgumentTypeError(f"{text} is not 1 to {_LARGEST_INCHES:g} inches")
    return value


def parse_fraction(text: str) -> float:
    """Read a number between 0 and 1, both excluded (argparse type)."""
    try:
        value = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number") from error
    if not 0.0 < value < 1.0:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1, e.g. 0.95")
    return value
