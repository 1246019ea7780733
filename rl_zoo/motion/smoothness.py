"""How jerky a sequence of actions is."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]


class ContinuityMeter:
    """Continuity cost of a sequence of actions, one episode at a time.

    ``C = 100 E[((a_{t+1} - a_t) / (high - low))^2]``, the mean over steps and components: 0 for a
    constant action, 100 for one that jumps between the bounds at every step (Raffin et al., "Smooth
    Exploration for Robotic Reinforcement Learning", CoRL 2021).

    Args:
        low: Smallest action. Shape: (n,).
        high: Largest action. Shape: (n,).
    """

    def __init__(self, low: ArrayLike, high: ArrayLike) -> None:
        span = np.subtract(high, low, dtype=np.float64).ravel()
        self.scale: FloatArray = 10.0 / (span * np.sqrt(span.size))
        self.restart()

    def restart(self) -> None:
        """Begin with the next sequence."""
        self._previous: FloatArray | None = None
        self._sum = 0.0
        self._changes = 0

    def skip(self) -> None:
        """Do not compare the next action with the last one: there is a gap between them."""
        self._previous = None

    def add(self, action: ArrayLike) -> None:
        """Count one action; it is copied. Shape: (n,)."""
        scaled = np.asarray(action).ravel() * self.scale
        previous = self._previous
        if previous is not None:
            change = scaled - previous
            self._sum += float(change.dot(change))
            self._changes += 1
        self._previous = scaled

    @property
    def cost(self) -> float | None:
        """Return C; None with less than two actions."""
        return self._sum / self._changes if self._changes else None


def continuity_cost(actions: ArrayLike, low: ArrayLike, high: ArrayLike) -> float:
    """Return the continuity cost of ``actions``, shape (n_steps, n), at least two of them.

    Raises:
        ValueError: If there are fewer.
    """
    meter = ContinuityMeter(low, high)
    for action in np.asarray(actions):
        meter.add(action)
    if meter.cost is None:
        raise ValueError("the continuity cost needs at least two actions")
    return meter.cost
