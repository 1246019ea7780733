"""``report``: one HTML page about a run, or about several side by side."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_zoo import console
from rl_zoo.commands.options import ZooArgumentParser, run_command
from rl_zoo.errors import NothingFoundError, UsageError
from rl_zoo.suggest import did_you_mean

if TYPE_CHECKING:
    from rl_zoo.plots.report.page import Page
    from rl_zoo.plots.report.reported_run import ReportedRun

_EXAMPLES = """
examples:
  report logs/sac/Pendulum-v1_1
  report --algo sac --env Pendulum-v1
  report logs/sac/Pendulum-v1_* logs/ppo/Pendulum-v1_* -o comparison.html
  report logs/droq/Bert-v0_1 logs/droq/Bert-v0_2 -l plain "with prior"
"""
_SUFFIXES = (".html", ".htm")


def build_parser() -> ZooArgumentParser:
    """Return the parser of ``report``."""
    parser = ZooArgumentParser(
        prog="rl_zoo report",
        description="Write one HTML page about a run, or a page that compares several. It needs no "
        "other file and no network.",
        epilog=_EXAMPLES,
    )
    add = parser.add_argument
    runs: dict[str, Any] = {"type": Path, "nargs": "*", "metavar": "RUN"}
    add("runs", **runs, help="run folders (instead of --algo and --env)")
    output_help = (
        "the page (default: report.html in the run's folder; for several runs comparison.html in "
        "plots/ of the first one's log folder)"
    )
    add("-o", "--output", type=Path, metavar="FILE", help=output_help)
    label_help = "one label per run; runs with the same label are seeds of one method"
    add("-l", "--labels", nargs="+", metavar="LABEL", help=label_help)
    add("--each", action="store_true", help="put the report of every compared run into the page")
    add("--algo", help="algorithm")
    add("--env", help="environment id: whole, without version, or its beginning")
    folder: dict[str, Any] = {"type": Path, "default": Path("logs"), "metavar": "FOLDER"}
    add("-f", "--folder", **folder, help="log folder of --algo and --env")
    numbers: dict[str, Any] = {"type": int, "nargs": "+", "metavar": "N"}
    add("--exp-id", **numbers, help="numbers of the runs (default: the latest)")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``report`` and return its exit code."""
    return run_command(build_parser(), argv, _report)


def _report(arguments: argparse.Namespace) -> int:
    paths = _given_runs(arguments)
    file = _page_file(arguments.output, paths)
    if arguments.labels is not None:
        _check_labels(arguments.labels, paths)
    from rl_zoo.plots.report.page import write_page
    from rl_zoo.plots.report.reported_run import load_reported_run

    page = _make_page([load_reported_run(path) for path in paths], arguments)
    write_page(page, file)
    console.result(f"wrote {file} ({file.stat().st_size / 1e6:.1f} MB)")
    return 0


def _make_page(runs: Sequence[ReportedRun], arguments: argparse.Namespace) -> Page:
    if len(runs) == 1:
        from rl_zoo.plots.report.run_page import run_page

        return run_page(runs[0])
    from rl_zoo.plots.report.comparison.page import comparison_page

    return comparison_page(runs, arguments.labels, each=arguments.each)


def _given_runs(arguments: argparse.Namespace) -> list[Path]:
    """Return the run folders that the arguments name, all of which exist."""
    if not arguments.runs:
        return _found_runs(arguments)
    flags = {"--algo": arguments.algo, "--env": arguments.env, "--exp-id": arguments.exp_id}
    given = [flag for flag, value in flags.items() if value is not None]
    if given:
        raise UsageError(f"{given[0]} and {arguments.runs[0]}: name runs by folder or by flags")
    for path in arguments.runs:
        _check_run(path)
    resolved = [path.resolve() for path in arguments.runs]
    twice = next((path for path in resolved if resolved.count(path) > 1), None)
    if twice is not None:
        raise UsageError(f"{twice}: named twice; it would be counted twice")
    return list(arguments.runs)


def _check_run(path: Path) -> None:
    """Raise the error that helps most if ``path`` is something else than a run folder."""
    if path.is_file():
        raise UsageError(f"{path}: is a file; name the run's folder, e.g. {path.parent}")
    if not path.is_dir():
        parent = path.parent
        siblings = [item.name for item in parent.iterdir()] if parent.is_dir() else []
        hint = did_you_mean(path.name, siblings, list_at_most=0)
        raise NothingFoundError(f"{path}: no such run folder{hint}")
    if (path / "study.json").is_file() or (path / "study.log").is_file():
        raise UsageError(
            f"{path}: is a study; its report is written by: rl_zoo study report {path}"
        )
    if (path / "sweep.json").is_file():
        log_folder = path.resolve().parent.parent
        raise UsageError(
            f"{path}: is a sweep; compare its runs with: "
            f"rl_zoo all_plots -f {log_folder} --sweep {path.name}"
        )
    from rl_zoo.runs.search import list_runs

    candidates = (run.folder.path for run in [*list_runs(path), *list_runs(path.parent)])
    inside = next((run for run in candidates if path in run.parents), None)
    if inside is not None:
        raise UsageError(f"{path}: holds runs; name them, e.g. {inside}")


def _found_runs(arguments: argparse.Namespace) -> list[Path]:
    """Return the runs of --algo and --env: the latest, or those of --exp-id."""
    if arguments.algo is None or arguments.env is None:
        raise UsageError(
            "which run? Name its folder, e.g. logs/sac/Pendulum-v1_1, or give --algo and --env"
        )
    from rl_zoo.runs.search import find_runs

    found = find_runs([arguments.folder], [arguments.algo], [arguments.env])
    names = sorted({run.env_name for run in found})
    if len(names) > 1:
        raise UsageError(f"--env {arguments.env}: stands for {', '.join(names)}; name one of them")
    if not arguments.exp_id:
        return [max(found, key=lambda run: run.number).folder.path]
    numbers = [run.number for run in found]
    for number in arguments.exp_id:
        if number not in numbers:
            known = ", ".join(map(str, dict.fromkeys(numbers)))
            raise NothingFoundError(f"--exp-id {number}: no such run of {names[0]}; {known} exist")
    return [run.folder.path for run in found if run.number in arguments.exp_id]


def _page_file(output: Path | None, runs: Sequence[Path]) -> Path:
    """Return the file to write."""
    if output is None:
        if len(runs) == 1:
            return runs[0] / "report.html"
        return runs[0].resolve().parent.parent / "plots" / "comparison.html"
    if output.is_dir():
        return output / ("report.html" if len(runs) == 1 else "comparison.html")
    if output.suffix in _SUFFIXES:
        return output
    if output.suffix in (".pdf", ".md", ".png", ".svg", ".txt"):
        raise UsageError(f"-o {output}: a report is an HTML page; name it e.g. {output.stem}.html")
    return output.with_name(f"{output.name}.html")


def _check_labels(labels: Sequence[str], runs: Sequence[Path]) -> None:
    if len(runs) == 1:
        raise UsageError("-l: labels tell compared runs apart; there is one run")
    if len(labels) != len(runs):
        raise UsageError(f"-l: {len(labels)} labels for {len(runs)} runs; give one label per run")
