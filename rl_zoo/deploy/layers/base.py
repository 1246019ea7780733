"""Layers that change only what passes in one direction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_zoo.deploy.layer import Array, Observation, Reading

FloatArray = NDArray[np.float64]


class ObservationLayer:
    """A layer that every action passes unchanged."""

    def act(self, action: Array, reading: Reading) -> Array:
        """Return the action itself."""
        return action

    def held(self, inner: FloatArray | None) -> FloatArray | None:
        """Return the held action itself."""
        return inner


class ActionLayer:
    """A layer that every observation passes unchanged."""

    def start(self, observation: Observation, reading: Reading) -> Observation:
        """Begin an episode; the observation passes."""
        return observation

    def observe(self, observation: Observation) -> Observation:
        """Return the observation itself."""
        return observation

    def held(self, inner: FloatArray | None) -> FloatArray | None:
        """Return the held action itself: a filter's output could have been its input."""
        return inner


def with_entry(
    observation: Observation, key: str | None, change: Callable[[Array], Array]
) -> Observation:
    """Return the observation with ``change`` made to its entry ``key``, or to it as a whole."""
    if key is None:
        return change(_array(observation))
    entries: dict[str, Any] = dict(_entries(observation))
    entries[key] = change(entries[key])
    return entries


def fitting(held: FloatArray | None, shape: tuple[int, ...]) -> FloatArray | None:
    """Return a copy of a held action; None if it is unknown or of another kind."""
    if held is None or np.shape(held) != shape:
        return None
    return np.array(held, dtype=np.float64)


def _array(observation: Observation) -> Array:
    array: Array = np.asarray(observation)
    return array


def _entries(observation: Any) -> Any:
    return observation
