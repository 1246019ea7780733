"""The flags of comparisons over several environments, and what they ask for.

A command calls ``add_score_flags``, then ``plot_names`` (what to draw), ``comparison_of`` (what to
draw it from; scores are normalised here) and, after the figures, ``print_scores``.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rl_zoo import console
from rl_zoo.commands.options import ZooArgumentParser
from rl_zoo.commands.plot_options import figure_options
from rl_zoo.errors import UsageError

if TYPE_CHECKING:
    from rl_zoo.plots.catalog import Comparison
    from rl_zoo.plots.normalization import Normalization
    from rl_zoo.plots.results import Results

_RLIABLE_PLOTS = ("aggregates", "profiles")
_SCORE_PLOTS = (*_RLIABLE_PLOTS, "improvement", "efficiency")
_RETURNS = ("results", "reward", "return")
_RESAMPLES = {"numpy": 50_000, "rliable": 2_000}


def add_score_flags(parser: ZooArgumentParser) -> None:
    """Add -r, -vs, -iqm, --normalize, --reference, --engine and -n."""
    group = parser.add_argument_group("comparison over environments, on normalised scores")
    add = group.add_argument
    add("-r", "--rliable", action="store_true", help="aggregate scores and performance profiles")
    versus_help = "probability that one method improves on another"
    add("-vs", "--versus", action="store_true", help=versus_help)
    iqm_help = "interquartile mean over the x axis (sample efficiency)"
    add("-iqm", "--iqm", action="store_true", help=iqm_help)
    normalize_help = (
        "table: 0 is random, 1 a reference policy; min-max: worst and best evaluation shown "
        "(default: table)"
    )
    add("--normalize", choices=["table", "min-max"], help=normalize_help)
    reference_help = "YAML file 'ENV: {random: R, reference: S}', besides the installed table"
    add("--reference", type=Path, metavar="FILE.yml", help=reference_help)
    engine_help = "who computes: rl_zoo, or rliable (slower, for comparison)"
    add("--engine", choices=["numpy", "rliable"], default="numpy", help=engine_help)
    n_help = "bootstrap resamples of the scores (default: 50000; 2000 with --engine rliable)"
    add("-n", "--resamples", type=_parse_resamples, metavar="N", help=n_help)


def plot_names(arguments: argparse.Namespace, default: Sequence[str] = ("curves",)) -> list[str]:
    """Return the plots that ``--plots``, ``-r``, ``-vs`` and ``-iqm`` ask for, each once."""
    names = list(arguments.plots or default)
    if arguments.rliable:
        names += _RLIABLE_PLOTS
    if arguments.versus:
        names.append("improvement")
    if arguments.iqm:
        names.append("efficiency")
    return list(dict.fromkeys(names))


def comparison_of(arguments: argparse.Namespace, results: Results) -> Comparison:
    """Return what the plots are drawn from, with scores if one of them needs them.

    What was left out of the scores is said on stderr.

    Raises:
        UsageError: If an environment has no reference score.
        ConfigError: If the file of ``--reference`` is not what it should be.
        NothingFoundError: If no method has runs on every environment.
    """
    from rl_zoo.plots.catalog import Comparison

    _check_flags(arguments)
    scores = None
    if _wants_scores(arguments):
        from rl_zoo.plots.normalization import normalize

        scores = normalize(results, _normalization(arguments, results))
        shows_curves = "efficiency" in plot_names(arguments)
        for note in (*scores.notes, *(scores.curve_notes if shows_curves else ())):
            console.warn(note)
    return Comparison(
        results,
        scores,
        figure_options(arguments),
        arguments.engine,
        arguments.resamples or _RESAMPLES[arguments.engine],
        arguments.ci_size,
    )


def print_scores(arguments: argparse.Namespace, comparison: Comparison) -> None:
    """Print the numbers of the figures over environments as tables; nothing without scores."""
    if comparison.scores is None:
        return
    from rl_zoo.plots import score_tables

    percent = f"{comparison.confidence * 100:g} %"
    bootstrap = f"{percent} stratified bootstrap over seeds, {comparison.resamples:,} resamples"
    console.result("Scale of the scores:\n")
    console.result(score_tables.scale_table(comparison.scores) + "\n")
    tables = {
        "aggregates": ("Scores over environments", score_tables.aggregate_table),
        "improvement": ("Probability of improvement", score_tables.improvement_table),
        "efficiency": ("End of the curves of scores", score_tables.efficiency_table),
    }
    for name, (title, table) in tables.items():
        if name in plot_names(arguments):
            console.result(f"{title} [{bootstrap}; {comparison.engine}]:\n")
            console.result(table(comparison) + "\n")


def _wants_scores(arguments: argparse.Namespace) -> bool:
    asked = arguments.normalize is not None or arguments.reference is not None
    return asked or any(name in _SCORE_PLOTS for name in plot_names(arguments))


def _check_flags(arguments: argparse.Namespace) -> None:
    if arguments.normalize == "min-max" and arguments.reference is not None:
        raise UsageError(
            "--reference: a table is not used with --normalize min-max; give one of the two"
        )


def _normalization(arguments: argparse.Namespace, results: Results) -> Normalization:
    if arguments.normalize == "min-max":
        return "min-max"
    from rl_zoo.plots.reference_scores import read_reference_scores

    given = read_reference_scores(arguments.reference) if arguments.reference else {}
    if results.key in _RETURNS:
        return {**read_reference_scores(), **given}
    if not given:
        raise UsageError(
            f"-k {results.key}: the installed reference scores are returns; give a table of your "
            "own with --reference FILE.yml, or use --normalize min-max"
        )
    return given


def _parse_resamples(text: str) -> int:
    try:
        value = int(float(text))
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number") from error
    if value < 100 or value != float(text):
        raise argparse.ArgumentTypeError(
            f"{text} resamples: give a whole number of at least 100, e.g. 50000"
        )
    return value
