"""Hold each action for several steps."""

from __future__ import annotations

from typing import Any, SupportsFloat

import gymnasium as gym
from gymnasium.utils import RecordConstructorArgs

from rl_zoo.wrappers.argument_checks import check_count


class FrameSkip(gym.Wrapper[Any, Any, Any, Any], RecordConstructorArgs):
    """Repeat each action ``skip`` times, or until the episode ends; rewards add up.

    Observation and ``info`` are those of the last repetition. A ``TimeLimit`` inside counts
    repetitions, the steps of the agent (budget, episode length) do not.

    Args:
        env: Any environment.
        skip: Steps of the environment for one of the agent.

    Raises:
        ConfigError: If ``skip`` is less than 1.
    """

    def __init__(self, env: gym.Env[Any, Any], skip: int = 4) -> None:
        RecordConstructorArgs.__init__(self, skip=skip)
        gym.Wrapper.__init__(self, env)
        self.skip = check_count("FrameSkip.skip", skip)

    @property
    def dt(self) -> float:
        """Duration of one of the agent's steps in s, where the environment knows that of its own.

        Raises:
            AttributeError: If it does not.
        """
        return self.skip * float(self.env.get_wrapper_attr("dt"))

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step the environment ``skip`` times with the same action."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        total = float(reward)
        for _ in range(self.skip - 1):
            if terminated or truncated:
                break
            observation, reward, terminated, truncated, info = self.env.step(action)
            total += float(reward)
        return observation, total, terminated, truncated, info
