"""The list of compared runs, and what weakens the comparison."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from rl_zoo.plots.curves import latest_rows
from rl_zoo.plots.report.comparison.methods import ComparedMethod, ComparedRun, ComparedRuns
from rl_zoo.plots.report.number_text import count_text, duration_text
from rl_zoo.plots.report.sections import Block, Folded, Notice, Section, Table
from rl_zoo.plots.tables import EMPTY_CELL, format_number

_HEADERS = ("Method", "Run", "State", "Seed", "Steps", "Training time", "Last evaluation")
_MOST_SHOWN = 12
"""Longer lists are folded."""


def runs_section(compared: ComparedRuns) -> Section:
    """Return the table of all runs, after one notice for everything that weakens it."""
    blocks: list[Block] = [Notice(text) for text in _notices(compared)]
    rows = [_row(method, run) for method in compared.methods for run in method.runs]
    caption = "Last evaluation: mean over its episodes, at the step in brackets."
    table = Table(_HEADERS, tuple(rows), caption, n_text_columns=3)
    many = len(rows) > _MOST_SHOWN
    blocks.append(Folded(f"The {len(rows)} runs", (table,)) if many else table)
    return Section("runs", "Runs", tuple(blocks))


def _row(method: ComparedMethod, run: ComparedRun) -> tuple[str, ...]:
    record = run.run.record
    if record is None:
        facts = ("not recorded", EMPTY_CELL, EMPTY_CELL, EMPTY_CELL)
    else:
        steps = count_text(record.num_timesteps)
        facts = (record.state, str(record.seed), steps, duration_text(record.wall_time_s))
    return (method.name, run.name, *facts, _last_evaluation(run))


def _last_evaluation(run: ComparedRun) -> str:
    evaluations = run.run.evaluations
    if evaluations is None or evaluations.results.size == 0:
        return EMPTY_CELL
    last = int(latest_rows(evaluations.timesteps)[-1])
    value = float(np.mean(evaluations.results[last]))
    if not np.isfinite(value):
        return EMPTY_CELL
    return f"{format_number(value)} ({count_text(int(evaluations.timesteps[last]))})"


def _notices(compared: ComparedRuns) -> Iterator[str]:
    for run in compared.runs():
        yield from run.run.problems
        if run.problem:
            yield run.problem
        record = run.run.record
        if record is not None and record.state != "finished":
            reason = f": {record.reason}" if record.reason else ""
            steps = count_text(record.num_timesteps)
            yield f"{run.name}: {record.state} at step {steps}{reason}"
    for method in compared.methods:
        yield from _repeated_seeds(method.runs)
    yield from _code_differences(compared.runs())


def _repeated_seeds(runs: Sequence[ComparedRun]) -> Iterator[str]:
    """Tell of runs that are no independent seeds."""
    by_seed: dict[int, list[str]] = {}
    for run in runs:
        if run.run.record is not None and run.run.record.parent is None:
            by_seed.setdefault(run.run.record.seed, []).append(run.name)
    for seed, names in by_seed.items():
        if len(names) > 1:
            yield (
                f"{' and '.join(names)} have the same seed ({seed}) and count as {len(names)} "
                "seeds, though they may be the same training"
            )


def _code_differences(runs: Sequence[ComparedRun]) -> Iterator[str]:
    records = [run.run.record for run in runs if run.run.record is not None]
    commits = {record.git_commit for record in records if record.git_commit}
    if len(commits) > 1:
        short = ", ".join(sorted(commit[:8] for commit in commits))
        yield f"The runs were trained with different commits of the code: {short}"
    changed = sum(bool(record.git_dirty) for record in records)
    if changed:
        yield f"{changed} of {len(runs)} runs were trained with changes that are in no commit."
