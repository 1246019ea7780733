"""The probability that one method does better than another.

Source: Agarwal et al., Deep RL at the Edge of the Statistical Precipice, NeurIPS 2021, section 4.3;
per environment it is the statistic of Mann and Whitney, Annals of Mathematical Statistics 18, 1947.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rl_zoo.errors import UsageError
from rl_zoo.plots.stratified import (
    Bootstrap,
    Estimate,
    Floats,
    bootstrap,
    check_strata,
    percentile_interval,
)


def probability_of_improvement(
    x: Sequence[Floats], y: Sequence[Floats], settings: Bootstrap | None = None
) -> Estimate:
    """Return how probable it is that a run of X scores higher than one of Y, ties counting half.

    Args:
        x: Scores of X, one array (n_seeds,) per environment.
        y: Scores of Y on the same environments in the same order; other numbers of seeds are fine.
        settings: Coverage, resamples and seed.

    Returns:
        Mean over environments of P(X > Y) + P(X = Y) / 2. 0.5: neither is better.

    Raises:
        UsageError: If the numbers of environments differ, there is none, one has no seed, or a
            value is not finite.
    """
    settings = settings or Bootstrap()
    if len(x) != len(y):
        raise UsageError(
            f"scores on {len(x)} and on {len(y)} environments cannot be compared: "
            "both methods need the same environments"
        )
    sizes_x, sizes_y = check_strata(x), check_strata(y)
    wins = [
        _wins(*pair) / (pair[0].size * pair[1].size * len(x)) for pair in zip(x, y, strict=True)
    ]
    value = float(sum(matrix.sum() for matrix in wins))
    if min(sizes_x + sizes_y) < 2:
        return Estimate(value, float("nan"), float("nan"))
    # Both methods are drawn independently: their environments are strata of one resampling.
    sizes = [*sizes_x, *sizes_y]
    bounds = np.cumsum(sizes)[:-1]

    def estimate(counts: Floats) -> Floats:
        drawn = np.split(counts, bounds)
        return _share_won(wins, drawn[: len(x)], drawn[len(x) :])[None]

    low, high = percentile_interval(bootstrap(sizes, estimate, settings), settings)
    return Estimate(value, float(low[0]), float(high[0]))


def _wins(x: Floats, y: Floats) -> Floats:
    """Return 1 where the run of X scores higher, 0.5 for a tie, else 0, (n_x, n_y)."""
    difference = np.subtract.outer(x, y)
    return np.heaviside(difference, 0.5)


def _share_won(
    wins: Sequence[Floats], counts_x: Sequence[Floats], counts_y: Sequence[Floats]
) -> Floats:
    """Return the sum over environments of how much X wins in every resample, (r,)."""
    total = np.zeros(counts_x[0].shape[1])
    for matrix, drawn_x, drawn_y in zip(wins, counts_x, counts_y, strict=True):
        total += np.einsum("ir,ir->r", drawn_x, matrix @ drawn_y)
    return total
