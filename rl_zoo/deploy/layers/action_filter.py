"""A filter of the action: ``ActionFilterWrapper`` and ``LowPassFilterWrapper``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from rl_zoo.deploy.layer import Array, Observation, Reading
from rl_zoo.deploy.layers.base import ActionLayer, fitting
from rl_zoo.motion.action_bounds import ActionBounds
from rl_zoo.motion.action_filters import BoundedFilter
from rl_zoo.motion.filters import AnyFilter, ButterworthFilter, make_filter


class ActionFilterLayer(ActionLayer):
    """Give the filtered action, within the bounds of the inner action.

    An episode starts from the action that is held, if it is known; else the first action passes.

    Args:
        parameters: The filter.
        bounds: Of the inner action.
    """

    kind = "action_filter"

    def __init__(self, parameters: AnyFilter, bounds: ActionBounds) -> None:
        self._filter = BoundedFilter(parameters, bounds)

    def start(self, observation: Observation, reading: Reading) -> Observation:
        """Start from the action that is held."""
        self._filter.start(fitting(reading.held_action, self._filter.bounds.low.shape))
        return observation

    def act(self, action: Array, reading: Reading) -> Array:
        """Return the filtered action."""
        return self._filter.step(action)

    def to_dict(self) -> dict[str, Any]:
        """Return parameters and bounds as plain data; ``coefficients`` is for the reader."""
        parameters = self._filter.running.parameters
        plain: dict[str, Any] = {
            "kind": self.kind,
            "parameters": {"filter": parameters.name, **asdict(parameters)},
            **self._filter.bounds.to_dict(),
        }
        if isinstance(parameters, ButterworthFilter):
            b0, b1, a1, a2 = parameters.coefficients
            plain["coefficients"] = {"b": [b0, b1, b0], "a": [1.0, a1, a2]}
        return plain

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> ActionFilterLayer:
        """Return the layer that ``to_dict`` described.

        Raises:
            ConfigError: If a parameter does not fit.
        """
        parameters = dict(data["parameters"])
        name, dt = parameters.pop("filter"), parameters.pop("dt")
        return cls(make_filter(name, dt, parameters), ActionBounds.from_dict(data))
