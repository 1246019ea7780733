"""Aggregate scores of one method over all environments, with intervals.

Source: Agarwal et al., Deep RL at the Edge of the Statistical Precipice, NeurIPS 2021, section 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rl_zoo.plots.stratified import (
    Bootstrap,
    Estimate,
    Floats,
    bootstrap,
    check_strata,
    percentile_interval,
    run_weights,
    trimmed_means,
)

THRESHOLD = 1.0
"""Score above which the optimality gap counts nothing: that of the reference."""


@dataclass(frozen=True)
class Aggregates:
    """Normalised scores of one method in four numbers.

    Attributes:
        median: Median over environments of the mean over seeds.
        iqm: Interquartile mean: mean of the middle half of all runs.
        mean: Mean over environments of the mean over seeds.
        optimality_gap: How far below 1 the scores are on average; scores above 1 count as 1.
    """

    median: Estimate
    iqm: Estimate
    mean: Estimate
    optimality_gap: Estimate


def aggregate_scores(scores: Sequence[Floats], settings: Bootstrap | None = None) -> Aggregates:
    """Return the four aggregates with stratified-bootstrap intervals.

    Every environment weighs the same, also where numbers of seeds differ.

    Args:
        scores: Normalised scores, one array (n_seeds,) per environment.
        settings: Coverage, resamples and seed.

    Raises:
        UsageError: If there is no environment, one without a seed, or a value that is not finite.
    """
    settings = settings or Bootstrap()
    sizes = check_strata(scores)
    values = np.concatenate(scores)

    def estimate(counts: Floats) -> Floats:
        return _aggregate(values, sizes, counts)

    points = estimate(np.ones((len(values), 1)))[:, 0]
    if min(sizes) < 2:
        low = high = np.full(len(points), np.nan)
    else:
        low, high = percentile_interval(bootstrap(sizes, estimate, settings), settings)
    numbers = np.stack([points, low, high], axis=1).tolist()
    return Aggregates(*(Estimate(*row) for row in numbers))


def _aggregate(values: Floats, sizes: Sequence[int], counts: Floats) -> Floats:
    """Return median, IQM, mean and optimality gap of every resample, (4, r).

    Args:
        values: Scores of all runs, (n_runs,), in the order of the environments.
        sizes: Number of seeds of every environment.
        counts: How often each run was drawn, (n_runs, r).
    """
    weights = run_weights(sizes)
    ends = np.cumsum(sizes)
    env_means = np.stack(
        [
            values[end - size : end] @ counts[end - size : end] / size
            for size, end in zip(sizes, ends, strict=True)
        ]
    )
    shares = weights / len(values)
    gaps = np.maximum(THRESHOLD - values, 0.0)
    return np.stack(
        [
            np.median(env_means, axis=0),
            trimmed_means(values, weights, len(values) // 4, counts),
            env_means.mean(axis=0),
            (gaps * shares) @ counts,
        ]
    )
