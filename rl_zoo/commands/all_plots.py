"""``all_plots``: learning curves and a table of last evaluations over all runs of several seeds."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rl_zoo import console
from rl_zoo.commands.options import ZooArgumentParser, run_command
from rl_zoo.commands.plot_inputs import (
    add_run_flags,
    algorithm_order,
    find_groups,
    folder_flag,
    none_has,
    steps_flag,
    warn_of,
)
from rl_zoo.commands.plot_options import (
    add_output_flags,
    add_plots_flag,
    add_statistic_flags,
    add_table_flag,
    draw_plots,
    figure_formats,
    load_plots,
    output_stem,
    show_if_wanted,
    table_formats,
    write_figures,
)
from rl_zoo.commands.score_flags import (
    add_score_flags,
    comparison_of,
    plot_names,
    print_scores,
)
from rl_zoo.errors import NothingFoundError, UsageError

if TYPE_CHECKING:
    from rl_zoo.plots.results import Results
    from rl_zoo.plots.tables import ResultsTable

_DEFAULT_STEM = "all_plots"
_EXAMPLES = """
examples:
  all_plots -a sac tqc -e HalfCheetah Ant -f logs/ -o results
  all_plots -f logs/ours logs/zoo -l ours zoo -e Pendulum-v1 --format pdf
  all_plots -a droq -e Bert-v0 -x robot-minutes --statistic iqm --table md latex
  all_plots -a ppo trpo -f logs/ -r -vs --normalize min-max -o compared
"""


def build_parser() -> ZooArgumentParser:
    """Return the parser of ``all_plots``."""
    parser = ZooArgumentParser(
        prog="rl_zoo all_plots",
        description="Plot evaluations (mean and bootstrap interval over seeds) and print the table "
        "of last evaluations. Reads <folder>/<algo>/<env>_<n>/evaluations.npz.",
        epilog=_EXAMPLES,
    )
    _add_inputs(parser)
    output_help = (
        "write NAME_<env>.<format>, NAME.json and NAME.pkl "
        "(default: figures only, to <first folder>/plots/)"
    )
    add_output_flags(parser, output_help=output_help)
    add_table_flag(parser)
    add_plots_flag(parser)
    add_statistic_flags(parser)
    add = parser.add_argument
    add("-median", "--median", action="store_true", help="median instead of mean in the table")
    add("-print", "--print-n-trials", action="store_true", help="print the runs of each curve")
    add_score_flags(parser)
    return parser


def _add_inputs(parser: ZooArgumentParser) -> None:
    add = parser.add_argument
    add("-a", "--algos", nargs="+", metavar="ALGO", help="algorithms (default: all found)")
    add("-f", "--exp-folders", **folder_flag())
    add_run_flags(parser)
    add("-k", "--key", default="results", help="array of evaluations.npz to show")
    add("-max", "--max-timesteps", **steps_flag(default=2_000_000, help="cut curves after N steps"))
    min_help = "leave out runs that end before N steps"
    add("-min", "--min-timesteps", **steps_flag(default=-1, help=min_help))


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``all_plots`` and return its exit code."""
    return run_command(build_parser(), argv, _all_plots)


def _all_plots(arguments: argparse.Namespace) -> int:
    from rl_zoo.plots.statistics import Bootstrap
    from rl_zoo.plots.tables import results_table
    from rl_zoo.plots.typesetting import prepare_for_tex, tex_text

    plots = load_plots(plot_names(arguments))
    results = _load_results(arguments)
    order = algorithm_order((item.algo for item in results.series), arguments.algos)
    statistic = "median" if arguments.median else results.statistic
    table = results_table(results.series, statistic, order, Bootstrap(results.confidence))
    comparison = comparison_of(arguments, results)
    stem = output_stem(arguments.output, arguments.exp_folders[0], _DEFAULT_STEM)
    with tex_text(wanted=arguments.latex):
        figures = draw_plots(plots, comparison)
        prepare_for_tex(figures.values())
        paths = write_figures(figures, stem, figure_formats(arguments.output, arguments.format))
        paths.extend(_write_data(results, table, stem, arguments))
        _print_results(results, table, arguments)
        print_scores(arguments, comparison)
        for path in paths:
            console.result(f"wrote {path}")
        show_if_wanted(arguments)
    return 0


def _load_results(arguments: argparse.Namespace) -> Results:
    """Read every series; what was joined, cut or left out is said on stderr."""
    from rl_zoo.plots.curves import CurveRequest, align, load_series
    from rl_zoo.plots.results import Results
    from rl_zoo.plots.statistics import Bootstrap

    groups = find_groups(arguments, arguments.exp_folders, arguments.algos)
    limits = (arguments.max_timesteps, arguments.min_timesteps)
    request = CurveRequest(arguments.key, *limits, arguments.x_axis)
    found, notes = [], []
    for (_, _, label), runs in groups.items():
        series, of_series = load_series(runs, label, request)
        notes.extend(of_series)
        if series is not None:
            found.append(series)
    warn_of(notes)
    if not found:
        raise NothingFoundError(
            f"{none_has(groups)} evaluations to plot over {arguments.x_axis} "
            f"(key '{arguments.key}'); train with --eval-freq, or see the training curves with "
            "plot_train"
        )
    settings = Bootstrap(confidence=arguments.ci_size)
    statistic = arguments.statistic
    return Results(
        tuple(align(series, statistic, settings) for series in found),
        arguments.key,
        arguments.x_axis,
        statistic,
        settings.confidence,
        settings.resamples,
    )


def _write_data(
    results: Results, table: ResultsTable, stem: Path, arguments: argparse.Namespace
) -> list[Path]:
    """Write the tables, and with -o what the figures were drawn from; return the files."""
    from rl_zoo.plots.export import write_results
    from rl_zoo.plots.table_files import table_caption, write_tables

    caption = table_caption(results.key, table)
    formats = table_formats(arguments)
    paths = write_tables(table, stem, formats, caption, best=arguments.bold_best)
    if arguments.output is None:
        return paths
    try:
        paths.extend(write_results(stem, results, table, {"": str(arguments.exp_folders[0])}))
    except OSError as error:
        raise UsageError(f"-o {stem}: cannot be written ({error.strerror})") from error
    return paths


def _print_results(results: Results, table: ResultsTable, arguments: argparse.Namespace) -> None:
    from rl_zoo.plots.table_files import to_markdown

    if arguments.print_n_trials:
        for item in results.series:
            console.result(f"{item.env_name} {item.title}: n={item.n}")
            for paths in item.runs:
                names = ("/".join(Path(path).parts[-2:]) for path in paths)
                console.result(f"  {' -> '.join(names)}")
        console.result()
    console.result(f"Last evaluation ({results.key}), {table.what()}:\n")
    console.result(to_markdown(table, best=arguments.bold_best) + "\n")
