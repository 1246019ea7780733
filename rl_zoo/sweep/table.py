"""The table of a sweep: where every run stands, and what came out of it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rl_zoo.sweep.plan import SweepPlan
from rl_zoo.sweep.standing import RowState, Standing

NOTHING = "–"
_TITLES = ("algo", "env", "seed", "state", "steps", "last", "best", "time", "folder")
_LEFT = frozenset({"algo", "env", "state", "folder", "mean ± std", "n"})


def status_report(plan: SweepPlan, standings: Sequence[Standing]) -> str:
    """Return the table of runs, the line of totals and the table of results."""
    order = {row.key: k for k, row in enumerate(plan.rows())}
    envs, algos = list(plan.envs), list(plan.algos)
    ordered = sorted(
        standings,
        key=lambda s: (envs.index(s.row.env_id), algos.index(s.row.algo), order[s.row.key]),
    )
    parts = [
        f"Sweep {plan.name}, {count_text(standings)}",
        _aligned([_TITLES, *(_cells(standing) for standing in ordered)]),
    ]
    results = _results(ordered)
    if len(results) > 1:
        parts += ["Last evaluation over the finished seeds:", _aligned(results)]
    wrong = [_crash(standing) for standing in ordered if standing.state is RowState.CRASHED]
    if wrong:
        parts.append("\n".join(["What went wrong:", *wrong]))
    return "\n\n".join(parts)


def count_text(standings: Sequence[Standing]) -> str:
    """Return how many runs are in which state, and the share of all steps that is done."""
    counts = Counter(standing.state for standing in standings)
    states = [f"{counts[state]} {state.value}" for state in RowState if counts[state]]
    share = share_done(standings)
    done = "" if math.isnan(share) else f"; {math.floor(100 * share)} % of all steps"
    return f"{len(standings)} runs: {', '.join(states)}{done}"


def share_done(standings: Sequence[Standing]) -> float:
    """Return the share of all steps that is done; NaN while a budget is unknown."""
    if any(not standing.budget for standing in standings) or not standings:
        return math.nan
    budgets = [standing.budget or 0 for standing in standings]
    steps = [
        budget if standing.is_finished else min(standing.steps, budget)
        for standing, budget in zip(standings, budgets, strict=True)
    ]
    return sum(steps) / sum(budgets)


def interquartile_mean(values: NDArray[np.float64]) -> float:
    """Return the mean of the middle half: a quarter is cut at each end, rounded down.

    Args:
        values: (n,), n at least 1.
    """
    cut = len(values) // 4
    return float(np.sort(values)[cut : len(values) - cut].mean())


def duration_text(seconds: float) -> str:
    """Return a duration as ``42 s``, ``3:07 min`` or ``2:30 h``."""
    whole = max(round(seconds), 0)
    if whole < 100:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes}:{rest:02d} min" if minutes < 100 else f"{minutes // 60}:{minutes % 60:02d} h"


def number_text(value: float) -> str:
    """Return a return as a person reads it."""
    return f"{value:.2f}" if abs(value) < 1e4 else f"{value:.4g}"


def _cells(standing: Standing) -> tuple[str, ...]:
    row, means = standing.row, standing.means
    budget = NOTHING if standing.budget is None else str(standing.budget)
    return (
        row.algo,
        row.env_id,
        str(row.seed),
        standing.state.value,
        f"{standing.steps} of {budget}",
        number_text(means[-1]) if means else NOTHING,
        number_text(max(means)) if means else NOTHING,
        duration_text(standing.wall_time) if standing.record is not None else NOTHING,
        NOTHING if standing.folder is None else str(standing.folder.path),
    )


def _results(standings: Sequence[Standing]) -> list[tuple[str, ...]]:
    lines: list[tuple[str, ...]] = [("algo", "env", "mean ± std", "IQM", "n")]
    for algo, env_id in dict.fromkeys((s.row.algo, s.row.env_id) for s in standings):
        group = [s for s in standings if (s.row.algo, s.row.env_id) == (algo, env_id)]
        values = np.array([s.means[-1] for s in group if s.is_finished and s.means])
        if not len(values):
            continue
        deviation = f" ± {number_text(float(values.std(ddof=1)))}" if len(values) > 1 else ""
        mean = f"{number_text(float(values.mean()))}{deviation}"
        middle = number_text(interquartile_mean(values))
        lines.append((algo, env_id, mean, middle, f"{len(values)} of {len(group)}"))
    return lines


def _crash(standing: Standing) -> str:
    reason = "" if standing.record is None else standing.record.reason
    return f"  {standing.row.key}: {reason.partition(chr(10))[0] or 'unknown'}"


def _aligned(lines: Sequence[Sequence[str]]) -> str:
    titles = lines[0]
    widths = [max(len(line[k]) for line in lines) for k in range(len(titles))]
    text = []
    for line in lines:
        cells = [
            cell.ljust(width) if title in _LEFT else cell.rjust(width)
            for cell, width, title in zip(line, widths, titles, strict=True)
        ]
        text.append("  ".join(cells).rstrip())
    return "\n".join(text)
