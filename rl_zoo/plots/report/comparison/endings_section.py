"""How the training episodes of the compared methods ended."""

from __future__ import annotations

from collections import Counter

from rl_zoo.plots.report.comparison.methods import ComparedRuns
from rl_zoo.plots.report.sections import Section, Table
from rl_zoo.plots.tables import EMPTY_CELL


def endings_section(compared: ComparedRuns) -> Section | None:
    """Return the share of every reason in all ended episodes; None if no run recorded them."""
    counts = []
    for method in compared.methods:
        total: Counter[str] = Counter()
        for run in method.runs:
            if run.run.record is not None:
                total.update(run.run.record.end_reasons)
        counts.append(total)
    reasons = [reason for reason, _ in sum(counts, Counter()).most_common()]
    if not reasons:
        return None
    rows = []
    for method, found in zip(compared.methods, counts, strict=True):
        ended = found.total()
        shares = (
            f"{100 * found[reason] / ended:.1f} %" if ended else EMPTY_CELL for reason in reasons
        )
        rows.append((method.env_name, method.name, str(ended) if ended else EMPTY_CELL, *shares))
    headers = ("Environment", "Method", "Episodes", *reasons)
    caption = "Training episodes of all runs of a method, and the share of each reason to end."
    return Section("endings", "How episodes ended", (Table(headers, tuple(rows), caption, 2),))
