"""A third party's wrapper of actions, and how a bundle carries it."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
from rl_zoo_example_layers import DeadZoneLayer, without_small


class DeadZoneWrapper(gym.ActionWrapper[Any, Any, Any]):
    """Small actions become zero."""

    def __init__(self, env: gym.Env[Any, Any], width: float = 0.1) -> None:
        super().__init__(env)
        self.width = width

    def action(self, action: Any) -> Any:
        """Return the action for the environment."""
        return without_small(action, self.width)


def describe(wrapper: DeadZoneWrapper) -> dict[str, Any]:
    """Return the layer that does what the wrapper does."""
    return DeadZoneLayer(wrapper.width).to_dict()
