"""Noise on the actions, to test how robust a policy is."""

from __future__ import annotations

from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np
from gymnasium.utils import RecordConstructorArgs
from numpy.typing import NDArray

from rl_zoo.errors import ConfigError
from rl_zoo.wrappers.argument_checks import check_box

Action = NDArray[Any]


class ActionNoiseWrapper(gym.Wrapper[Any, Action, Any, Action], RecordConstructorArgs):
    """Add Gaussian noise to every action and clip the sum to the action space.

    The agent is not told. The noise comes from the environment's own generator: the seed of
    ``reset`` repeats it, and a checkpoint of the generator covers it. ``info`` holds
    ``action_proposed`` and ``action_executed``.

    Args:
        env: Environment with a Box action space.
        noise_std: Standard deviation of the noise, in units of the action.

    Raises:
        ConfigError: If the action space does not fit or ``noise_std`` is negative.
    """

    def __init__(self, env: gym.Env[Any, Action], noise_std: float = 0.1) -> None:
        RecordConstructorArgs.__init__(self, noise_std=noise_std)
        gym.Wrapper.__init__(self, env)
        if not noise_std >= 0.0:
            raise ConfigError(f"ActionNoiseWrapper.noise_std: {noise_std} is not at least 0")
        space = check_box("ActionNoiseWrapper", "action space", env.action_space)
        self._low, self._high = space.low, space.high
        self.noise_std = noise_std

    def step(self, action: Action) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step the environment with the noisy action."""
        noise = self.noise_std * self.np_random.standard_normal(self._low.shape)
        noisy = np.clip(action + noise, self._low, self._high).astype(self._low.dtype)
        observation, reward, terminated, truncated, info = self.env.step(noisy)
        info["action_proposed"] = action
        info.setdefault("action_executed", noisy)
        return observation, reward, terminated, truncated, info
