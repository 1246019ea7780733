"""End the episode once the goal is reached."""

from __future__ import annotations

from typing import Any, SupportsFloat

import gymnasium as gym
from gymnasium.utils import RecordConstructorArgs

from rl_zoo.wrappers.argument_checks import check_count


class TruncatedOnSuccessWrapper(gym.Wrapper[Any, Any, Any, Any], RecordConstructorArgs):
    """Truncate the episode after ``n_successes`` successes in a row, and offset every reward.

    A success is a step whose ``info["is_success"]`` is true. The episode's end has the truncation
    reason ``"success"``.

    Args:
        env: Environment that reports ``is_success``, usually with a goal.
        reward_offset: Added to the reward of each step (1 turns the sparse -1/0 into 0/1).
        n_successes: Successes in a row that end the episode.

    Raises:
        ConfigError: If ``n_successes`` is less than 1.
    """

    def __init__(
        self, env: gym.Env[Any, Any], reward_offset: float = 0.0, n_successes: int = 1
    ) -> None:
        RecordConstructorArgs.__init__(self, reward_offset=reward_offset, n_successes=n_successes)
        gym.Wrapper.__init__(self, env)
        self.reward_offset = reward_offset
        self.n_successes = check_count("TruncatedOnSuccessWrapper.n_successes", n_successes)
        self._successes = 0

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Reset the environment and the count of successes."""
        self._successes = 0
        return self.env.reset(seed=seed, options=options)

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step the environment; truncate if this was the last success needed."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._successes = self._successes + 1 if info.get("is_success", False) else 0
        if self._successes >= self.n_successes and not terminated:
            truncated = True
            info["truncation_reason"] = "success"
        return observation, float(reward) + self.reward_offset, terminated, truncated, info

    def compute_reward(self, achieved_goal: Any, desired_goal: Any, info: Any) -> Any:
        """Return the environment's reward, offset included, for hindsight replay."""
        compute = self.env.get_wrapper_attr("compute_reward")
        return compute(achieved_goal, desired_goal, info) + self.reward_offset
