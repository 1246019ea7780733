"""``benchmark_table``: mean return of evaluated agents, checked against a published table."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rl_zoo import console
from rl_zoo.commands.options import ZooArgumentParser, run_command
from rl_zoo.commands.plot_options import TABLE_FORMATS, output_stem
from rl_zoo.errors import NothingFoundError, UsageError

if TYPE_CHECKING:
    from rl_zoo.runs.benchmark_folder import Benchmark, PublishedRow

_SUFFIXES = {"md": ".md", "csv": ".csv", "latex": ".tex"}
_EXAMPLES = """
examples:
  enjoy --algo ppo --env CartPole-v1 -n 50000 --no-render --reward-log evals/ppo-CartPole-v1
  benchmark_table -f evals/ -o results --table md csv latex
  benchmark_table -f rl-baselines3-zoo/logs/benchmark --check rl-baselines3-zoo/benchmark.md
"""


def build_parser() -> ZooArgumentParser:
    """Return the parser of ``benchmark_table``."""
    parser = ZooArgumentParser(
        prog="rl_zoo benchmark_table",
        description="Print mean and standard deviation of the return for every "
        "<folder>/<algo>-<env>/0.monitor.csv: the evaluation of one agent each, as the zoo's "
        "logs/benchmark holds them and enjoy --reward-log writes them.",
        epilog=_EXAMPLES,
    )
    add = parser.add_argument
    folder_help = "folder that holds <algo>-<env> folders"
    add("-f", "--folder", type=Path, required=True, metavar="FOLDER", help=folder_help)
    add("-a", "--algos", nargs="+", metavar="ALGO", help="algorithms (default: all found)")
    env_help = "environment ids: whole, without version, or their beginning (default: all found)"
    add("-e", "--env", nargs="+", metavar="ENV", help=env_help)
    check_help = (
        "Markdown file with such a table: name every number that its rounding does not explain "
        "(exit code 1 if there is one)"
    )
    add("--check", type=Path, metavar="FILE", help=check_help)
    add("-o", "--output", type=Path, metavar="NAME", help="write NAME.md, .csv or .tex")
    add("--table", nargs="+", choices=TABLE_FORMATS, help="formats of -o (default: md)")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``benchmark_table`` and return its exit code."""
    return run_command(build_parser(), argv, _benchmark_table)


def _benchmark_table(arguments: argparse.Namespace) -> int:
    from rl_zoo.plots.benchmark_table import render_benchmark
    from rl_zoo.runs.benchmark_folder import read_benchmark, read_published

    if arguments.table and arguments.output is None:
        raise UsageError("--table: needs -o NAME, the name of the files to write")
    published = read_published(arguments.check) if arguments.check else None
    benchmark = read_benchmark(arguments.folder, arguments.algos, arguments.env)
    for sentence in benchmark.left_out:
        console.warn(f"left out: {sentence}")
    if not benchmark.entries:
        raise NothingFoundError(f"-f {arguments.folder}: no evaluation in it can be read")
    console.result(render_benchmark(benchmark.entries, "md"))
    for path in _write(arguments, benchmark):
        console.result(f"wrote {path}")
    return 0 if published is None else _check(benchmark, published, arguments)


def _write(arguments: argparse.Namespace, benchmark: Benchmark) -> list[Path]:
    from rl_zoo.plots.benchmark_table import render_benchmark
    from rl_zoo.runs.atomic import write_text

    if arguments.output is None:
        return []
    stem = output_stem(arguments.output, arguments.folder, "benchmark")
    paths = []
    for name in arguments.table or ["md"]:
        path = stem.with_name(f"{stem.name}{_SUFFIXES[name]}")
        try:
            write_text(path, render_benchmark(benchmark.entries, name))
        except OSError as error:
            raise UsageError(f"-o {path}: cannot be written ({error.strerror})") from error
        paths.append(path)
    return paths


def _check(
    benchmark: Benchmark, published: Sequence[PublishedRow], arguments: argparse.Namespace
) -> int:
    """Say what a published table and the files have in common; return 1 if they differ."""
    from rl_zoo.runs.benchmark_folder import compare_with_published

    rows = {row.key: row for row in published}
    compared = [entry for entry in benchmark.entries if (entry.algo, entry.env_name) in rows]
    if not compared:
        raise NothingFoundError(f"--check {arguments.check}: no row of it has a file here")
    unpublished = [entry.name for entry in benchmark.entries if entry not in compared]
    if unpublished:
        console.message(f"not in {arguments.check}: {', '.join(unpublished)}")
    n_without_file = len(rows) - len(compared)
    if n_without_file and not (arguments.algos or arguments.env):
        console.message(
            f"{n_without_file} of the {len(rows)} rows of {arguments.check} have no file"
        )
    differing = 0
    for entry in compared:
        sentences = compare_with_published(entry, rows[entry.algo, entry.env_name])
        differing += bool(sentences)
        for sentence in sentences:
            console.error(sentence)
    console.result(
        f"{len(compared) - differing} of {len(compared)} entries agree with {arguments.check} "
        "within rounding"
    )
    return int(differing > 0)
