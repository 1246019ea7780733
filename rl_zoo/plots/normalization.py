"""Bring returns on different environments to one scale, so that they can be averaged.

Either 0 is what random actions reach and 1 a reference policy (a table), or 0 and 1 are the worst
and the best evaluation among the runs shown (min-max). The label of the axis says which.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Literal

import numpy as np

from rl_zoo.errors import NothingFoundError, UsageError
from rl_zoo.plots.curves import common_grid
from rl_zoo.plots.reference_scores import ReferenceScore
from rl_zoo.plots.results import X_UNITS, AlignedSeries, Method, Results
from rl_zoo.plots.scores import Scale, Scores
from rl_zoo.plots.statistics import Floats
from rl_zoo.runs.folder import file_name_of

Normalization = Mapping[str, ReferenceScore] | Literal["min-max"]
"""A table of reference scores, or the range of the runs shown."""

_ADVICE = "add it with --reference FILE.yml, or use --normalize min-max"


def normalize(results: Results, how: Normalization) -> Scores:
    """Return normalised scores of all methods that have runs on every environment.

    Args:
        results: Evaluations of all methods.
        how: Table of reference scores (environment id -> score), or "min-max".

    Raises:
        UsageError: If an environment has no reference score, or min-max has no range.
        NothingFoundError: If no method has runs on every environment.
    """
    env_names = results.env_names()
    if how == "min-max":
        scales = [_range_of(env, results.of_env(env)) for env in env_names]
        zero, one = "worst evaluation shown", "best"
    else:
        # Folders spell ns/Name-v0 as ns-Name-v0.
        table = {file_name_of(env): entry for env, entry in how.items()}
        _check_table(env_names, table)
        scales = [_scale_of(table[env]) for env in env_names]
        zero, one = "random", "reference"
    found = {(item.env_name, item.method): item for item in results.series}
    complete, notes = _complete_methods(results)
    last: dict[Method, tuple[Floats, ...]] = {}
    for method in complete:
        series = [found[env, method] for env in env_names]
        last[method] = tuple(
            scale.apply(item.last_values[np.isfinite(item.last_values)])
            for scale, item in zip(scales, series, strict=True)
        )
    x, curves, curve_notes = _common_curves(results, complete, scales)
    return Scores(
        tuple(env_names),
        last,
        curves,
        x,
        f"Score (0 = {zero}, 1 = {one})",
        tuple(notes),
        tuple(curve_notes),
        tuple(scales),
        zero,
        one,
    )


def _check_table(env_names: Sequence[str], table: Mapping[str, ReferenceScore]) -> None:
    problems = []
    usable = [env for env, entry in table.items() if entry.reference is not None]
    for env in env_names:
        if env not in table:
            near = get_close_matches(env, usable, n=1, cutoff=0.8)
            hint = f" (there is one of {near[0]}, another environment)" if near else ""
            problems.append(f"{env}: no reference score{hint}; {_ADVICE}")
        elif table[env].reference is None:
            problems.append(
                f"{env}: the table holds the score of random actions only, no reference; {_ADVICE}"
            )
    if problems:
        raise UsageError("\n".join(problems))


def _scale_of(entry: ReferenceScore) -> Scale:
    if entry.reference is None:
        raise UsageError("a reference score is missing")
    return Scale(entry.random, entry.reference)


def _range_of(env: str, series: Sequence[AlignedSeries]) -> Scale:
    """Return worst and best of all evaluations on one environment."""
    values = np.concatenate(
        [part.ravel() for item in series for part in (item.per_seed, item.last_values)]
    )
    values = values[np.isfinite(values)]
    if len(values) == 0 or values.min() == values.max():
        shown = f"are all {values[0]:g}" if len(values) else "hold no number"
        raise UsageError(
            f"{env}: its evaluations {shown}, so min-max has no range; leave it out, or "
            "use --normalize table"
        )
    return Scale(float(values.min()), float(values.max()))


def _complete_methods(results: Results) -> tuple[list[Method], list[str]]:
    """Return the methods with runs on every environment, and what is said of the others."""
    env_names = results.env_names()
    complete, notes = [], []
    for method in results.methods():
        mine = [item for item in results.series if item.method == method]
        has = {item.env_name for item in mine if np.isfinite(item.last_values).any()}
        missing = [env for env in env_names if env not in has]
        title = results.title(method)
        if missing:
            notes.append(f"{title}: left out of the scores, it has no runs on {', '.join(missing)}")
            continue
        complete.append(method)
        damaged = sum(int(np.sum(~np.isfinite(item.last_values))) for item in mine)
        if damaged:
            notes.append(f"{title}: {damaged} last evaluations are not numbers and do not count")
    if not complete:
        raise NothingFoundError(
            f"no method has runs on all of {', '.join(env_names)}, so none can be scored over "
            "them; name fewer environments (-e, --keep-envs)"
        )
    return complete, notes


def _common_curves(
    results: Results, methods: Sequence[Method], scales: Sequence[Scale]
) -> tuple[Floats, dict[Method, tuple[Floats, ...]], list[str]]:
    """Return common grid, normalised curves on it, and what was cut.

    A method's curves reach as far as all of its runs do: an average over fewer environments further
    on would jump where one ends.
    """
    env_names = results.env_names()
    found = {(item.env_name, item.method): item for item in results.series}
    all_series = [found[env, method] for method in methods for env in env_names]
    x = common_grid([item.x for item in all_series])
    margin = float(np.median(np.diff(x))) / 2 if len(x) > 1 else 0.0
    curves: dict[Method, tuple[Floats, ...]] = {}
    notes = []
    for method in methods:
        series = [found[env, method] for env in env_names]
        rows = [_on_grid(item, x, margin) for item in series]
        present = np.all([np.isfinite(row).all(axis=0) for row in rows], axis=0)
        title = results.title(method)
        if not present.any() or any(len(row) == 0 for row in rows):
            notes.append(f"{title}: no curve of scores, its runs share no point of the x axis")
            continue
        pairs = zip(scales, rows, strict=True)
        curves[method] = tuple(np.where(present, scale.apply(row), np.nan) for scale, row in pairs)
        place = _cut_note(series, x, present, X_UNITS[results.x_axis])
        notes.extend([f"{title}: {place}"] if place else [])
    return (x if curves else np.zeros(0)), curves, notes


def _on_grid(item: AlignedSeries, x: Floats, margin: float) -> Floats:
    """Return the evaluations of every seed at ``x``, NaN beyond them, (n_seeds, k)."""
    rows = np.full((len(item.per_seed), len(x)), np.nan)
    for row, values in zip(rows, item.per_seed, strict=True):
        known = np.isfinite(values)
        if not known.any():
            continue
        own_x = item.x[known]
        covered = (x >= own_x[0] - margin) & (x <= own_x[-1] + margin)
        row[covered] = np.interp(x[covered], own_x, values[known])
    kept: Floats = rows[np.isfinite(rows).any(axis=1)]
    return kept


def _cut_note(series: Sequence[AlignedSeries], x: Floats, present: np.ndarray, unit: str) -> str:
    """Say where a method's curves end if most of its runs go on; else ""."""
    last = float(x[present][-1])
    longest = max(float(item.x[-1]) for item in series)
    if last >= 0.95 * longest:
        return ""
    ends = {item.env_name: _common_end(item) for item in series}
    shortest = min(ends, key=lambda env: ends[env])
    return (
        f"the curve of scores ends at {_number(last)} {unit}, where its shortest run on "
        f"{shortest} does; the longest goes to {_number(longest)} {unit}"
    )


def _common_end(item: AlignedSeries) -> float:
    """Return the x at which the shortest seed ends."""
    known = np.isfinite(item.per_seed).all(axis=0)
    return float(item.x[known][-1]) if known.any() else float(item.x[0])


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
