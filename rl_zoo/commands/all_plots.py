"""``all_plots``: learning curves and a table of last evaluations over all runs of several seeds."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_zoo import console
from rl_zoo.commands.options import ZooArgumentParser, run_command
from rl_zoo.errors import NothingFoundError, UsageError

if TYPE_CHECKING:
    from rl_zoo.plots.curves import Series
    from rl_zoo.plots.results import Results
    from rl_zoo.plots.statistics import Statistic
    from rl_zoo.plots.tables import ResultsTable
    from rl_zoo.runs.search import FoundRun

_DEFAULT_STEM = "all_plots"
_EXAMPLES = """
examples:
  all_plots -a sac tqc -e HalfCheetah Ant -f logs/ -o results
  all_plots -f logs/ours logs/zoo -l ours zoo -e Pendulum-v1 --format pdf
"""


def build_parser() -> ZooArgumentParser:
    """Return the parser of ``all_plots``."""
    parser = ZooArgumentParser(
        prog="rl_zoo all_plots",
        description="Plot evaluations over steps (mean and bootstrap interval over seeds) and "
        "print the table of last evaluations. Reads <folder>/<algo>/<env>_<n>/evaluations.npz.",
        epilog=_EXAMPLES,
    )
    _add_inputs(parser)
    _add_outputs(parser)
    return parser


def _add_inputs(parser: ZooArgumentParser) -> None:
    add = parser.add_argument
    add("-a", "--algos", nargs="+", metavar="ALGO", help="algorithms (default: all found)")
    env_help = "environment ids: whole, without version, or their beginning (default: all found)"
    add("-e", "--env", nargs="+", metavar="ENV", help=env_help)
    folders: dict[str, Any] = {"type": Path, "default": [Path("logs")], "metavar": "FOLDER"}
    add("-f", "--exp-folders", nargs="+", **folders, help="log folders")
    add("-l", "--labels", nargs="+", metavar="LABEL", help="one label per folder")
    add("--sweep", metavar="NAME", help="only the runs of this sweep")
    add("-k", "--key", default="results", help="array of evaluations.npz to show")
    steps: dict[str, Any] = {"type": parse_steps, "metavar": "N"}
    add("-max", "--max-timesteps", **steps, default=2_000_000, help="cut curves after N steps")
    min_help = "leave out runs that end before N steps"
    add("-min", "--min-timesteps", **steps, default=-1, help=min_help)


def _add_outputs(parser: ZooArgumentParser) -> None:
    add = parser.add_argument
    output_help = (
        "write NAME_<env>.<format>, NAME.json and NAME.pkl "
        "(default: figures only, to <first folder>/plots/)"
    )
    add("-o", "--output", type=Path, metavar="NAME", help=output_help)
    formats = ["png", "pdf", "svg"]
    format_help = "formats of the figures (default: that of -o, else png)"
    add("--format", nargs="+", choices=formats, help=format_help)
    add("-median", "--median", action="store_true", help="median instead of mean in the table")
    ci_help = "coverage of the intervals"
    add("-ci", "--ci-size", type=parse_fraction, default=0.95, metavar="P", help=ci_help)
    add("--no-million", action="store_true", help="plain steps on the x axis")
    add("--no-display", action="store_true", help="write files only, open no window")
    add("-print", "--print-n-trials", action="store_true", help="print the runs of each curve")


def parse_steps(text: str) -> int:
    """Read a number of steps such as ``200000`` or ``2e5``."""
    try:
        value = float(text)
        if value != int(value):
            raise ValueError
    except (ValueError, OverflowError) as error:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number of steps") from error
    return int(value)


def parse_fraction(text: str) -> float:
    """Read a number between 0 and 1, both excluded."""
    try:
        value = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number") from error
    if not 0.0 < value < 1.0:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1, e.g. 0.95")
    return value


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``all_plots`` and return its exit code."""
    return run_command(build_parser(), argv, _all_plots)


def output_stem(output: Path | None, log_folder: Path, default: str) -> Path:
    """Return the path that file names start with; a figure's or data file's suffix is dropped."""
    if output is None:
        return log_folder / "plots" / default
    known = (".pkl", ".json", ".png", ".pdf", ".svg")
    return output.with_suffix("") if output.suffix in known else output


def figure_formats(output: Path | None, chosen: Sequence[str] | None) -> Sequence[str]:
    """Return the formats to write: those chosen, else that of the output's suffix, else PNG."""
    suffix = "" if output is None else output.suffix[1:]
    return chosen or ([suffix] if suffix in ("png", "pdf", "svg") else ["png"])


def _all_plots(arguments: argparse.Namespace) -> int:
    labels = _folder_labels(arguments)
    series = _load_all(arguments, labels)
    from rl_zoo.plots.curves import align
    from rl_zoo.plots.results import Results
    from rl_zoo.plots.statistics import Bootstrap
    from rl_zoo.plots.tables import results_table

    settings = Bootstrap(confidence=arguments.ci_size)
    aligned = tuple(align(item, "mean", settings) for item in series)
    results = Results(
        aligned, arguments.key, confidence=settings.confidence, resamples=settings.resamples
    )
    statistic: Statistic = "median" if arguments.median else "mean"
    order = _algo_order((item.algo for item in series), arguments)
    table = results_table(aligned, statistic, order)
    stem = output_stem(arguments.output, arguments.exp_folders[0], _DEFAULT_STEM)
    interactive = _wants_windows(arguments)
    paths = _draw_figures(results, stem, arguments, interactive=interactive)
    if arguments.output is not None:
        paths.extend(_write_data(results, table, stem, arguments))
    _print_results(results, table, arguments)
    for path in paths:
        console.result(f"wrote {path}")
    if interactive:
        from rl_zoo.plots.style import show_figures

        show_figures()
    return 0


