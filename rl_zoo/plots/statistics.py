"""Statistics over seeds: pure functions of arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Statistic = Literal["mean", "median"]

_CHUNK = 2_000_000
"""Numbers resampled at once where the statistic needs the resampled values themselves."""


@dataclass(frozen=True)
class Bootstrap:
    """How intervals are computed: the percentile bootstrap over seeds.

    Attributes:
        confidence: Coverage of the interval, between 0 and 1.
        resamples: Number of resamples.
        seed: Seed of the resampling, so that a figure drawn twice is the same figure.
    """

    confidence: float = 0.95
    resamples: int = 10_000
    seed: int = 0


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
    if n_seeds < 2:
        unknown = np.full(n_points, np.nan)
        return unknown, unknown.copy()
    rng = np.random.default_rng(settings.seed)
    chosen = rng.integers(n_seeds, size=(settings.resamples, n_seeds))
    if statistic == "mean":
        counts = np.zeros((settings.resamples, n_seeds))
        np.add.at(counts, (np.arange(settings.resamples)[:, None], chosen), 1.0)
        estimates = counts @ values / n_seeds
    else:
        step = max(1, _CHUNK // (settings.resamples * n_seeds))
        parts = [
            np.median(values[:, i : i + step][chosen], axis=1) for i in range(0, n_points, step)
        ]
        estimates = np.concatenate(parts, axis=1)
    tail = (1.0 - settings.confidence) / 2.0
    low, high = np.quantile(estimates, [tail, 1.0 - tail], axis=0)
    return low, high


@dataclass(frozen=True)
class SeedStatistics:
    """What several seeds say at each point of a common grid.

    Attributes:
        center: Mean or median over the seeds that reach the point, (k,).
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
        statistic: Mean or median.
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
        center[columns] = (
            np.mean(values, axis=0) if statistic == "mean" else np.median(values, axis=0)
        )
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
