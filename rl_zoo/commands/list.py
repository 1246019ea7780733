"""``list``: algorithms, environments, robots, drivers, tasks, wrappers, plots or runs."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from rl_zoo import console
from rl_zoo.commands.options import ZooArgumentParser, run_command
from rl_zoo.errors import NothingFoundError, ZooError

KINDS = ("algos", "envs", "robots", "drivers", "tasks", "wrappers", "callbacks", "plots", "runs")


def build_parser() -> ZooArgumentParser:
    """Return the parser of ``list``."""
    parser = ZooArgumentParser(
        prog="rl_zoo list", description="List what can be chosen, or the runs there are."
    )
    parser.add_argument("what", choices=KINDS, help="what to list")
    parser.add_argument("filter", nargs="?", default="", help="show names that contain this")
    parser.add_argument("-f", "--log-folder", default="logs", help="folder of the runs")
    parser.add_argument(
        "--gym-packages", nargs="+", default=[], help="modules that register environments"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """List; return the exit code."""
    return run_command(build_parser(), argv, _list)


def _list(arguments: argparse.Namespace) -> int:
    rows = [
        row
        for row in _rows(arguments)
        if arguments.filter.lower() in " ".join(row.values()).lower()
    ]
    if not rows:
        raise NothingFoundError(f"no {arguments.what} match '{arguments.filter}'")
    if arguments.json:
        console.result(json.dumps(rows, indent=2))
        return 0
    widths = {key: max(len(row[key]) for row in rows) for key in rows[0]}
    for row in rows:
        console.result("  ".join(f"{value:<{widths[key]}}" for key, value in row.items()).rstrip())
    return 0


def _rows(arguments: argparse.Namespace) -> list[dict[str, str]]:
    if arguments.what == "runs":
        return _runs(Path(arguments.log_folder))
    if arguments.what == "envs":
        return _environments(tuple(arguments.gym_packages))
    if arguments.what in ("robots", "drivers"):
        return _robots_or_drivers(arguments.what)
    from rl_zoo.agents.algorithms import ALGORITHMS
    from rl_zoo.callbacks.registry import CALLBACKS
    from rl_zoo.plots.catalog import PLOTS
    from rl_zoo.tasks.catalog import TASKS
    from rl_zoo.wrappers.registry import WRAPPERS

    registries = {
        "algos": ALGORITHMS,
        "tasks": TASKS,
        "wrappers": WRAPPERS,
        "callbacks": CALLBACKS,
        "plots": PLOTS,
    }
    registry = registries[arguments.what]
    return [{"name": name, "where": registry.locate(name)} for name in registry.names()]


def _robots_or_drivers(what: str) -> list[dict[str, str]]:
    """List one kind; third parties' robots and drivers share an entry-point group."""
    from rl_zoo.robots.catalog import ROBOTS
    from rl_zoo.robots.drivers.catalog import DRIVERS
    from rl_zoo.robots.spec import RobotSpec

    registry = ROBOTS if what == "robots" else DRIVERS
    built_in = registry.built_in_names()
    others = set(ROBOTS.names()) - {*ROBOTS.built_in_names(), *DRIVERS.built_in_names()}
    names = list(built_in)
    for name in others:
        try:
            is_robot = isinstance(registry.load(name), RobotSpec)
        except ZooError as error:
            console.warn(str(error))
            continue
        if is_robot == (what == "robots"):
            names.append(name)
    return [{"name": name, "where": registry.locate(name)} for name in sorted(names)]


def _environments(gym_packages: tuple[str, ...]) -> list[dict[str, str]]:
    import gymnasium as gym

    from rl_zoo.envs.ids import import_package, is_removed, register_environments

    register_environments()
    for package in gym_packages:
        import_package(package)
    return [
        {"name": name, "where": str(spec.entry_point or spec.vector_entry_point)}
        for name, spec in sorted(gym.registry.items())
        if not is_removed(spec.entry_point)
    ]


def _runs(log_folder: Path) -> list[dict[str, str]]:
    from rl_zoo.runs.folder import open_run_folder
    from rl_zoo.runs.record import read_record

    rows = []
    for config in sorted(log_folder.glob("*/*/*/config.yml")):
        folder = open_run_folder(config.parent.parent)
        record = read_record(folder)
        rows.append(
            {
                "run": str(folder.path),
                "state": "zoo" if record is None else record.state,
                "steps": "" if record is None else f"{record.num_timesteps}/{record.n_timesteps}",
                "model": "yes" if folder.has_model() else "no",
            }
        )
    return rows
