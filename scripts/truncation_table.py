"""Measure what every algorithm learns about an episode's end and write ``docs/truncation.md``.

``python scripts/truncation_table.py`` takes about ten minutes on one core; a name runs one case and
only prints it. ``tests/agents/test_truncation.py`` asserts the same.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts.truncation_cases import CASES, IF_TERMINATED, IF_TRUNCATED, learn  # noqa: E402

PAGE = ROOT / "docs" / "truncation.md"
BEGIN, END = "<!-- table -->\n", "<!-- end of table -->\n"
HEAD = [
    "| algorithm | truncated | terminated | truncated, 20 % of steps interrupted | steps |",
    "|---|---|---|---|---|",
]


def main(names: list[str]) -> int:
    """Measure the cases called ``names``, or all and write the page; return 1 if any is wrong."""
    import torch

    torch.set_num_threads(1)
    rows, has_failed = [], False
    print("\n".join(HEAD), flush=True)
    for name in names or sorted(CASES):
        row, is_right = measure(name)
        print(row, flush=True)
        rows.append(row)
        has_failed |= not is_right
    if not names:
        exact = _shown(np.full(4, IF_TRUNCATED))
        first = f"| *exact* | {exact} | {_shown(np.array(IF_TERMINATED))} | {exact} | |"
        write_table([*HEAD, first, *rows])
    return int(has_failed)


def measure(name: str) -> tuple[str, bool]:
    """Train one case three times; return its line and whether every value is right."""
    case = CASES[name]
    truncated = learn(name)
    terminated = learn(name, terminate=True)
    interrupted = learn(name, gaps=0.2)
    cells = [name, _shown(truncated), _shown(terminated), _shown(interrupted)]
    line = f"| {' | '.join(cells)} | {case.steps} |"
    wrong = [
        error
        for error, tolerance in (
            (np.abs(truncated - IF_TRUNCATED).max(), case.tolerance),
            (np.abs(interrupted - IF_TRUNCATED).max(), 2 * case.tolerance),
            (np.abs(terminated - IF_TERMINATED).max(), 0.15),
        )
        if not error <= tolerance
    ]
    return line + (" WRONG" if wrong else ""), not wrong


def write_table(lines: list[str]) -> None:
    """Replace the table between the two marks of the page."""
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    table = "\n".join(lines) + "\n"
    PAGE.write_text(f"{before}{BEGIN}{table}{END}{after}", encoding="utf-8")


def _shown(values: np.ndarray) -> str:
    digits = 1 if values.max() > 10 else 2
    return " ".join(f"{value:.{digits}f}" for value in values)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
