"""One vector of everything observed: Gymnasium's ``FlattenObservation``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from rl_zoo.deploy.layer import Array, Observation, Reading
from rl_zoo.deploy.layers.base import ObservationLayer


@dataclass(frozen=True)
class FlatPart:
    """One array of the observation."""

    dtype: str
    """NumPy's name of the type of the flattened part."""
    key: str | None = None
    """Entry of a Dict observation; None: the observation is one array."""
    n: tuple[int, ...] = ()
    """Number of choices of each entry, which becomes as many zeros and a one; empty: numbers."""
    start: tuple[int, ...] = ()
    """Smallest choice of each entry."""

    def flattened(self, values: Any) -> Array:
        """Return the entries of this part in one dimension."""
        if not self.n:
            numbers: Array = np.asarray(values, dtype=self.dtype).flatten()
            return numbers
        first = np.cumsum((0, *self.n[:-1]))
        one_hot = np.zeros(sum(self.n), dtype=self.dtype)
        one_hot[first + np.asarray(values).flatten() - self.start] = 1
        return one_hot


class FlattenLayer(ObservationLayer):
    """Join all parts of the observation in one vector.

    Args:
        parts: In order. One without key: the observation is one array.
    """

    kind = "flatten"

    def __init__(self, parts: tuple[FlatPart, ...]) -> None:
        self._parts = parts

    def start(self, observation: Observation, reading: Reading) -> Observation:
        """Return the vector."""
        return self.observe(observation)

    def observe(self, observation: Observation) -> Observation:
        """Return the vector."""
        entries: Any = observation
        if self._parts[0].key is None:
            return self._parts[0].flattened(entries)
        return np.concatenate([part.flattened(entries[part.key]) for part in self._parts])

    def to_dict(self) -> dict[str, Any]:
        """Return the parts as plain data."""
        return {"kind": self.kind, "parts": [asdict(part) for part in self._parts]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> FlattenLayer:
        """Return the layer that ``to_dict`` described."""
        parts = (
            FlatPart(part["dtype"], part["key"], tuple(part["n"]), tuple(part["start"]))
            for part in data["parts"]
        )
        return cls(tuple(parts))
