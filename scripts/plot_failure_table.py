"""Run every case of ``plot_failure_cases`` and write ``docs/plots_failures.md``.

``--peer path/to/python`` of an installation of RL Baselines3 Zoo shows what that does with the same
folders; the column of the page about it was read from there.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from rl_zoo.console import result  # noqa: E402
from scripts.plot_failure_cases import CASES, SAVE, Case, write_runs  # noqa: E402

PAGE = ROOT / "docs" / "plots_failures.md"
INTRODUCTION = """\
# Numbers that plots must not invent

The situations in which the plots of RL Baselines3 Zoo 2.9.2 show a number that is wrong or not
there, or end in a traceback, and what rl_zoo does with the same folders. Exit codes: 0 done,
1 a check failed, 2 usage or file, 3 nothing found. A number is printed only where there is data; a
cell without runs shows `–`.

Written by `python scripts/plot_failure_table.py`, which makes the folders and runs every line;
`--peer path/to/python` of a zoo installation shows what that does with them.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Write the page; return 1 if a command behaved otherwise than it should."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", type=Path, metavar="PYTHON", help="of a zoo installation")
    peer = parser.parse_args(argv).peer
    wrong = 0
    sections: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_runs(folder)
        run([sys.executable, "-m", "rl_zoo.cli", *words(SAVE, folder)], folder)
        for case in CASES:
            command = words(case.command, folder)
            code, said, out = run([sys.executable, "-m", "rl_zoo.cli", *command], folder)
            text = said + out
            as_expected = code == case.code and all(word in text for word in case.words)
            if not as_expected or any(word in text for word in case.absent):
                wrong += 1
                result(f"not as expected: {case.name} (exit code {code})\n{text}")
            sections.setdefault(case.group, []).append(row(case, code, said, out))
            if peer is not None:
                show_peer(case, peer, folder)
    lines = [INTRODUCTION]
    for group, rows in sections.items():
        lines += [f"## {group[0].upper()}{group[1:]}", ""]
        lines += [
            "| what | the zoo | command | code | rl_zoo |",
            "|---|---|---|--:|---|",
            *rows,
            "",
        ]
    PAGE.write_text("\n".join(lines), encoding="utf-8")
    result(f"{PAGE}: {len(CASES)} rows, {wrong} not as expected")
    return int(wrong > 0)


def words(command: str, folder: Path) -> list[str]:
    """Return the words of a command line in ``folder``."""
    return command.replace("{dir}", str(folder)).split(" ")


def run(command: Sequence[str], folder: Path) -> tuple[int, str, str]:
    """Run a command in ``folder``; return its exit code, its messages and its results."""
    kept = {name: value for name, value in os.environ.items() if name != "DISPLAY"}
    own = {"PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=folder, env={**kept, **own}, capture_output=True, text=True, timeout=300
    )
    here = f"{folder}/"
    return done.returncode, done.stderr.replace(here, ""), done.stdout.replace(here, "")


def row(case: Case, code: int, said: str, out: str) -> str:
    """Return the line of the page about a case."""
    shown = case.command.replace(" --no-display", "").replace("{dir}/", "")
    text = "<br>".join(cell(line) for line in important(said, out))
    return f"| {case.name} | {cell(case.zoo)} | `{cell(shown)}` | {code} | {text} |"


def important(said: str, out: str) -> list[str]:
    """Return the messages and the rows of the first table, else the names of the figures."""
    messages = [line.removeprefix("error: ") for line in said.splitlines() if line.strip()]
    if "error: " in said:
        return messages[:3]
    first = out.partition("| ---")[2].partition("\n\n")[0].splitlines()[1:]
    rows = [" | ".join(part.strip() for part in line.strip("| ").split("|")) for line in first]
    figures = [line for line in out.splitlines() if line.startswith("wrote ") and ".png" in line]
    return [*messages[:2], *rows[:2], *figures[:3]]


def cell(text: str) -> str:
    """Return ``text`` fit for a table cell."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def show_peer(case: Case, peer: Path, folder: Path) -> None:
    """Print what the zoo does with the same command line."""
    command = words(case.command, folder)
    if "--plots" in command or command[0] == "benchmark_table" or "malicious" in case.command:
        return
    if command[0] != "all_plots":
        command = [word for word in command if word != "--no-display"]
    code, said, out = run([str(peer), "-m", "rl_zoo3.cli", *command], folder)
    last = [line for line in (out + said).splitlines() if line.strip() and "Warning" not in line][
        -3:
    ]
    result("\n".join([f"== {case.name}: the zoo ends with {code}", *last]))


if __name__ == "__main__":
    raise SystemExit(main())
