"""The space of a history of observations and actions."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium import spaces

from rl_zoo.motion.history_buffer import HistoryShape


def history_shape(
    observation_space: spaces.Box, action_space: spaces.Box, horizon: int
) -> HistoryShape:
    """Return what the history of an environment holds.

    Args:
        observation_space: Box of shape ``(n_obs,)``.
        action_space: Box of shape ``(n_act,)``.
        horizon: Number of steps to keep.
    """
    dtype: np.dtype[Any] = np.dtype(observation_space.dtype)
    if not np.issubdtype(dtype, np.floating):
        # Integers would cut off the fraction of the actions.
        dtype = np.result_type(dtype, action_space.dtype)
    return HistoryShape(
        horizon, observation_space.shape[0], action_space.shape[0], dtype=str(dtype)
    )


def history_space(
    observation_space: spaces.Box, action_space: spaces.Box, shape: HistoryShape
) -> spaces.Box:
    """Return the Box of the vector; its bounds include the zeros of the start."""
    dtype: np.dtype[Any] = np.dtype(shape.dtype)
    low, high = (
        np.concatenate([np.tile(first, shape.horizon), np.tile(second, shape.horizon)])
        for first, second in (
            (observation_space.low, action_space.low),
            (observation_space.high, action_space.high),
        )
    )
    low, high = np.minimum(low.astype(dtype), 0), np.maximum(high.astype(dtype), 0)
    return spaces.Box(low, high, dtype=dtype.type)
