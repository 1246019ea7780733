"""``inspect``: what an exported policy takes, gives, may do and comes from."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_zoo import console
from rl_zoo.commands.options import ZooArgumentParser, run_command
from rl_zoo.errors import DamagedFileError, UsageError

if TYPE_CHECKING:
    from rl_zoo.deploy.inspection.onnx_file import GraphSize
    from rl_zoo.deploy.inspection.replay import Replay
    from rl_zoo.deploy.runtime import Policy

_EXAMPLES = """
examples:
  inspect logs/sac/Pendulum-v1_1/bundle.onnx
  inspect bundle.onnx --check
  inspect bundle.onnx --json
"""


def build_parser() -> ZooArgumentParser:
    """Return the parser of ``inspect``."""
    parser = ZooArgumentParser(
        prog="rl_zoo inspect",
        description="Show the layout, limits, rates and provenance of an exported policy. Needs "
        "numpy and onnxruntime only.",
        epilog=_EXAMPLES,
    )
    add = parser.add_argument
    add("bundle", type=Path, metavar="FILE", help="bundle written by rl_zoo export")
    add("--json", action="store_true", help="print everything as JSON")
    check_help = "replay the recorded examples on this computer; exit code 2 if an action differs"
    add("--check", action="store_true", help=check_help)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``inspect`` and return its exit code."""
    return run_command(build_parser(), argv, _inspect)


def _inspect(arguments: argparse.Namespace) -> int:
    file: Path = arguments.bundle
    if file.is_dir():
        raise UsageError(f"{file}: is a folder; name the file that rl_zoo export wrote")
    from rl_zoo.deploy.inspection.onnx_file import graph_size
    from rl_zoo.deploy.runtime import Policy

    policy = Policy(file)
    size = graph_size(file.read_bytes())
    replay = _replayed(policy) if arguments.check else None
    if arguments.json:
        try:
            _print_json(file, policy, size, replay)
        except RecursionError as error:
            raise DamagedFileError(f"{file}: its metadata is nested too deep") from error
    else:
        _print_tables(file, policy, size)
        if replay is not None:
            console.result(f"\ncheck\n  {replay.text}")
    if replay is not None and not replay.is_equal:
        raise DamagedFileError(f"{file}: {replay.text}")
    return 0


def _replayed(policy: Policy) -> Replay:
    from rl_zoo.deploy.inspection.replay import replay_examples

    return replay_examples(policy)


def _print_tables(file: Path, policy: Policy, size: GraphSize) -> None:
    import sys

    from rl_zoo.deploy.inspection.sections import sections_of

    try:
        sections = sections_of(policy.metadata, size)
    except (
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        IndexError,
        ArithmeticError,
        RecursionError,
    ) as error:
        raise DamagedFileError(
            f"{file}: its metadata is damaged ({type(error).__name__}: {error}); export it again"
        ) from error
    kilobytes = file.stat().st_size / 1e3
    console.result(f"{file}: {kilobytes:.0f} kB, bundle format {policy.metadata.format}")
    for section in sections:
        console.result()
        console.result(console.styled(section.title, "bold", sys.stdout))
        for line in section.lines:
            console.result(f"  {line}".rstrip())


def _print_json(file: Path, policy: Policy, size: GraphSize, replay: Replay | None) -> None:
    import json
    from dataclasses import asdict

    found: dict[str, Any] = {
        "file": str(file),
        "bytes": file.stat().st_size,
        "nodes": size.n_nodes,
        "parameters": size.n_parameters,
        "opset": size.opset,
        "metadata": asdict(policy.metadata),
    }
    if replay is not None:
        found["check"] = asdict(replay)
    console.result(json.dumps(found, indent=2, allow_nan=False))


if __name__ == "__main__":
    raise SystemExit(main())
