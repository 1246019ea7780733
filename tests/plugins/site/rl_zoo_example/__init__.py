"""A third-party package in miniature: one algorithm, one wrapper and one callback."""

from __future__ import annotations

from typing import Any, SupportsFloat

import gymnasium as gym
from stable_baselines3 import SAC
from stable_baselines3.common.callbacks import BaseCallback


class PatientSAC(SAC):
    """SAC under another name; a real plug-in would change how it learns."""


class ScaleRewardWrapper(gym.RewardWrapper[Any, Any]):
    """Multiply every reward by a factor."""

    def __init__(self, env: gym.Env[Any, Any], factor: float = 1.0) -> None:
        super().__init__(env)
        self.factor = factor

    def reward(self, reward: SupportsFloat) -> SupportsFloat:
        """Return the scaled reward."""
        return float(reward) * self.factor


class StopAfterCallback(BaseCallback):
    """Stop training after a number of calls."""

    def __init__(self, calls: int) -> None:
        super().__init__()
        self.calls = calls

    def _on_step(self) -> bool:
        return self.n_calls < self.calls
