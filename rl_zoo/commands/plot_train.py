"""``plot_train``: training return, episode length or success rate of each run, or over seeds."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rl_zoo import console
from rl_zoo.commands.options import ZooArgumentParser, run_command
from rl_zoo.commands.plot_inputs import (
    add_run_flags,
    find_groups,
    folder_flag,
    none_has,
    steps_flag,
    warn_of,
)
from rl_zoo.commands.plot_options import (
    add_output_flags,
    add_statistic_flags,
    figure_formats,
    figure_options,
    output_stem,
    parse_steps,
    show_if_wanted,
    write_figures,
)
from rl_zoo.errors import NothingFoundError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rl_zoo.plots.training import TrainingCurve

    Curves = Mapping[tuple[str, str, str], Sequence[TrainingCurve]]

_EXAMPLES = """
examples:
  plot_train -a sac -e Pendulum-v1 -f logs/
  plot_train -a ppo -e CartPole -f logs/ -x time -y length -w 20 --format pdf
  plot_train -a ppo a2c -e CartPole -f logs/ --seeds --statistic iqm
  plot_train -f my_sb3_logs/
"""


def build_parser() -> ZooArgumentParser:
    """Return the parser of ``plot_train``."""
    parser = ZooArgumentParser(
        prog="rl_zoo plot_train",
        description="Plot rolling means over the training episodes (monitor.csv) of each run, or "
        "their mean over seeds.",
        epilog=_EXAMPLES,
    )
    add = parser.add_argument
    add("-a", "--algo", nargs="+", metavar="ALGO", help="algorithms (default: all found)")
    add("-f", "--exp-folder", **folder_flag())
    add_run_flags(parser)
    add("-max", "--max-timesteps", **steps_flag(help="cut curves after N steps"))
    add("-y", "--y-axis", choices=["success", "reward", "length"], default="reward", help="y axis")
    window: dict[str, Any] = {"type": _whole_positive, "metavar": "N", "default": 100}
    add("-w", "--episode-window", **window, help="episodes per mean")
    seeds_help = "one line per algorithm and label: over seeds, with its interval"
    add("--seeds", action="store_true", help=seeds_help)
    add_statistic_flags(parser)
    output_help = "write NAME_<env>.<format> (default: to <first folder>/plots/)"
    add_output_flags(parser, output_help=output_help, size=(6.4, 4.8), fontsize=14.0)
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
    from rl_zoo.plots.typesetting import prepare_for_tex, tex_text

    curves = _load_curves(arguments)
    draw = _draw_seeds if arguments.seeds else _draw_runs
    stem = output_stem(arguments.output, arguments.exp_folder[0], "plot_train")
    with tex_text(wanted=arguments.latex):
        figures = draw(curves, arguments)
        prepare_for_tex(figures.values())
        for path in write_figures(
            figures, stem, figure_formats(arguments.output, arguments.format)
        ):
            console.result(f"wrote {path}")
        show_if_wanted(arguments)
    return 0


def _load_curves(arguments: argparse.Namespace) -> Curves:
    """Read the episodes by (environment, algorithm, label); what was left out is said."""
    from rl_zoo.plots.training import TrainingRequest, load_training_curves
    from rl_zoo.plots.training_figure import window_notes

    groups = find_groups(arguments, arguments.exp_folder, arguments.algo)
    request = TrainingRequest(arguments.y_axis, arguments.x_axis, arguments.max_timesteps)
    loaded: dict[tuple[str, str, str], list[TrainingCurve]] = {}
    notes: list[str] = []
    for key, runs in groups.items():
        curves, of_runs = load_training_curves(runs, key[2], request)
        notes += [*of_runs, *window_notes(curves, arguments.episode_window)]
        if curves:
            loaded[key] = curves
    warn_of(notes)
    if not loaded:
        raise NothingFoundError(
            f"{none_has(groups)} training episodes with a {arguments.y_axis} to "
            f"plot over {arguments.x_axis}"
        )
    return loaded


def _draw_runs(curves: Curves, arguments: argparse.Namespace) -> dict[str, Figure]:
    """Draw one line per training, one figure per environment."""
    from rl_zoo.plots.training_figure import plot_training

    figures = {}
    for env in dict.fromkeys(env for env, _, _ in curves):
        shown = [curve for key, of_key in curves.items() if key[0] == env for curve in of_key]
        titles = dict.fromkeys(curve.title for curve in shown)
        title = f"{next(iter(titles))} on {env}" if len(titles) == 1 else env
        axes_shown = (arguments.x_axis, arguments.y_axis)
        options = figure_options(arguments)
        figures[env] = plot_training(title, shown, axes_shown, arguments.episode_window, options)
    return figures


def _draw_seeds(curves: Curves, arguments: argparse.Namespace) -> dict[str, Figure]:
    """Draw one line per algorithm and label over its seeds, one figure per environment."""
    from rl_zoo.plots.evaluation_figure import plot_environment
    from rl_zoo.plots.results import Results
    from rl_zoo.plots.statistics import Bootstrap
    from rl_zoo.plots.training_figure import Y_LABELS, training_over_seeds

    window, statistic = arguments.episode_window, arguments.statistic
    settings = Bootstrap(arguments.ci_size)
    series = [training_over_seeds(shown, window, statistic, settings) for shown in curves.values()]
    results = Results(
        tuple(series), arguments.y_axis, arguments.x_axis, statistic, settings.confidence
    )
    y_label = Y_LABELS[arguments.y_axis]
    if window > 1:
        y_label += f",\nmean of {window} episodes"
    options = figure_options(arguments)
    return {env: plot_environment(results, env, options, y_label) for env in results.env_names()}
