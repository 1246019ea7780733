"""The last few observations and actions in one vector."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class HistoryShape:
    """What a history holds."""

    horizon: int
    """Number of steps, the present one included."""
    n_observations: int
    """Entries of one observation."""
    n_actions: int
    """Entries of one action."""
    dtype: str = "float32"
    """NumPy's name of the type of the vector."""

    @property
    def size(self) -> int:
        """Return the length of the vector."""
        return self.horizon * (self.n_observations + self.n_actions)


class HistoryBuffer:
    """Keep the last ``horizon`` observations, then the last ``horizon`` actions.

    The oldest comes first in each part. Steps before the start of the episode are zeros.

    Args:
        shape: Sizes and type of number.
    """

    def __init__(self, shape: HistoryShape) -> None:
        self.shape = shape
        self._n_obs, self._n_act = shape.n_observations, shape.n_actions
        self._split = shape.horizon * shape.n_observations
        self._values: NDArray[Any] = np.zeros(shape.size, np.dtype(shape.dtype))

    def start(self, observation: NDArray[Any]) -> NDArray[Any]:
        """Forget everything, keep the first observation of an episode, and return the vector."""
        self._values[:] = 0
        self._values[self._split - self._n_obs : self._split] = observation
        return self._values.copy()

    def append(self, observation: NDArray[Any], action: NDArray[Any]) -> NDArray[Any]:
        """Keep an action and the observation it led to; return the vector."""
        for part, newest in (
            (self._values[: self._split], observation),
            (self._values[self._split :], action),
        ):
            part[: -len(newest)] = part[len(newest) :].copy()
            part[-len(newest) :] = newest
        return self._values.copy()
