"""``plot_train``: training return, episode length or success rate of each run."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_zoo import console
from rl_zoo.commands.all_plots import figure_formats, output_stem, parse_steps
from rl_zoo.commands.options import ZooArgumentParser, positive_number, run_command
from rl_zoo.errors import NothingFoundError

if TYPE_CHECKING:
    from rl_zoo.runs.search import FoundRun

_EXAMPLES = """
examples:
  plot_train -a sac -e Pendulum-v1 -f logs/
  plot_train -a ppo -e CartPole -f logs/ -x time -y length -w 20 --format pdf
"""


def build_parser() -> ZooArgumentParser:
    """Return the parser of ``plot_train``."""
    parser = ZooArgumentParser(
        prog="rl_zoo plot_train",
        description="Plot rolling means over the training episodes (monitor.csv) of each run.",
        epilog=_EXAMPLES,
    )
    add = parser.add_argument
    add("-a", "--algo", required=True, help="algorithm")
    env_help = "environment ids: whole, without version, or their beginning"
    add("-e", "--env", nargs="+", required=True, metavar="ENV", help=env_help)
    add("-f", "--exp-folder", type=Path, default=Path("logs"), metavar="FOLDER", help="log folder")
    steps: dict[str, Any] = {"type": parse_steps, "metavar": "N"}
    add("-max", "--max-timesteps", **steps, help="cut curves after N steps")
    add("-x", "--x-axis", choices=["steps", "episodes", "time"], default="steps", help="x axis")
    add("-y", "--y-axis", choices=["success", "reward", "length"], default="reward", help="y axis")
    window: dict[str, Any] = {"type": _whole_positive, "metavar": "N", "default": 100}
    add("-w", "--episode-window", **window, help="episodes per mean")
    size: dict[str, Any] = {"type": positive_number, "metavar": ("WIDTH", "HEIGHT")}
    size_help = "size of the figure in inches"
    add("--figsize", nargs=2, **size, default=[6.4, 4.8], help=size_help)
    add("--fontsize", type=positive_number, default=14.0, help="size of the labels in points")
    output_help = "write NAME_<env>.<format> (default: to <folder>/plots/)"
    add("-o", "--output", type=Path, metavar="NAME", help=output_help)
    formats = ["png", "pdf", "svg"]
    format_help = "formats of the figures (default: that of -o, else png)"
    add("--format", nargs="+", choices=formats, help=format_help)
    add("--no-display", action="store_true", help="write files only, open no window")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``plot_train`` and return its exit code."""
    return run_command(build_parser(), argv, _plot_train)


def _whole_positive(text: str) -> int:
    value = parse_steps(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not at least 1")
    return value


def _plot_train(arguments: argparse.Namespace) -> int:
    from rl_zoo.runs.search import find_runs

    runs = find_runs([arguments.exp_folder], [arguments.algo], arguments.env)
    from rl_zoo.plots.style import display_available, show_figures

    interactive = not arguments.no_display and display_available()
    paths = []
    for env in dict.fromkeys(run.env_name for run in runs):
        of_env = [run for run in runs if run.env_name == env]
        paths.extend(_draw_environment(env, of_env, arguments, interactive=interactive))
    if not paths:
        raise NothingFoundError(
            f"none of the {len(runs)} runs found has training episodes with a {arguments.y_axis} "
            "to plot"
        )
    for path in paths:
        console.result(f"wrote {path}")
    if interactive:
        show_figures()
    return 0


def _draw_environment(
    env: str, runs: Sequence[FoundRun], arguments: argparse.Namespace, *, interactive: bool
) -> list[Path]:
    """Write the figure of one environment; nothing if its runs hold no episode."""
    from rl_zoo.plots.evaluation_figure import FigureOptions
    from rl_zoo.plots.style import save_figure
    from rl_zoo.plots.training import load_training_curves, plot_training

    curves, notes = load_training_curves(runs, arguments.y_axis, arguments.max_timesteps)
    paths = []
    if curves:
        width, height = arguments.figsize
        options = FigureOptions((width, height), arguments.fontsize, interactive=interactive)
        axes_shown = (arguments.x_axis, arguments.y_axis)
        title = f"{arguments.algo.upper()} on {env}"
        window = arguments.episode_window
        figure, more = plot_training(title, curves, axes_shown, window, options)
        notes.extend(more)
        stem = output_stem(arguments.output, arguments.exp_folder, "plot_train")
        formats = figure_formats(arguments.output, arguments.format)
        paths = save_figure(figure, stem.with_name(f"{stem.name}_{env}"), formats)
    for note in notes:
        console.warn(note)
    return paths
