"""Statistics over seeds: pure functions of arrays."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from rl_zoo.plots.stratified import (
    Bootstrap,
    Floats,
    blocks,
    bootstrap,
    percentile_interval,
    trimmed_means,
)

__all__ = [
    "Bootstrap",
    "Floats",
    "SeedStatistics",
    "Statistic",
    "bootstrap_interval",
    "central_value",
    "iqm",
    "rolling_mean",
    "standard_error",
    "summarize_seeds",
]

Statistic = Literal["mean", "median", "iqm"]


def iqm(values: Floats, axis: int | None = None) -> Floats:
    """Return the interquartile mean: the mean without the lowest and the highest quarter.

    A quarter of n values is n // 4 of them, so that the mean of fewer than four is the plain mean.

    Args:
        values: Finite numbers.
        axis: Along which; None for all values.
    """
    ascending = np.sort(values, axis=axis)
    n = ascending.shape[-1 if axis is None else axis]
    middle = np.arange(n // 4, n - n // 4)
    means: Floats = ascending.take(middle, axis=axis).mean(axis=axis)
    return means


def central_value(values: Floats, statistic: Statistic = "mean") -> Floats:
    """Return the statistic over the first axis.

    Args:
        values: One row per seed, (n_seeds, ...), finite.
        statistic: Mean, median or interquartile mean.
    """
    if statistic == "mean":
        center: Floats = np.mean(values, axis=0)
        return center
    if statistic == "median":
        center = np.median(values, axis=0)
        return center
    return iqm(values, axis=0)


def bootstrap_interval(
    values: Floats, statistic: Statistic = "mean", settings: Bootstrap | None = None
) -> tuple[Floats, Floats]:
    """Return the bootstrap interval of ``statistic`` over the first axis.

    Args:
        values: One row per seed, (n_seeds, k), finite.
        statistic: What is estimated.
        settings: Coverage, resamples and seed.

    Returns:
        Lower and upper ends, (k,) each; NaN for one seed, which says nothing about others.
    """
    settings = settings or Bootstrap()
    n_seeds, n_points = values.shape
    low, high = np.full((2, n_points), np.nan)
    if n_seeds < 2:
        return low, high

    for block in blocks(n_points, settings):
        estimate = partial(_estimate_resamples, values[:, block], statistic)
        estimates = bootstrap([n_seeds], estimate, settings)
        low[block], high[block] = percentile_interval(estimates, settings)
    return low, high


def _estimate_resamples(values: Floats, statistic: Statistic, counts: Floats) -> Floats:
    """Return the statistic of every resample, (k, r).

    Args:
        values: (n_seeds, k).
        statistic: What is estimated; a mean, trimmed more or less.
        counts: How often each seed was drawn, (n_seeds, r).
    """
    n_seeds = len(values)
    if statistic == "mean":
        means: Floats = values.T @ counts / n_seeds
        return means
    cut = n_seeds // 4 if statistic == "iqm" else (n_seeds - 1) // 2
    ones = np.ones(n_seeds)
    return np.stack([trimmed_means(column, ones, cut, counts) for column in values.T])


@dataclass(frozen=True)
class SeedStatistics:
    """What several seeds say at each point of a common grid.

    Attributes:
        center: Mean, median or interquartile mean over the seeds that reach the point, (k,).
        low: Lower end of the interval, (k,), NaN where one seed is left.
        high: Upper end, likewise.
        standard_error: Of the mean (sample standard deviation / sqrt(n)), (k,), NaN likewise.
        n: Number of seeds at the point, (k,).
    """

    center: Floats
    low: Floats
    high: Floats
    standard_error: Floats
    n: NDArray[np.int64]


def summarize_seeds(
    per_seed: Floats, statistic: Statistic = "mean", settings: Bootstrap | None = None
) -> SeedStatistics:
    """Summarise curves on a common grid, each point over the seeds that reach it.

    Args:
        per_seed: (n_seeds, k), NaN where a seed has no value.
        statistic: Mean, median or interquartile mean.
        settings: How intervals are computed.
    """
    present = np.isfinite(per_seed)
    center, low, high, error = (np.full(per_seed.shape[1], np.nan) for _ in range(4))
    patterns, where = np.unique(present, axis=1, return_inverse=True)
    for index, pattern in enumerate(patterns.T):
        columns = np.flatnonzero(where.reshape(-1) == index)
        values = per_seed[np.ix_(pattern, columns)]
        if len(values) == 0:
            continue
        center[columns] = central_value(values, statistic)
        low[columns], high[columns] = bootstrap_interval(values, statistic, settings)
        error[columns] = standard_error(values)
    return SeedStatistics(center, low, high, error, present.sum(axis=0))


def standard_error(values: Floats) -> Floats:
    """Return the standard error of the mean over the first axis; NaN for a single value."""
    if len(values) < 2:
        return np.full(values.shape[1:], np.nan)
    error: Floats = np.std(values, axis=0, ddof=1) / np.sqrt(len(values))
    return error


def rolling_mean(values: Floats, window: int) -> Floats:
    """Return the mean of every ``window`` values in a row, (n - window + 1,).

    Args:
        values: (n,).
        window: At least 1, at most n.
    """
    views = np.lib.stride_tricks.sliding_window_view(values, window)
    means: Floats = views.mean(axis=-1)
    return means
