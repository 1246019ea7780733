"""One method on one environment, as the zoo's ``all_plots`` stores it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rl_zoo.errors import DamagedFileError
from rl_zoo.plots.curves import latest_rows
from rl_zoo.plots.results import AlignedSeries
from rl_zoo.plots.statistics import Floats, SeedStatistics, standard_error, summarize_seeds


def parse_zoo_entry(
    entry: Mapping[str, Any], names: tuple[str, str], place: str, notes: list[str]
) -> AlignedSeries:
    """Return the series of an entry of the zoo's pickle.

    Args:
        entry: ``timesteps`` and ``mean`` (k,), ``std_error`` (k,), ``last_evals`` (n_seeds,), and,
            from newer zoos, ``mean_per_eval`` (k, n_seeds).
        names: Environment and ``ALGO-label``.
        place: File, environment and key, for messages.
        notes: Gets a sentence for what the entry does not tell.

    Raises:
        DamagedFileError: If an array is missing, not numeric or does not fit the others.
    """
    steps = _array(entry, "timesteps", place, 1)
    mean = _array(entry, "mean", place, 1)
    if len(steps) == 0 or len(steps) != len(mean) or not np.all(np.isfinite(steps)):
        raise DamagedFileError(f"{place}: {len(steps)} timesteps, but {len(mean)} means")
    rows = latest_rows(steps.astype(np.int64))
    x = steps[rows]
    last = _last_values(entry, place)
    algo, _, label = names[1].partition("-")
    if "mean_per_eval" in entry:
        per_seed = _per_seed(entry, place, len(steps))[:, rows]
        last = last if len(last) == len(per_seed) else per_seed[:, -1]
        summary = summarize_seeds(per_seed)
        ends = tuple(int(x[np.isfinite(seed)][-1]) for seed in per_seed)
    else:
        notes.append(f"{place}: holds no single seeds, so no interval is drawn")
        per_seed, ends = np.zeros((0, len(x))), ()
        summary = _stated_summary(entry, (mean[rows], rows), len(last), place)
    finite = np.isfinite(last)
    if not finite.any():
        raise DamagedFileError(f"{place}.last_evals: holds no number")
    if not finite.all():
        notes.append(f"{place}: left out: {np.sum(~finite)} seeds that end without a number")
        per_seed = per_seed[finite] if len(per_seed) else per_seed
        summary = summarize_seeds(per_seed) if len(per_seed) else summary
        ends = tuple(end for end, kept in zip(ends, finite, strict=False) if kept)
    return AlignedSeries(names[0], algo.lower(), label, x, per_seed, summary, last[finite], ends)


def _stated_summary(
    entry: Mapping[str, Any], mean_and_rows: tuple[Floats, Any], n_seeds: int, place: str
) -> SeedStatistics:
    """Return mean and standard error as stated; the zoo divides by n where n - 1 is right."""
    mean, rows = mean_and_rows
    error = _array(entry, "std_error", place, 1)
    if error.shape[0] <= int(rows[-1]):
        raise DamagedFileError(f"{place}.std_error: {len(error)} numbers are too few")
    scale = np.sqrt(n_seeds / (n_seeds - 1)) if n_seeds > 1 else np.nan
    if n_seeds > 1 and not _divides_by_n(entry, place):
        scale = 1.0
    unknown = np.full(len(mean), np.nan)
    counts = np.full(len(mean), n_seeds, dtype=np.int64)
    return SeedStatistics(mean, unknown, unknown.copy(), error[rows] * scale, counts)


def _divides_by_n(entry: Mapping[str, Any], place: str) -> bool:
    """Say whether the standard errors are the zoo's; those of older files of ours use n - 1."""
    last = _last_values(entry, place)
    stated = _array(entry, "std_error_last_eval", place, 0)
    return not bool(np.isclose(stated, float(standard_error(last))))


def _last_values(entry: Mapping[str, Any], place: str) -> Floats:
    """Return the last evaluation of each seed; the zoo stores a bare number for one seed."""
    values = np.atleast_1d(_array(entry, "last_evals", place, None))
    if values.ndim != 1 or len(values) == 0:
        raise DamagedFileError(f"{place}.last_evals: expected one number per seed")
    return values


def _per_seed(entry: Mapping[str, Any], place: str, n_points: int) -> Floats:
    values = _array(entry, "mean_per_eval", place, 2)
    if values.shape[0] != n_points or values.shape[1] == 0:
        raise DamagedFileError(
            f"{place}.mean_per_eval: shape {values.shape}, expected {n_points} rows"
        )
    per_seed: Floats = values.T
    if not np.isfinite(per_seed).any(axis=1).all():
        raise DamagedFileError(f"{place}.mean_per_eval: a seed without any number")
    return per_seed


def _array(entry: Mapping[str, Any], name: str, place: str, n_dims: int | None) -> Floats:
    if name not in entry:
        raise DamagedFileError(f"{place}.{name}: missing")
    try:
        values = np.asarray(entry[name], dtype=float)
    except (TypeError, ValueError) as error:
        raise DamagedFileError(f"{place}.{name}: expected numbers") from error
    if n_dims is not None and values.ndim != n_dims:
        raise DamagedFileError(f"{place}.{name}: expected {n_dims} axes, found {values.ndim}")
    return values
