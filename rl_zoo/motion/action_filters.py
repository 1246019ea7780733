"""Filters on the way of an action, in the type and within the bounds of the inner action."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rl_zoo.motion.action_bounds import ActionBounds
from rl_zoo.motion.filters import AnyFilter, RunningFilter

FloatArray = NDArray[np.float64]


class BoundedFilter:
    """A filter whose output is cut to bounds: Butterworth overshoots.

    Args:
        parameters: The filter.
        bounds: Of the inner action.
    """

    def __init__(self, parameters: AnyFilter, bounds: ActionBounds) -> None:
        self.running = RunningFilter(parameters)
        self.bounds = bounds

    def start(self, held: FloatArray | None) -> None:
        """Begin an episode at the action that is held now; None: at the first one given."""
        self.running.stop()
        if held is not None:
            self.running.start(held)

    def step(self, action: ArrayLike) -> NDArray[Any]:
        """Return the inner action for the next action."""
        return self.bounds.cut(self.running.step(action))


class MovingAverage:
    """Exponential average ``c * previous + (1 - c) * action``.

    Args:
        coefficient: The number c, in [0, 1).
        dtype: Type of the inner action.
    """

    def __init__(self, coefficient: float, dtype: np.dtype[Any]) -> None:
        self.coefficient, self.dtype = coefficient, dtype
        self._previous: FloatArray | None = None

    def start(self, held: FloatArray | None) -> None:
        """Begin an episode at the action that is held now; None: at the first one given."""
        self._previous = held

    def step(self, action: ArrayLike) -> NDArray[Any]:
        """Return the inner action for the next action."""
        wanted = np.asarray(action, dtype=np.float64)
        previous = wanted if self._previous is None else self._previous
        self._previous = self.coefficient * previous + (1.0 - self.coefficient) * wanted
        return self._previous.astype(self.dtype)
