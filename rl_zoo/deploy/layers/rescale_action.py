"""Another scale of the action: Gymnasium's ``RescaleAction``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rl_zoo.deploy.layer import Array, Reading
from rl_zoo.deploy.layers.base import ActionLayer, FloatArray


class RescaleActionLayer(ActionLayer):
    """Give ``(action - intercept) / gradient``.

    Args:
        gradient: Outer unit per inner unit, in the type of the action.
        intercept: Outer action that means an inner action of zero.
    """

    kind = "rescale_action"

    def __init__(self, gradient: Array, intercept: Array) -> None:
        self._gradient, self._intercept = gradient, intercept

    def act(self, action: Array, reading: Reading) -> Array:
        """Return the action in units of the inner one."""
        return self.rescaled(action)

    def rescaled(self, action: Array) -> Array:
        """Return the action in units of the inner one."""
        inner: Array = (action - self._intercept) / self._gradient
        return inner

    def held(self, inner: FloatArray | None) -> FloatArray | None:
        """Return None, as in training: a held action has the inner unit."""
        return None

    def to_dict(self) -> dict[str, Any]:
        """Return gradient and intercept as plain data."""
        return {
            "kind": self.kind,
            "gradient": self._gradient.tolist(),
            "intercept": self._intercept.tolist(),
            "action_dtype": str(self._gradient.dtype),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RescaleActionLayer:
        """Return the layer that ``to_dict`` described."""
        dtype = np.dtype(data["action_dtype"])
        return cls(np.array(data["gradient"], dtype), np.array(data["intercept"], dtype))
