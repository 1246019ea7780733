"""What every benchmark ends with: its table is shown and kept, and what is too slow is named."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from rl_zoo.console import message, result
from scripts.page_markers import write_between

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"


def conclude(marker: str, text: str, failures: Iterable[str], *, is_kept: bool = True) -> int:
    """Show the table and write it into docs/benchmarks.md; return the exit code.

    Args:
        marker: Between which lines of the page the table belongs, see ``page_markers``.
        text: The table, with what it depends on.
        failures: What is beyond a limit, in words.
        is_kept: Whether to write it: not if only a part was measured.

    Returns:
        1 if there are failures, else 0.
    """
    result(text)
    if is_kept:
        write_between(PAGE, marker, text)
    told = list(failures)
    for failure in told:
        message(failure)
    return 1 if told else 0
