"""An exponential moving average of the action: ``ActionSmoothingWrapper``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rl_zoo.deploy.layer import Array, Observation, Reading
from rl_zoo.deploy.layers.base import ActionLayer, fitting
from rl_zoo.motion.action_filters import MovingAverage


class ActionSmoothingLayer(ActionLayer):
    """Give ``c * previous + (1 - c) * action``.

    An episode starts from the action that is held, if it is known; else the first action passes.

    Args:
        coefficient: The number c, in [0, 1).
        shape: Of the action.
        dtype: NumPy's name of the type of the inner action.
    """

    kind = "action_smoothing"

    def __init__(self, coefficient: float, shape: tuple[int, ...], dtype: str) -> None:
        self._average = MovingAverage(coefficient, np.dtype(dtype))
        self._shape = shape

    def start(self, observation: Observation, reading: Reading) -> Observation:
        """Start from the action that is held."""
        self._average.start(fitting(reading.held_action, self._shape))
        return observation

    def act(self, action: Array, reading: Reading) -> Array:
        """Return the smoothed action."""
        return self._average.step(action)

    def to_dict(self) -> dict[str, Any]:
        """Return the coefficient as plain data."""
        return {
            "kind": self.kind,
            "coefficient": self._average.coefficient,
            "shape": list(self._shape),
            "action_dtype": str(self._average.dtype),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ActionSmoothingLayer:
        """Return the layer that ``to_dict`` described."""
        return cls(float(data["coefficient"]), tuple(data["shape"]), data["action_dtype"])
