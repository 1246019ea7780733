"""Rewards that come late."""

from __future__ import annotations

from typing import Any, SupportsFloat

import gymnasium as gym
from gymnasium.utils import RecordConstructorArgs

from rl_zoo.wrappers.argument_checks import check_count


class DelayedRewardWrapper(gym.Wrapper[Any, Any, Any, Any], RecordConstructorArgs):
    """Give the sum of the rewards every ``delay`` steps and at the end of the episode, else zero.

    An episode that a layer further out ends (``TimeLimit`` placed after this wrapper) keeps back
    the rewards since the last sum: name this wrapper last.

    Args:
        env: Any environment.
        delay: Steps between two rewards.

    Raises:
        ConfigError: If ``delay`` is less than 1.
    """

    def __init__(self, env: gym.Env[Any, Any], delay: int = 10) -> None:
        RecordConstructorArgs.__init__(self, delay=delay)
        gym.Wrapper.__init__(self, env)
        self.delay = check_count("DelayedRewardWrapper.delay", delay)
        self._steps = 0
        self._sum = 0.0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Reset the environment; rewards kept back are dropped."""
        self._steps, self._sum = 0, 0.0
        return self.env.reset(seed=seed, options=options)

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step the environment; keep its reward back unless one is due."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._steps += 1
        self._sum += float(reward)
        if not (terminated or truncated or self._steps % self.delay == 0):
            return observation, 0.0, terminated, truncated, info
        due, self._sum = self._sum, 0.0
        return observation, due, terminated, truncated, info
