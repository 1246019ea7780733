"""Compare the episodes of a run with those of its exported bundle, seed by seed.

    python scripts/compare_enjoy.py logs/sac/Pendulum-v1_1 logs/droq/Bert-v0_1

Each seed plays one episode with `enjoy --run` and one with `enjoy --onnx`. Prints a Markdown table:
how many episodes have the same length and the same return to the last digit, and the largest
difference. Rounding differences of 1e-7 grow in an environment with contacts; the table says by how
much.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from rl_zoo.console import message, result  # noqa: E402
from rl_zoo.enjoy import main as enjoy  # noqa: E402

_ROUNDING = 1e-6  # of the size of a return
_HEADER = (
    "| run | layers | seeds | same length | same return | difference: median | largest | "
    "mean return, PyTorch | ONNX |\n|---|---|--:|--:|--:|--:|--:|--:|--:|"
)


@dataclass(frozen=True)
class Pair:
    """One seed."""

    by_torch: float
    by_onnx: float
    """Returns."""
    same_length: bool


def main(argv: Sequence[str] | None = None) -> int:
    """Print the table; return 1 if the returns of a run and its bundle differ in the mean."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", type=Path, help="run folders")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=1000)
    arguments = parser.parse_args(argv)
    result(_HEADER)
    is_equal = True
    with tempfile.TemporaryDirectory() as name:
        for number, run in enumerate(arguments.runs):
            bundle = Path(name) / f"{number}.onnx"
            _export(run, bundle)
            seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
            pairs = [_compare(run, bundle, seed) for seed in seeds]
            result(_row(run, bundle, pairs))
            is_equal &= _is_same_policy(pairs)
    return 0 if is_equal else 1


def _export(run: Path, bundle: Path) -> None:
    from rl_zoo.commands.export import main as export

    with contextlib.redirect_stdout(sys.stderr):
        code = export([str(run), "-o", str(bundle)])
    if code != 0:
        raise SystemExit(code)


def _compare(run: Path, bundle: Path, seed: int) -> Pair:
    flags = ["--n-episodes", "1", "--seed", str(seed)]
    by_torch = _played(["--run", str(run), "--num-threads", "1", *flags])
    by_onnx = _played(["--onnx", str(bundle), *flags])
    return Pair(
        by_torch["returns"][0],
        by_onnx["returns"][0],
        by_torch["lengths"] == by_onnx["lengths"],
    )


def _played(flags: list[str]) -> dict[str, Any]:
    """Return what ``enjoy`` reports."""
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        code = enjoy([*flags, "--json"])
    if code != 0:
        message(errors.getvalue())
        raise SystemExit(code)
    found: dict[str, Any] = json.loads(output.getvalue())
    return found


def _row(run: Path, bundle: Path, pairs: Sequence[Pair]) -> str:
    from rl_zoo.deploy.runtime import Policy

    kinds = ", ".join(layer.kind for layer in Policy(bundle).layers) or "none"
    n = len(pairs)
    lengths = sum(pair.same_length for pair in pairs)
    returns = sum(pair.by_torch == pair.by_onnx for pair in pairs)
    differences = [abs(pair.by_torch - pair.by_onnx) for pair in pairs]
    median, largest = statistics.median(differences), max(differences)
    means = (_mean([p.by_torch for p in pairs]), _mean([p.by_onnx for p in pairs]))
    name = f"{run.parent.name}/{run.name}"
    return (
        f"| {name} | {kinds} | {n} | {lengths} | {returns} | {median:.2g} | {largest:.2g} | "
        f"{means[0]:.4f} | {means[1]:.4f} |"
    )


def _is_same_policy(pairs: Sequence[Pair]) -> bool:
    """Say whether the mean difference is zero up to rounding and three standard errors."""
    differences = [pair.by_torch - pair.by_onnx for pair in pairs]
    error = statistics.pstdev(differences) / len(differences) ** 0.5
    size = max(1.0, abs(_mean([pair.by_torch for pair in pairs])))
    return bool(abs(_mean(differences)) <= 3.0 * error + _ROUNDING * size)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


if __name__ == "__main__":
    raise SystemExit(main())
