"""Entries of the observation that the policy must not see: ``MaskVelocityWrapper``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rl_zoo.deploy.layer import Array, Observation, Reading
from rl_zoo.deploy.layers.base import ObservationLayer, with_entry


class MaskLayer(ObservationLayer):
    """Multiply the observation by zeros and ones.

    Args:
        mask: Factor of each entry, in the type of the observation.
    """

    kind = "mask"

    def __init__(self, mask: Array) -> None:
        self._mask = mask

    def start(self, observation: Observation, reading: Reading) -> Observation:
        """Return the masked observation."""
        return with_entry(observation, None, self._masked)

    def observe(self, observation: Observation) -> Observation:
        """Return the masked observation."""
        return with_entry(observation, None, self._masked)

    def to_dict(self) -> dict[str, Any]:
        """Return the mask as plain data."""
        return {"kind": self.kind, "mask": self._mask.tolist(), "dtype": str(self._mask.dtype)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> MaskLayer:
        """Return the layer that ``to_dict`` described."""
        return cls(np.array(data["mask"], np.dtype(data["dtype"])))

    def _masked(self, observation: Array) -> Array:
        masked: Array = observation * self._mask
        return masked
