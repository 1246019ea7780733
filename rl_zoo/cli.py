"""``python -m rl_zoo.cli <command>`` or ``rl_zoo <command>``: the door to every command."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence

from rl_zoo import __version__, console
from rl_zoo.suggest import did_you_mean

COMMANDS: Mapping[str, tuple[str, str]] = {
    "train": ("rl_zoo.train:main", "train an agent, resume a run"),
    "enjoy": ("rl_zoo.enjoy:main", "run a trained agent"),
    "tune": ("rl_zoo.tune:main", "search for hyperparameters"),
    "study": ("rl_zoo.commands.study:main", "list studies, show one, share a storage"),
    "sweep": ("rl_zoo.commands.sweep:main", "many runs: algorithms x environments x seeds"),
    "all_plots": ("rl_zoo.commands.all_plots:main", "evaluation curves and table of many runs"),
    "plot_from_file": ("rl_zoo.commands.plot_from_file:main", "figures of saved results"),
    "plot_train": ("rl_zoo.commands.plot_train:main", "training curves of many runs"),
    "report": ("rl_zoo.commands.report:main", "a page about a run, or comparing several"),
    "benchmark_table": (
        "rl_zoo.commands.benchmark_table:main",
        "returns of evaluated agents, checked against a published table",
    ),
    "plot_gait": ("rl_zoo.commands.plot_gait:main", "gait diagram of a trained robot"),
    "record_video": ("rl_zoo.commands.record_video:main", "video of a trained agent"),
    "record_training": ("rl_zoo.commands.record_training:main", "video of every checkpoint"),
    "export": ("rl_zoo.commands.export:main", "one ONNX file that runs a policy without PyTorch"),
    "inspect": ("rl_zoo.commands.inspect:main", "layout, limits and origin of an exported policy"),
    "robot": ("rl_zoo.commands.robot:main", "check, stand, stop, record a robot; simulate one"),
    "list": ("rl_zoo.commands.list:main", "algorithms, environments, robots, drivers, runs"),
    "doctor": ("rl_zoo.commands.doctor:main", "what this computer offers to a run; builds C++"),
    "demo": ("rl_zoo.commands.demo:main", "learn to walk in a few minutes and show it"),
}
"""Command -> where it lives and what it does; a command is imported when it is chosen."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the chosen command; return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] in ("-h", "--help"):
        console.result(usage())
        return 0
    if arguments[0] == "--version":
        console.result(f"rl_zoo {__version__}")
        return 0
    name = arguments[0]
    if name not in COMMANDS:
        console.error(f"unknown command '{name}'{did_you_mean(name, COMMANDS)}")
        return 2
    return load_command(name)(arguments[1:])


def load_command(name: str) -> Callable[[Sequence[str]], int]:
    """Import and return the ``main`` function of a command."""
    module_name, _, function = COMMANDS[name][0].partition(":")
    command: Callable[[Sequence[str]], int] = getattr(
        importlib.import_module(module_name), function
    )
    return command


def usage() -> str:
    """Return the overview of all commands."""
    lines = ["usage: rl_zoo <command> [flags]   (or: python -m rl_zoo.cli <command> [flags])", ""]
    lines += [f"  {name:<16} {summary}" for name, (_, summary) in COMMANDS.items()]
    return "\n".join([*lines, "", "rl_zoo <command> --help lists the flags of a command."])


if __name__ == "__main__":
    raise SystemExit(main())
