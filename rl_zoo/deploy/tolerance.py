"""How far an action of a bundle may be from that of the original."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rl_zoo.deploy.metadata import ArrayLayout

LARGEST_ERROR = 1e-5
"""Allowed difference of an entry, in its own units."""
_RELATIVE = 1e-6
"""Of the entry's bound: some ten roundings of float32, which matter beyond a bound of 10."""


def allowed_errors(layout: ArrayLayout) -> NDArray[np.float64]:
    """Return the allowed difference of each entry of an array, or one for all.

    It is ``LARGEST_ERROR`` unless the entry's bounds are so wide (beyond 10) that float32, in which
    policies compute, is coarser than that.
    """
    bounds = [np.abs(item) for item in (layout.low, layout.high) if item is not None]
    size = np.max(bounds, axis=0) if bounds else np.zeros(())
    return allowed_for(np.where(size < np.finfo(np.float32).max, size, 0.0))  # that is no bound


def allowed_for(size: ArrayLike) -> NDArray[np.float64]:
    """Return the allowed difference of numbers as large as ``size``, entry by entry."""
    return np.maximum(LARGEST_ERROR, _RELATIVE * np.abs(np.asarray(size, np.float64)))
