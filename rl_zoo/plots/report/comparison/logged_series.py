"""Numbers that the compared runs logged while training, as curves over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from rl_zoo.errors import DamagedFileError, NothingFoundError
from rl_zoo.plots.curves import Curve, SeedCurve, Series, align, latest_rows
from rl_zoo.plots.report.comparison.methods import ComparedMethod
from rl_zoo.plots.results import AlignedSeries
from rl_zoo.plots.statistics import Floats
from rl_zoo.runs.lineage import Segment, group_lineages
from rl_zoo.runs.progress import load_progress
from rl_zoo.runs.search import FoundRun

Points = tuple[Floats, Floats]
"""Environment steps and values, (n,) each."""


def load_logged(
    method: ComparedMethod, runs: Sequence[FoundRun], key: str
) -> tuple[AlignedSeries | None, list[str]]:
    """Return ``key`` of ``progress.jsonl`` over environment steps, and what was left out.

    A run and its continuation are one seed.

    Args:
        method: For the names.
        runs: Its runs.
        key: Name of the number.
    """
    notes: list[str] = []
    loaded = {run: _load(run, key, notes) for run in runs}
    seeds = []
    for lineage in group_lineages(runs):
        branches = (_join(branch, loaded) for branch in lineage.branches)
        kept = tuple(curve for curve in branches if len(curve.timesteps))
        if kept:
            seeds.append(SeedCurve(lineage, kept))
    if not seeds:
        return None, notes
    series = align(Series(method.env_name, method.algo, method.label, tuple(seeds)))
    return replace(series, name=method.name), notes


def _load(run: FoundRun, key: str, notes: list[str]) -> Points:
    try:
        steps, values = load_progress(run.folder.progress_file, key)
    except NothingFoundError:
        return np.zeros(0), np.zeros(0)
    except DamagedFileError as error:
        notes.append(str(error))
        return np.zeros(0), np.zeros(0)
    rows = latest_rows(steps)
    return steps[rows].astype(float), values[rows]


def _join(branch: Sequence[Segment], loaded: Mapping[FoundRun, Points]) -> Curve:
    """Return the course of one training through its runs."""
    steps, values = [np.zeros(0)], [np.zeros(0)]
    for segment in branch:
        shifted = loaded[segment.run][0] + segment.offset
        last = np.inf if segment.until is None else segment.until
        keep = ((shifted > segment.start) | (segment.start == 0)) & (shifted <= last)
        steps.append(shifted[keep])
        values.append(loaded[segment.run][1][keep])
    joined = np.concatenate(steps)
    return Curve(joined, np.concatenate(values), joined)