def _wants_windows(arguments: argparse.Namespace) -> bool:
    from rl_zoo.plots.style import display_available

    return not arguments.no_display and display_available()


def _folder_labels(arguments: argparse.Namespace) -> list[str]:
    """Return one label per log folder; a single folder needs none."""
    folders, labels = arguments.exp_folders, arguments.labels
    if len({folder.resolve() for folder in folders}) < len(folders):
        raise UsageError("-f: a folder is named twice; its runs would be counted twice")
    if labels is None:
        return [str(folder) for folder in folders] if len(folders) > 1 else [""]
    if len(labels) != len(folders):
        raise UsageError(
            f"-l: {len(labels)} labels for {len(folders)} folders; give one label per folder of -f"
        )
    if len(set(labels)) < len(labels):
        raise UsageError(f"-l: the labels {' '.join(labels)} are not all different")
    return list(labels)


def _load_all(arguments: argparse.Namespace, labels: Sequence[str]) -> list[Series]:
    """Read every series; what was joined, cut or left out is said on stderr."""
    from rl_zoo.plots.curves import CurveRequest, load_series
    from rl_zoo.runs.search import find_runs

    request = CurveRequest(arguments.key, arguments.max_timesteps, arguments.min_timesteps)
    label_of = dict(zip(arguments.exp_folders, labels, strict=True))
    groups: dict[tuple[str, str, str], list[FoundRun]] = {}
    found = find_runs(arguments.exp_folders, arguments.algos, arguments.env)
    for run in found if arguments.sweep is None else _of_sweep(found, arguments):
        groups.setdefault((run.env_name, run.algo, label_of[run.log_folder]), []).append(run)
    series, notes = [], []
    for key in _in_asked_order(groups, arguments, labels):
        loaded, found_notes = load_series(groups[key], key[2], request)
        notes.extend(found_notes)
        if loaded is not None:
            series.append(loaded)
    for note in notes:
        console.warn(note)
    if not series:
        n_runs = sum(len(runs) for runs in groups.values())
        raise NothingFoundError(
            f"none of the {n_runs} runs found has evaluations to plot (key '{arguments.key}'); "
            "train with --eval-freq, or see the training curves with plot_train"
        )
    return series


def _of_sweep(runs: Sequence[FoundRun], arguments: argparse.Namespace) -> list[FoundRun]:
    """Return the runs of ``--sweep``."""
    from rl_zoo.sweep.folder import find_sweep, read_plan
    from rl_zoo.sweep.standing import find_runs_of

    paths = set()
    for log_folder in arguments.exp_folders:
        folder = find_sweep(log_folder, arguments.sweep)
        paths |= {run.path for run, _ in find_runs_of(folder, read_plan(folder)).values()}
    found = [run for run in runs if run.folder.path in paths]
    if not found:
        raise NothingFoundError(f"--sweep {arguments.sweep}: none of its runs has started yet")
    return found


def _in_asked_order(
    keys: Iterable[tuple[str, str, str]], arguments: argparse.Namespace, labels: Sequence[str]
) -> list[tuple[str, str, str]]:
    """Sort (environment, algorithm, label) as the flags name them, by name where they do not."""
    keys = list(keys)
    envs = list(dict.fromkeys(env for env, _, _ in keys))
    envs = envs if arguments.env else sorted(envs)
    algos = _algo_order([algo for _, algo, _ in keys], arguments)
    return sorted(
        keys, key=lambda key: (envs.index(key[0]), algos.index(key[1]), labels.index(key[2]))
    )


def _algo_order(found: Iterable[str], arguments: argparse.Namespace) -> list[str]:
    """Return the algorithms as ``-a`` names them, else by name."""
    if arguments.algos:
        return [algo.lower() for algo in arguments.algos]
    return sorted(set(found))


def _draw_figures(
    results: Results, stem: Path, arguments: argparse.Namespace, *, interactive: bool
) -> list[Path]:
    """Write one figure per environment and return the files."""
    from rl_zoo.plots.evaluation_figure import KEY_LABELS, FigureOptions, plot_evaluations
    from rl_zoo.plots.style import save_figure

    options = FigureOptions(million=not arguments.no_million, interactive=interactive)
    y_label = KEY_LABELS.get(arguments.key, arguments.key)
    formats = figure_formats(arguments.output, arguments.format)
    paths = []
    for env in results.env_names():
        shown = results.of_env(env)
        figure = plot_evaluations(env, shown, y_label, results.confidence, options)
        paths.extend(save_figure(figure, stem.with_name(f"{stem.name}_{env}"), formats))
    return paths


def _write_data(
    results: Results, table: ResultsTable, stem: Path, arguments: argparse.Namespace
) -> list[Path]:
    """Write what the figures were drawn from and return the files."""
    from rl_zoo.plots.export import json_results, write_results, zoo_results

    zoo = zoo_results(results, table, {"": str(arguments.exp_folders[0])})
    try:
        return list(write_results(stem, zoo, json_results(results, table)))
    except OSError as error:
        raise UsageError(f"-o {stem}: cannot be written ({error.strerror})") from error


def _print_results(results: Results, table: ResultsTable, arguments: argparse.Namespace) -> None:
    if arguments.print_n_trials:
        for item in results.series:
            console.result(f"{item.env_name} {item.title}: n={item.n}")
            for paths in item.runs:
                names = ("/".join(Path(path).parts[-2:]) for path in paths)
                console.result(f"  {' -> '.join(names)}")
        console.result()
    what = "median" if arguments.median else "mean ± standard error"
    console.result(f"Last evaluation ({arguments.key}), {what} over n seeds:\n")
    console.result(table.to_markdown() + "\n")
