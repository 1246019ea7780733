"""``plot_from_file``: figures and tables of what ``all_plots`` wrote, ours or the zoo's."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_zoo import console
from rl_zoo.commands.options import ZooArgumentParser, run_command
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
from rl_zoo.errors import UsageError

if TYPE_CHECKING:
    from rl_zoo.plots.catalog import Comparison
    from rl_zoo.plots.results import Results
    from rl_zoo.plots.tables import ResultsTable

_LEGEND_PLACES = (
    *("best", "upper right", "upper left", "lower left", "lower right", "right"),
    *("center left", "center right", "lower center", "upper center", "center"),
)
_EXAMPLES = """
examples:
  plot_from_file -i sac_results.pkl -latex -l SAC --rliable
  plot_from_file -i ours.json --merge zoo.pkl --keep-envs HalfCheetah Ant -b -o figures/compared.pdf
"""


def build_parser() -> ZooArgumentParser:
    """Return the parser of ``plot_from_file``."""
    parser = ZooArgumentParser(
        prog="rl_zoo plot_from_file",
        description="Draw figures and tables from the files that all_plots -o writes (NAME.json, "
        "NAME.pkl) and from the zoo's pickles, which are read without executing code.",
        epilog=_EXAMPLES,
    )
    _add_inputs(parser)
    output_help = (
        "write NAME_<env>.<format>, NAME_bars.<format> ... "
        "(default: to plots/ beside the input, under its name)"
    )
    add_output_flags(parser, output_help=output_help)
    add_table_flag(parser)
    add_plots_flag(parser, "curves and bars")
    add_statistic_flags(parser)
    parser.set_defaults(statistic=None, ci_size=None)
    add = parser.add_argument
    add("-b", "--boxplot", action="store_true", help="draw boxes of the last evaluations, too")
    add("--skip-timesteps", action="store_true", help="draw no learning curves")
    place_help = "place of the legend"
    place: dict[str, Any] = {"choices": _LEGEND_PLACES, "default": "best", "metavar": "PLACE"}
    add("-loc", "--legend-loc", **place, help=place_help)
    add_score_flags(parser)
    return parser


def _add_inputs(parser: ZooArgumentParser) -> None:
    add = parser.add_argument
    files: dict[str, Any] = {"type": Path, "nargs": "+", "metavar": "FILE"}
    add("-i", "--input", required=True, **files, help="files of all_plots; the suffix may be left")
    add("--merge", default=[], **files, help="files to put beside those of -i")
    envs: dict[str, Any] = {"nargs": "+", "metavar": "ENV", "default": []}
    add("--keep-envs", **envs, help="environments to show (default: all)")
    add("-skip", "--skip-envs", **envs, help="environments to leave out")
    keys: dict[str, Any] = {"nargs": "+", "metavar": "KEY", "default": []}
    add("--keep-keys", **keys, help="methods to show: ALGO or ALGO-label (default: all)")
    add("--skip-keys", **keys, help="methods to leave out")
    add("-l", "--labels", nargs="+", metavar="LABEL", help="names of the methods, one for each")
    key_help = "what the numbers of a pickle of the zoo are, which does not say it"
    add("-k", "--key", metavar="NAME", help=key_help)
    add("--trust", action="store_true", help="let a pickle execute any code")


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``plot_from_file`` and return its exit code."""
    return run_command(build_parser(), argv, _plot_from_file)


def _plot_from_file(arguments: argparse.Namespace) -> int:
    from rl_zoo.plots.statistics import Bootstrap
    from rl_zoo.plots.table_files import to_markdown
    from rl_zoo.plots.tables import results_table
    from rl_zoo.plots.typesetting import prepare_for_tex, tex_text

    plots = load_plots(_chosen_plots(arguments))
    results = _load_results(arguments)
    settings = Bootstrap(results.confidence, results.resamples)
    table = results_table(results.series, results.statistic, (), settings)
    first = arguments.input[0]
    default = first.stem if first.suffix in (".pkl", ".json") else first.name
    stem = output_stem(arguments.output, first.parent, default)
    comparison = _make_comparison(arguments, results)
    with tex_text(wanted=arguments.latex):
        figures = draw_plots(plots, comparison)
        prepare_for_tex(figures.values())
        paths = write_figures(figures, stem, figure_formats(arguments.output, arguments.format))
        paths.extend(_write_tables(results, table, stem, arguments))
        console.result(f"Last evaluation ({results.key}), {table.what()}:\n")
        console.result(to_markdown(table, best=arguments.bold_best) + "\n")
        print_scores(arguments, comparison)
        for path in paths:
            console.result(f"wrote {path}")
        show_if_wanted(arguments)
    return 0


def _chosen_plots(arguments: argparse.Namespace) -> list[str]:
    """Return the figures to draw; curves and bars always, as in the zoo."""
    chosen = plot_names(arguments, ("curves", "bars"))
    if arguments.boxplot:
        chosen.append("boxes")
    if arguments.skip_timesteps:
        chosen = [name for name in chosen if name != "curves"]
    return list(dict.fromkeys(chosen))


def _make_comparison(arguments: argparse.Namespace, results: Results) -> Comparison:
    arguments.ci_size = results.confidence
    comparison = comparison_of(arguments, results)
    options = dataclasses.replace(comparison.options, legend_location=arguments.legend_loc)
    return dataclasses.replace(comparison, options=options)


def _load_results(arguments: argparse.Namespace) -> Results:
    """Read, merge and choose; what the files do not tell is said on stderr."""
    from rl_zoo.plots import results_selection as selection

    results, notes = selection.merge_results(_read_files(arguments))
    statistic = arguments.statistic or results.statistic
    confidence = arguments.ci_size or results.confidence
    name = str(arguments.input[0])
    results, of_restating = selection.restate(results, name, statistic, confidence)
    wanted = selection.Selection(
        arguments.keep_envs, arguments.skip_envs, arguments.keep_keys, arguments.skip_keys
    )
    results, of_selecting = selection.select(results, wanted)
    for note in (*notes, *of_restating, *of_selecting):
        console.warn(note)
    results = selection.drop_common_label(results)
    return selection.name_methods(results, arguments.labels) if arguments.labels else results


def _read_files(arguments: argparse.Namespace) -> list[tuple[str, Results]]:
    """Return the name of each file and what it holds."""
    from rl_zoo.plots.results_file import find_results_file, read_with_notes

    files = [find_results_file(path) for path in (*arguments.input, *arguments.merge)]
    if len({file.resolve() for file in files}) < len(files):
        raise UsageError("--merge: a file is named twice; its runs would be counted twice")
    names = [file.stem for file in files]
    if len(set(names)) < len(names):
        names = [str(file) for file in files]
    parts = []
    for file, name in zip(files, names, strict=True):
        results, notes = read_with_notes(file, trust=arguments.trust, key=arguments.key)
        for note in notes:
            console.warn(note)
        parts.append((name, results))
    return parts


def _write_tables(
    results: Results, table: ResultsTable, stem: Path, arguments: argparse.Namespace
) -> list[Path]:
    from rl_zoo.plots.table_files import table_caption, write_tables

    caption = table_caption(results.key, table)
    formats = table_formats(arguments)
    return write_tables(table, stem, formats, caption, best=arguments.bold_best)
