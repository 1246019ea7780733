"""The table of a run's periodic evaluations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rl_zoo.plots.curves import latest_rows
from rl_zoo.plots.report.number_text import count_text, mean_text, percent_text, rounded
from rl_zoo.plots.report.reported_run import ReportedRun
from rl_zoo.plots.report.sections import Block, Folded, Notice, Section, Table
from rl_zoo.plots.statistics import Floats
from rl_zoo.runs.results import Evaluations

_MOST_ROWS = 15
_CAPTION = (
    "Return and length: mean ± standard deviation over the episodes of one evaluation. The best "
    "mean return stands out."
)


def evaluations(run: ReportedRun) -> Section | None:
    """Return the evaluations row by row; None if there are none."""
    if run.evaluations is None or run.evaluations.results.size == 0:
        return None
    rows = latest_rows(run.evaluations.timesteps)
    best = best_place(run.evaluations, rows)
    headers, lines = _table(run, run.evaluations, rows)
    blocks: list[Block] = []
    n_bad = int(np.sum(~np.isfinite(run.evaluations.results[rows])))
    if n_bad:
        blocks.append(Notice(f"{n_bad} returns are not finite numbers and were left out of means."))
    whole = Table(headers, lines, _CAPTION, 0, marked=_marks(best, len(headers)))
    if len(lines) <= _MOST_ROWS:
        blocks.append(whole)
    else:
        chosen = sorted({0, len(lines) - 1, *(() if best is None else (best,))})
        place = None if best is None else chosen.index(best)
        short = tuple(lines[number] for number in chosen)
        caption = f"First, best and last of {len(lines)} evaluations. {_CAPTION}"
        blocks.append(Table(headers, short, caption, 0, marked=_marks(place, len(headers))))
        blocks.append(Folded(f"All {len(lines)} evaluations", (whole,)))
    return Section("evaluations", "Evaluations", tuple(blocks))


def best_place(evaluations: Evaluations, rows: NDArray[np.intp]) -> int | None:
    """Return the place in ``rows`` of the best mean return; None if no return is finite."""
    finite = [finite_returns(evaluations, row) for row in rows]
    means = np.array([values.mean() if len(values) else np.nan for values in finite])
    return int(np.nanargmax(means)) if np.isfinite(means).any() else None


def finite_returns(evaluations: Evaluations, row: int) -> Floats:
    """Return the returns of one evaluation, (n_episodes,), without those that are not finite."""
    values: Floats = evaluations.results[row]
    return values[np.isfinite(values)]


def _table(
    run: ReportedRun, evaluations: Evaluations, rows: NDArray[np.intp]
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    columns: dict[str, list[str]] = {
        "step": [count_text(evaluations.timesteps[row]) for row in rows]
    }
    if run.control_frequency is not None:
        period = 1.0 / (60.0 * run.control_frequency)
        minutes = (float(evaluations.timesteps[row]) * period for row in rows)
        columns["robot time (min)"] = [f"{minute:.2f}" for minute in minutes]
    results = [finite_returns(evaluations, row) for row in rows]
    columns["episodes"] = [str(evaluations.results.shape[1]) for _ in rows]
    columns["return"] = [mean_text(values) if len(values) else "not finite" for values in results]
    columns["lowest"] = [rounded(values.min()) if len(values) else "" for values in results]
    columns["highest"] = [rounded(values.max()) if len(values) else "" for values in results]
    if evaluations.ep_lengths is not None:
        lengths = evaluations.ep_lengths
        columns["length (steps)"] = [mean_text(lengths[row]) for row in rows]
    if evaluations.successes is not None:
        successes = evaluations.successes
        columns["success rate"] = [percent_text(float(successes[row].mean())) for row in rows]
    lines = tuple(zip(*columns.values(), strict=True))
    return tuple(columns), lines


def _marks(row: int | None, n_columns: int) -> frozenset[tuple[int, int]]:
    return frozenset() if row is None else frozenset((row, column) for column in range(n_columns))
