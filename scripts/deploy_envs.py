"""A tiny environment with any space (``--gym-packages scripts.deploy_envs``, id ``Spaces-v0``)."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

_LENGTH = 20
"""Steps of an episode."""

ACTIONS: dict[str, spaces.Space[Any]] = {
    "box": spaces.Box(np.array([-2.0, 0.0]), np.array([1.0, 0.5]), dtype=np.float64),
    "unit box": spaces.Box(-1.0, 1.0, (3,), np.float32),
    "discrete": spaces.Discrete(5),
    "multi-discrete": spaces.MultiDiscrete([3, 2, 4]),
    "multi-binary": spaces.MultiBinary(4),
}
_VECTOR = spaces.Box(-np.inf, np.inf, (6,), np.float32)
_IMAGE = spaces.Box(0, 255, (36, 36, 3), np.uint8)
OBSERVATIONS: dict[str, spaces.Space[Any]] = {
    "vector": _VECTOR,
    "matrix": spaces.Box(-10.0, 10.0, (3, 4), np.float64),
    "image": _IMAGE,
    "discrete": spaces.Discrete(7),
    "multi-discrete": spaces.MultiDiscrete([3, 2, 4]),
    "multi-binary": spaces.MultiBinary(4),
    "dict": spaces.Dict(
        joints=_VECTOR, contacts=spaces.MultiBinary(4), phase=spaces.Box(-1.0, 1.0, (2,))
    ),
    "dict with image": spaces.Dict(camera=_IMAGE, joints=_VECTOR),
}


class SpacesEnv(gym.Env[Any, Any]):
    """Random observations of unequal scales; the reward depends on the action.

    Args:
        action: Key of ``ACTIONS``.
        observation: Key of ``OBSERVATIONS``.
    """

    def __init__(self, action: str = "box", observation: str = "vector") -> None:
        self.action_space = ACTIONS[action]
        self.observation_space = OBSERVATIONS[observation]
        self._step = 0

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        """Start an episode."""
        super().reset(seed=seed)
        self._step = 0
        return self._observe(self.observation_space), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Return random observations."""
        self._step += 1
        reward = 1.0 - float(np.mean(np.square(np.asarray(action, np.float64))))
        return self._observe(self.observation_space), reward, False, self._step == _LENGTH, {}

    def _observe(self, space: spaces.Space[Any]) -> Any:
        rng = self.np_random
        if isinstance(space, spaces.Dict):
            return {key: self._observe(part) for key, part in space.spaces.items()}
        if isinstance(space, spaces.Discrete):
            return int(rng.integers(space.n))
        if isinstance(space, spaces.MultiDiscrete):
            return rng.integers(space.nvec).astype(space.dtype)
        if isinstance(space, spaces.MultiBinary):
            return rng.integers(2, size=space.shape).astype(space.dtype)
        if not isinstance(space, spaces.Box):
            raise TypeError(f"no observation of {space}")
        if space.dtype == np.uint8:
            return rng.integers(256, size=space.shape, dtype=np.uint8)
        scales = 10.0 ** np.linspace(-1.0, 0.5, int(np.prod(space.shape))).reshape(space.shape)
        values = 0.3 + scales * rng.normal(size=space.shape)
        return np.clip(values, space.low, space.high).astype(space.dtype)


gym.register("Spaces-v0", entry_point=f"{__name__}:SpacesEnv")
