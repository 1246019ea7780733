"""Train, export and compare every kind of policy; write the table of ``docs/deployment.md``.

    python scripts/deploy_table.py                all rows, a few minutes
    python scripts/deploy_table.py ppo Bert       rows whose name contains one of the words, no page

Each row is a run of a few steps by ``rl_zoo train`` and a bundle by ``rl_zoo export``, whose own
figures are shown. Exit code 1 if a row could not be trained or exported.
"""

from __future__ import annotations

import contextlib
import io
import os
import platform
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from rl_zoo.console import message, result  # noqa: E402
from rl_zoo.runs.atomic import write_text  # noqa: E402
from scripts.deploy_cases import CASES, PACKAGE, SPACES, Case  # noqa: E402
from scripts.page_markers import replaced  # noqa: E402

PAGE = ROOT / "docs" / "deployment.md"
HEAD = (
    "| algorithm | action | what | layers | graph: error | whole: error | observations | "
    "SB3: p50 (p99) µs | ours: p50 (p99) µs | ratio | kB |\n"
    "|---|---|---|---|--:|--:|--:|--:|--:|--:|--:|"
)


@dataclass(frozen=True)
class Exported:
    """What came of one case."""

    line: str
    """Of the table."""
    problem: str | None = None
    """Why there is no bundle."""


def main(words: Sequence[str]) -> int:
    """Measure the chosen cases; without words write the page. Return 1 if any failed."""
    chosen = [case for case in CASES if not words or any(word in case.id for word in words)]
    rows = []
    with tempfile.TemporaryDirectory() as temporary:
        for number, case in enumerate(chosen):
            row = measure(case, Path(temporary) / str(number))
            message(f"{number + 1}/{len(chosen)} {row.line}")
            rows.append(row)
    text = render(rows)
    result(text)
    problems = [row.problem for row in rows if row.problem is not None]
    if not words and not problems:
        write_text(PAGE, insert(PAGE.read_text(encoding="utf-8"), text))
    for problem in problems:
        message(problem)
    return int(bool(problems))


def measure(case: Case, folder: Path) -> Exported:
    """Train and export one case below ``folder``."""
    from rl_zoo.cli import load_command
    from rl_zoo.deploy.runtime import Policy

    run, bundle = run_folder(case, folder), folder / "bundle.onnx"
    export = [str(run), "-o", str(bundle), "--seed", "1"]
    if case.env == SPACES:
        export += ["--gym-packages", PACKAGE]
    for name, arguments in (("train", case.train_command(str(folder))), ("export", export)):
        code, text = quiet(load_command(name), arguments)
        if code != 0:
            reason = text.strip().splitlines()[-1] if text.strip() else "no message"
            problem = f"{case.id}: rl_zoo {name} ended with {code}: {reason}"
            return Exported(line_of(case, ["", "failed"]), problem)
    return Exported(line_of(case, cells(Policy(bundle).metadata, bundle.stat().st_size)))


def run_folder(case: Case, folder: Path) -> Path:
    """Return where ``case.train_command(folder)`` puts its run."""
    return folder / case.algo / f"{case.env}_1"


def quiet(command: Callable[[Sequence[str]], int], arguments: Sequence[str]) -> tuple[int, str]:
    """Run a command; return its exit code and what it said."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            code = command(arguments)
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
    return code, said.getvalue()


def cells(metadata: Any, size: int) -> list[str]:
    """Return layers, errors, number of observations, times, their ratio and the size."""
    parity: Mapping[str, Any] = metadata.parity
    original, ours = parity["original"], parity["bundle"]
    errors, counts = parity["max_error"], parity["n"]
    of_graph = [stage for stage in errors if stage.startswith("network")]
    whole = [errors[stage] for stage in errors if stage not in of_graph]
    ties = f", {parity['ties']} ties" if parity.get("ties") else ""
    return [
        " > ".join(layer["kind"] for layer in metadata.layers),
        _error(max(errors[stage] for stage in of_graph)) + ties,
        _error(max(whole)),
        str(sum(counts[stage] for stage in of_graph)),
        f"{original['p50_us']:.0f} ({original['p99_us']:.0f})",
        f"{ours['p50_us']:.0f} ({ours['p99_us']:.0f})",
        f"{original['p50_us'] / ours['p50_us']:.1f}",
        f"{size / 1e3:.0f}",
    ]


def render(rows: Sequence[Exported]) -> str:
    """Return the table with the machine it was measured on."""
    names = ("numpy", "onnxruntime", "torch", "stable-baselines3")
    packages = ", ".join(f"{name} {version(name)}" for name in names)
    load = "/".join(f"{value:.1f}" for value in os.getloadavg())
    machine = f"{os.cpu_count()} cores ({platform.machine()}), one thread used, load {load}"
    lines = [row.line for row in rows]
    return "\n".join(
        [f"{machine}, Python {platform.python_version()}, {packages}.", "", HEAD, *lines]
    )


def insert(page: str, text: str) -> str:
    """Return the page with ``text`` between the markers."""
    return replaced(page, "deploy_table", f"\n{text}\n\n")


def line_of(case: Case, values: Sequence[str]) -> str:
    """Return a line of the table: what the case is, then the values."""
    padded = [*values, *[""] * (8 - len(values))]
    return f"| {' | '.join((case.algo, case.action, case.variant, *padded))} |"


def _error(largest: float) -> str:
    return "0" if largest == 0 else f"{largest:.1e}"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
