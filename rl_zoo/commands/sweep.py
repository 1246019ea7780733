"""``rl_zoo sweep``: many runs as one thing that can be left and taken up again."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rl_zoo import console
from rl_zoo.commands.options import run_command
from rl_zoo.commands.sweep_parser import build_parser
from rl_zoo.errors import NothingFoundError

if TYPE_CHECKING:
    from rl_zoo.sweep.folder import SweepFolder

__all__ = ["build_parser", "main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Sweep as the flags say; return the exit code."""
    return run_command(build_parser(), argv, _run)


def _run(arguments: argparse.Namespace) -> int:
    if arguments.run_row is not None:
        from rl_zoo.commands.sweep_row import run_row

        return run_row(arguments.log_folder, arguments.name, arguments.run_row)
    if arguments.status:
        return _show_status(arguments.log_folder, arguments.name)
    from rl_zoo.commands import sweep_start

    request = sweep_start.read_request(arguments)
    if not arguments.dry_run:
        return sweep_start.start(request)
    rows = sweep_start.rows_left(request)
    for row in rows:
        argv = request.plan.argv(row, arguments.log_folder)
        console.result(shlex.join(["python", "-m", "rl_zoo.train", *argv]))
    steps = sum(request.plan.budget(row) or 0 for row in rows)
    finished = len(request.plan.rows()) - len(rows)
    done = f" ({finished} more are finished)" if finished else ""
    console.result(f"# {len(rows)} runs{done}, {steps} steps in all")
    return 0


def _show_status(log_folder: Path, name: str | None) -> int:
    from rl_zoo.sweep.folder import ALL, find_sweep, list_sweeps

    if name is not None and name != ALL:
        _print_status(find_sweep(log_folder, name))
        return 0
    sweeps = list_sweeps(log_folder)
    if not sweeps:
        raise NothingFoundError(f"-f {log_folder}: no sweep in it")
    for number, folder in enumerate(sweeps if name == ALL else sweeps[:1]):
        if number:
            console.result()
        _print_status(folder)
    if name is None and len(sweeps) > 1:
        others = ", ".join(sweep.name for sweep in sweeps[1:7])
        more = " ..." if len(sweeps) > 7 else ""
        console.message(f"others (--name NAME, or all): {others}{more}")
    return 0


def _print_status(folder: SweepFolder) -> None:
    from rl_zoo.sweep.folder import read_plan
    from rl_zoo.sweep.standing import read_standings
    from rl_zoo.sweep.table import status_report

    plan = replace(read_plan(folder), name=folder.name)
    console.result(status_report(plan, read_standings(folder, plan)))
