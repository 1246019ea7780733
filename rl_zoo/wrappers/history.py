"""Observations and actions of the last few steps as the observation."""

from __future__ import annotations

from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np
from gymnasium.utils import RecordConstructorArgs
from numpy.typing import NDArray

from rl_zoo.motion.history_buffer import HistoryBuffer
from rl_zoo.wrappers.argument_checks import check_count, check_vector
from rl_zoo.wrappers.history_space import history_shape, history_space

Vector = NDArray[Any]


class HistoryWrapper(gym.Wrapper[Vector, Vector, Vector, Vector], RecordConstructorArgs):
    """Show the agent the last observations and actions.

    From them delays, filters and hidden velocities can be inferred. The observation has shape
    ``(horizon * (n_obs + n_act),)``: the observations, oldest first, then the actions that led to
    them. What lies before the start of the episode is zero.

    Args:
        env: Environment whose observations and actions are Boxes of one dimension.
        horizon: Number of steps to show, the present one included.

    Attributes:
        history: The last steps.

    Raises:
        ConfigError: If a space does not fit or ``horizon`` is less than 1.
    """

    def __init__(self, env: gym.Env[Vector, Vector], horizon: int = 2) -> None:
        RecordConstructorArgs.__init__(self, horizon=horizon)
        gym.Wrapper.__init__(self, env)
        observed = check_vector("HistoryWrapper", "observation space", env.observation_space)
        acted = check_vector("HistoryWrapper", "action space", env.action_space)
        shape = history_shape(observed, acted, check_count("HistoryWrapper.horizon", horizon))
        self.history = HistoryBuffer(shape)
        self.observation_space = history_space(observed, acted, shape)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Vector, dict[str, Any]]:
        """Reset the environment and forget the episode before."""
        observation, info = self.env.reset(seed=seed, options=options)
        return self.history.start(observation), info

    def step(self, action: Vector) -> tuple[Vector, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step the environment and append action and observation to the history."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        history = self.history.append(observation, np.asarray(action))
        return history, reward, terminated, truncated, info
