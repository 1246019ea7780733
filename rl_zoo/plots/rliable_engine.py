"""The same estimators by rliable, the library of the paper: slower, and what ours are tested by.

Functions have the names and arguments of ``aggregates``, ``profiles``, ``improvement`` and
``efficiency``. rliable needs the same number of seeds on every environment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from rl_zoo.errors import MissingDependencyError, UsageError
from rl_zoo.plots.aggregates import THRESHOLD, Aggregates
from rl_zoo.plots.stratified import Bootstrap, Estimate, Floats, check_strata

_INSTALL = "pip install 'rliable>=1.2' 'pandas>=2.2,<3'"


def aggregate_scores(scores: Sequence[Floats], settings: Bootstrap | None = None) -> Aggregates:
    """Return the four aggregates; see ``aggregates.aggregate_scores``.

    Raises:
        MissingDependencyError: If rliable is not installed or cannot be imported.
        UsageError: If numbers of seeds differ, or as ``aggregates.aggregate_scores``.
    """
    _, metrics = _import_rliable()

    def estimate(matrix: Floats) -> Floats:
        return np.array(
            [
                metrics.aggregate_median(matrix),
                metrics.aggregate_iqm(matrix),
                metrics.aggregate_mean(matrix),
                metrics.aggregate_optimality_gap(matrix, gamma=THRESHOLD),
            ]
        )

    values, low, high = _estimate(_matrix(scores), estimate, settings or Bootstrap())
    numbers = np.stack([values, low, high], axis=1).tolist()
    return Aggregates(*(Estimate(*row) for row in numbers))


def score_profile(
    scores: Sequence[Floats], taus: Floats, settings: Bootstrap | None = None
) -> tuple[Floats, Floats, Floats]:
    """Return the share of runs above each of ``taus``; see ``profiles.score_profile``.

    Raises:
        MissingDependencyError: If rliable is not installed or cannot be imported.
        UsageError: If numbers of seeds differ, or as ``profiles.score_profile``.
    """
    library, _ = _import_rliable()

    def estimate(matrix: Floats) -> Floats:
        shares: Floats = library.score_distributions(matrix, taus)
        return shares

    return _estimate(_matrix(scores), estimate, settings or Bootstrap())


def probability_of_improvement(
    x: Sequence[Floats], y: Sequence[Floats], settings: Bootstrap | None = None
) -> Estimate:
    """Return P(X > Y) + P(X = Y) / 2; see ``improvement.probability_of_improvement``.

    Raises:
        MissingDependencyError: If rliable is not installed or cannot be imported.
        UsageError: If numbers of environments or of seeds differ, or as
            ``improvement.probability_of_improvement``.
    """
    _, metrics = _import_rliable()
    if len(x) != len(y):
        raise UsageError(
            f"scores on {len(x)} and on {len(y)} environments cannot be compared: "
            "both methods need the same environments"
        )

    def estimate(matrix_x: Floats, matrix_y: Floats) -> Floats:
        return np.array([metrics.probability_of_improvement(matrix_x, matrix_y)])

    pair = [_matrix(x), _matrix(y)]
    value, low, high = _estimate(pair, estimate, settings or Bootstrap())
    return Estimate(float(value[0]), float(low[0]), float(high[0]))


def sample_efficiency(
    curves: Sequence[Floats], settings: Bootstrap | None = None
) -> tuple[Floats, Floats, Floats]:
    """Return the interquartile mean along training; see ``efficiency.sample_efficiency``.

    rliable draws the seeds of every evaluation anew; pointwise intervals are not changed by that.

    Raises:
        MissingDependencyError: If rliable is not installed or cannot be imported.
        UsageError: If numbers of seeds or lengths differ, or as ``efficiency.sample_efficiency``.
    """
    _, metrics = _import_rliable()

    def estimate(matrix: Floats) -> Floats:
        points = range(matrix.shape[-1])
        return np.array([metrics.aggregate_iqm(matrix[..., point]) for point in points])

    return _estimate(_matrix(curves), estimate, settings or Bootstrap())


def _estimate(
    scores: Floats | list[Floats], estimate: Callable[..., Floats], settings: Bootstrap
) -> tuple[Floats, Floats, Floats]:
    """Return the estimates of one matrix (or of a pair) and the ends of their intervals."""
    library, _ = _import_rliable()
    with _seeded(settings.seed):
        values, intervals = library.get_interval_estimates(
            {"": scores},
            estimate,
            reps=settings.resamples,
            confidence_interval_size=settings.confidence,
        )
    low, high = intervals[""]
    matrices = scores if isinstance(scores, list) else [scores]
    if min(len(matrix) for matrix in matrices) < 2:
        # A single seed resampled is itself: an interval of width zero would say it is certain.
        low = high = np.full_like(low, np.nan)
    return values[""], low, high


def _matrix(scores: Sequence[Floats]) -> Floats:
    """Return scores as rliable wants them, (n_seeds, n_environments, ...).

    Raises:
        UsageError: If numbers of seeds or lengths of curves differ.
    """
    sizes = check_strata(scores)
    if len(set(sizes)) > 1:
        raise UsageError(
            f"--engine rliable: it needs the same number of seeds on every environment, here are "
            f"{min(sizes)} to {max(sizes)}; --engine numpy does without"
        )
    if len({values.shape for values in scores}) > 1:
        raise UsageError("curves of different lengths have no common points")
    return np.stack(scores, axis=1)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """Seed NumPy's global generator, which rliable draws from, and leave it as it was."""
    state = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(state)


def _import_rliable() -> tuple[Any, Any]:
    """Return rliable's modules ``library`` and ``metrics``.

    Raises:
        MissingDependencyError: If rliable is not installed, or does not work with the pandas here.
    """
    try:
        from rliable import library, metrics
    except ModuleNotFoundError as error:
        raise MissingDependencyError(
            f"--engine rliable: the package '{error.name}' is not installed: {_INSTALL}"
        ) from error
    except Exception as error:
        # pandas 3 breaks arch below 8, which rliable imports, with a TypeError.
        raise MissingDependencyError(
            f"--engine rliable: rliable is installed but cannot be imported "
            f"({type(error).__name__}: {error}): {_INSTALL}"
        ) from error
    return library, metrics
