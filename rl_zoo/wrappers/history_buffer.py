"""The last few observations and actions in one vector."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray


class HistoryBuffer:
    """Keep the last ``horizon`` observations, then the last ``horizon`` actions.

    The oldest comes first in each part. Steps before the start of the episode are zeros.

    Args:
        observation_space: Box of shape ``(n_obs,)``.
        action_space: Box of shape ``(n_act,)``.
        horizon: Number of steps to keep.

    Attributes:
        space: Box of shape ``(horizon * (n_obs + n_act),)``. Its bounds are those of the parts,
        widened to
            include the zeros of the start.
    """

    def __init__(
        self, observation_space: spaces.Box, action_space: spaces.Box, horizon: int
    ) -> None:
        self._n_obs, self._n_act = observation_space.shape[0], action_space.shape[0]
        self._split = horizon * self._n_obs
        dtype = _common_dtype(observation_space, action_space)
        low, high = (
            np.concatenate([np.tile(first, horizon), np.tile(second, horizon)]).astype(dtype)
            for first, second in (
                (observation_space.low, action_space.low),
                (observation_space.high, action_space.high),
            )
        )
        low, high = np.minimum(low, 0), np.maximum(high, 0)
        self.space = spaces.Box(low, high, dtype=dtype.type)
        self._values: NDArray[Any] = np.zeros(low.shape, dtype)

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


def _common_dtype(observation_space: spaces.Box, action_space: spaces.Box) -> np.dtype[Any]:
    dtype = observation_space.dtype
    if np.issubdtype(dtype, np.floating):
        return np.dtype(dtype)
    # Integers would cut off the fraction of the actions.
    return np.result_type(dtype, action_space.dtype)
