"""A robot (48 observations, 12 actions) that notes when actions arrive: for bench_rt.py.

It does not keep time itself; whoever steps it has to.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

N_OBSERVATIONS, N_ACTIONS = 48, 12
FILE = "TICKS_FILE"
"""Variable that names the file of times, written once there are ``COUNT`` of them."""
COUNT = "TICKS_COUNT"

Array = NDArray[np.float32]


class TicksEnv(gym.Env[Array, Array]):
    """Joints that follow the actions with a lag; noise around them."""

    observation_space = gym.spaces.Box(-np.inf, np.inf, (N_OBSERVATIONS,), np.float32)
    action_space = gym.spaces.Box(-1.0, 1.0, (N_ACTIONS,), np.float32)

    def __init__(self) -> None:
        self._times = np.zeros(int(os.environ[COUNT]))
        self._n_steps = 0
        self._joints = np.zeros(N_ACTIONS, np.float32)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """Return to the middle."""
        super().reset(seed=seed)
        self._joints[:] = 0.0
        return self._observe(), {}

    def step(self, action: Array) -> tuple[Array, float, bool, bool, dict[str, Any]]:
        """Note the time and move the joints."""
        self._note(time.monotonic())
        self._joints += 0.2 * (action - self._joints)
        return self._observe(), -float(np.square(self._joints - 0.3).sum()), False, False, {}

    def _note(self, now: float) -> None:
        if self._n_steps < len(self._times):
            self._times[self._n_steps] = now
            self._n_steps += 1
            if self._n_steps == len(self._times):
                partial = Path(os.environ[FILE] + ".partial")
                with partial.open("wb") as file:
                    np.save(file, self._times)
                partial.replace(os.environ[FILE])

    def _observe(self) -> Array:
        noise = self.np_random.normal(0.0, 0.05, N_OBSERVATIONS).astype(np.float32)
        noise[:N_ACTIONS] += self._joints
        return noise


gym.register("Ticks-v0", entry_point="scripts.ticks_env:TicksEnv", max_episode_steps=500)
