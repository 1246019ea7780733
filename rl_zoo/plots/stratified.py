"""The stratified bootstrap: seeds are resampled with replacement, environment by environment.

A resample is held as *how often each run was drawn*, not as the drawn values: means are then matrix
products, and trimmed means need one sort of the runs instead of one per resample.

Source: Agarwal et al., Deep RL at the Edge of the Statistical Precipice, NeurIPS 2021, section 4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rl_zoo.errors import UsageError

Floats = NDArray[np.float64]

_CHUNK = 100_000
"""Counts held at once; they stay in the processor's cache."""
_KEPT = 4_000_000
"""Estimates held at once: 32 MB."""


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

    def __post_init__(self) -> None:
        """Refuse what gives no interval.

        Raises:
            UsageError: If the confidence or the number of resamples is out of range.
        """
        if not 0.0 < self.confidence < 1.0:
            raise UsageError(
                f"confidence {self.confidence:g}: it must lie between 0 and 1, e.g. 0.95"
            )
        if self.resamples < 1:
            raise UsageError(f"{self.resamples} bootstrap resamples: there must be at least 1")


@dataclass(frozen=True)
class Estimate:
    """A number and its interval.

    Attributes:
        value: Of the runs themselves.
        low: Lower end of the interval; NaN if an environment has one seed only, which says nothing
            about others.
        high: Upper end, likewise.
    """

    value: float
    low: float
    high: float


def check_strata(scores: Sequence[Floats]) -> list[int]:
    """Return the number of seeds of every environment.

    Args:
        scores: One array per environment, seeds along the first axis.

    Raises:
        UsageError: If there is no environment, one without a seed, or a value that is not finite.
    """
    if not scores:
        raise UsageError("scores of no environment: nothing can be estimated")
    for position, of_env in enumerate(scores, start=1):
        if len(of_env) == 0:
            raise UsageError(f"environment {position} of {len(scores)} has no score")
        if not np.isfinite(of_env).all():
            raise UsageError(
                f"environment {position} of {len(scores)} has a score that is not a finite number"
            )
    return [len(of_env) for of_env in scores]


def run_weights(sizes: Sequence[int]) -> Floats:
    """Return what each run weighs so that environments weigh the same; 1 on average.

    Args:
        sizes: Number of seeds of every environment.

    Returns:
        (sum of ``sizes``,): exactly 1 each if all environments have the same number of seeds.
    """
    total = sum(sizes)
    return np.concatenate([np.full(size, total / (len(sizes) * size)) for size in sizes])


def bootstrap(
    sizes: Sequence[int], estimate: Callable[[Floats], Floats], settings: Bootstrap
) -> Floats:
    """Return an estimate of every resample.

    Args:
        sizes: Number of seeds of every environment.
        estimate: Takes how often each run was drawn, (n_runs, r) for r resamples, runs in the order
            of the environments; returns (m, r) numbers.
        settings: Resamples and seed.

    Returns:
        (m, resamples).
    """
    return np.concatenate([estimate(counts) for counts in _resample(sizes, settings)], axis=1)


def blocks(n_points: int, settings: Bootstrap) -> Iterator[slice]:
    """Yield slices of points whose estimates fit into memory together, resampled alike."""
    step = max(1, _KEPT // settings.resamples)
    for start in range(0, n_points, step):
        yield slice(start, min(start + step, n_points))


def percentile_interval(estimates: Floats, settings: Bootstrap) -> tuple[Floats, Floats]:
    """Return the ends of the percentile interval, between neighbouring estimates linearly.

    ``numpy.quantile`` gives the same; sorting, which NumPy vectorises, is three to ten times as
    fast here.

    Args:
        estimates: (m, resamples).
        settings: Coverage.

    Returns:
        Lower and upper ends, (m,) each.
    """
    ascending = np.sort(estimates, axis=-1)
    tail = (1.0 - settings.confidence) / 2.0
    return _quantile(ascending, tail), _quantile(ascending, 1.0 - tail)


def trimmed_means(values: Floats, weights: Floats, cut: float, counts: Floats) -> Floats:
    """Return the trimmed mean of every resample.

    With the values in ascending order and C_i the weight of the runs drawn up to the i-th, the
    weight above value i that is not cut is min(max(W - cut - C_i, 0), W - 2 cut); summing the gaps
    between neighbouring values by it gives the mean of what is left.

    Args:
        values: One value per run, (n_runs,).
        weights: Of the runs, (n_runs,).
        cut: Weight that is cut off at either end.
        counts: How often each run was drawn, (n_runs, r).

    Returns:
        (r,).
    """
    order = np.argsort(values, kind="stable")
    ascending = values[order]
    total = float(weights.sum())
    above = counts[order]
    if not (weights == 1.0).all():
        above *= weights[order, None]
    np.cumsum(above, axis=0, out=above)
    np.subtract(total - cut, above, out=above)
    np.clip(above, 0.0, total - 2.0 * cut, out=above)
    gaps = np.diff(ascending)
    means: Floats = ascending[0] + gaps @ above[:-1] / (total - 2.0 * cut)
    return means


def _quantile(ascending: Floats, share: float) -> Floats:
    """Return the quantile of every row of ascending numbers, (m,)."""
    position = share * (ascending.shape[-1] - 1)
    below = int(position)
    above = min(below + 1, ascending.shape[-1] - 1)
    low, high = ascending[:, below], ascending[:, above]
    quantile: Floats = low + (position - below) * (high - low)
    return quantile


def _resample(sizes: Sequence[int], settings: Bootstrap) -> Iterator[Floats]:
    """Yield how often each run was drawn, (sum of ``sizes``, r), until all resamples are done."""
    rng = np.random.default_rng(settings.seed)
    step = max(1, _CHUNK // sum(sizes))
    for start in range(0, settings.resamples, step):
        number = min(step, settings.resamples - start)
        yield np.concatenate([_draw(rng, size, number) for size in sizes])


def _draw(rng: np.random.Generator, size: int, number: int) -> Floats:
    """Return how often each of ``size`` seeds is drawn in ``number`` resamples, (size, number)."""
    drawn = rng.integers(size, size=(size, number), dtype=np.uint32)
    cells = drawn.astype(np.int64) * number + np.arange(number)
    counts = np.bincount(cells.reshape(-1), minlength=size * number)
    return counts.reshape(size, number).astype(np.float64)
