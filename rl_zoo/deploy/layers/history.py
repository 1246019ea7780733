"""The last few observations and actions as the observation: ``HistoryWrapper``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from rl_zoo.deploy.layer import Array, Observation, Reading
from rl_zoo.deploy.layers.base import ObservationLayer, with_entry
from rl_zoo.motion.history_buffer import HistoryBuffer, HistoryShape


class HistoryLayer(ObservationLayer):
    """Observations, oldest first, then the actions that led to them; zeros before the start.

    Args:
        shape: Sizes and type of number.
        key: Entry of a Dict observation that is replaced; None: the observation is one array.
    """

    kind = "history"

    def __init__(self, shape: HistoryShape, key: str | None = None) -> None:
        self._history = HistoryBuffer(shape)
        self._key = key
        self._action: Array = np.zeros(shape.n_actions)

    def start(self, observation: Observation, reading: Reading) -> Observation:
        """Forget the episode before."""
        return with_entry(observation, self._key, self._history.start)

    def observe(self, observation: Observation) -> Observation:
        """Return the history with the newest action and observation."""
        return with_entry(observation, self._key, self._append)

    def act(self, action: Array, reading: Reading) -> Array:
        """Remember the action, which passes unchanged."""
        self._action = np.array(action)
        return action

    def to_dict(self) -> dict[str, Any]:
        """Return the sizes as plain data."""
        return {"kind": self.kind, "key": self._key, **asdict(self._history.shape)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> HistoryLayer:
        """Return the layer that ``to_dict`` described."""
        shape = HistoryShape(
            data["horizon"], data["n_observations"], data["n_actions"], data["dtype"]
        )
        return cls(shape, data["key"])

    def _append(self, observation: Array) -> Array:
        return self._history.append(observation, self._action)
