"""Sample efficiency: the interquartile mean over all environments, along training.

Source: Agarwal et al., Deep RL at the Edge of the Statistical Precipice, NeurIPS 2021, section 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from rl_zoo.errors import UsageError
from rl_zoo.plots.stratified import (
    Bootstrap,
    Floats,
    blocks,
    bootstrap,
    check_strata,
    percentile_interval,
    run_weights,
    trimmed_means,
)


def sample_efficiency(
    curves: Sequence[Floats], settings: Bootstrap | None = None
) -> tuple[Floats, Floats, Floats]:
    """Return the interquartile mean of the scores at each point of training.

    Seeds are resampled with their whole curve. Every environment weighs the same.

    Args:
        curves: Normalised scores, one array (n_seeds, k) per environment, k common to all.
        settings: Coverage, resamples and seed.

    Returns:
        Interquartile means, lower ends, upper ends, (k,) each; the ends are NaN if an environment
        has one seed.

    Raises:
        UsageError: If lengths differ, there is no environment, one has no seed, or a value is not
            finite.
    """
    settings = settings or Bootstrap()
    sizes = check_strata(curves)
    lengths = sorted({curve.shape[1] for curve in curves})
    if len(lengths) > 1:
        raise UsageError(
            f"curves of {lengths[0]} and of {lengths[-1]} evaluations have no common points"
        )
    values = np.concatenate(curves)
    weights = run_weights(sizes)

    centers, low, high = np.full((3, lengths[0]), np.nan)
    for block in blocks(lengths[0], settings):
        estimate = partial(_interquartile_means, values[:, block], weights)
        centers[block] = estimate(np.ones((len(values), 1)))[:, 0]
        if min(sizes) > 1:
            estimates = bootstrap(sizes, estimate, settings)
            low[block], high[block] = percentile_interval(estimates, settings)
    return centers, low, high


def _interquartile_means(values: Floats, weights: Floats, counts: Floats) -> Floats:
    """Return the interquartile mean of every resample at every point, (k, r).

    Args:
        values: (n_runs, k).
        weights: Of the runs, (n_runs,).
        counts: How often each run was drawn, (n_runs, r).
    """
    cut = len(values) // 4
    return np.stack([trimmed_means(column, weights, cut, counts) for column in values.T])
