"""Performance profiles: the share of runs above a score, for every score.

Source: Agarwal et al., Deep RL at the Edge of the Statistical Precipice, NeurIPS 2021, section 4.2.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rl_zoo.plots.stratified import (
    Bootstrap,
    Floats,
    blocks,
    bootstrap,
    check_strata,
    percentile_interval,
    run_weights,
)


def score_profile(
    scores: Sequence[Floats], taus: Floats, settings: Bootstrap | None = None
) -> tuple[Floats, Floats, Floats]:
    """Return the share of runs whose score is above each of ``taus``, with pointwise intervals.

    Every environment weighs the same; with equal numbers of seeds, so does every run.

    Args:
        scores: Normalised scores, one array (n_seeds,) per environment.
        taus: Scores at which the profile is computed, (k,).
        settings: Coverage, resamples and seed.

    Returns:
        Shares, lower ends, upper ends, (k,) each; the ends are NaN if an environment has one seed.

    Raises:
        UsageError: If there is no environment, one without a seed, or a value that is not finite.
    """
    settings = settings or Bootstrap()
    sizes = check_strata(scores)
    values = np.concatenate(scores)
    above = np.asarray(taus, dtype=np.float64)[:, None] < values
    shares = above * (run_weights(sizes) / len(values))
    low, high = np.full((2, len(shares)), np.nan)
    if min(sizes) > 1:
        for block in blocks(len(shares), settings):
            estimates = bootstrap(sizes, shares[block].__matmul__, settings)
            low[block], high[block] = percentile_interval(estimates, settings)
    return shares.sum(axis=1), low, high
