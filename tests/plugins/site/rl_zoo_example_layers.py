"""A third party's layer of a bundle: no learning library, so that a robot can import it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rl_zoo.deploy.layers.base import ActionLayer


class DeadZoneLayer(ActionLayer):
    """Small actions become zero."""

    kind = "dead_zone"

    def __init__(self, width: float) -> None:
        self.width = width

    def act(self, action: Any, reading: Any) -> Any:
        """Return the action for the next layer inside."""
        return without_small(action, self.width)

    def held(self, inner: Any) -> None:
        """Return None, as for any ``gym.ActionWrapper`` in training: not known."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for the bundle."""
        return {"kind": self.kind, "width": self.width}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> DeadZoneLayer:
        """Return the layer that ``to_dict`` described."""
        return cls(data["width"])


def without_small(action: Any, width: float) -> Any:
    """Return zero where an entry is within ``width``: one function for training and robot."""
    return np.where(np.abs(action) < width, np.zeros_like(action), action)
