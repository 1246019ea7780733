"""The remaining time as the last entry of the observation: sb3_contrib's ``TimeFeatureWrapper``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rl_zoo.deploy.layer import Array, Observation, Reading
from rl_zoo.deploy.layers.base import ObservationLayer, with_entry


class TimeFeatureLayer(ObservationLayer):
    """Append ``1 - step / max_steps``; it falls below zero where an episode goes on.

    Args:
        max_steps: Steps of an episode in training.
        dtype: NumPy's name of the type of the observation.
        key: Entry of a Dict observation that is extended; None: the observation is one array.
        is_constant: Always append 1.
    """

    kind = "time_feature"

    def __init__(
        self, max_steps: int, dtype: str, key: str | None = None, is_constant: bool = False
    ) -> None:
        self._max_steps, self._dtype = max_steps, np.dtype(dtype)
        self._key, self._is_constant = key, is_constant
        self._step = 0

    def start(self, observation: Observation, reading: Reading) -> Observation:
        """Return the observation with the full time."""
        self._step = 0
        return with_entry(observation, self._key, self._extended)

    def observe(self, observation: Observation) -> Observation:
        """Return the observation with the time that remains."""
        self._step += 1
        return with_entry(observation, self._key, self._extended)

    def to_dict(self) -> dict[str, Any]:
        """Return the parameters as plain data."""
        return {
            "kind": self.kind,
            "max_steps": self._max_steps,
            "dtype": str(self._dtype),
            "key": self._key,
            "is_constant": self._is_constant,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> TimeFeatureLayer:
        """Return the layer that ``to_dict`` described."""
        return cls(
            int(data["max_steps"]), data["dtype"], data["key"], is_constant=data["is_constant"]
        )

    def _extended(self, observation: Array) -> Array:
        remaining = 1.0 if self._is_constant else 1 - self._step / self._max_steps
        return np.append(observation, np.array(remaining, self._dtype))
