"""The history of observations and actions for goal environments."""

from __future__ import annotations

from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.utils import RecordConstructorArgs
from numpy.typing import NDArray

from rl_zoo.errors import ConfigError
from rl_zoo.motion.history_buffer import HistoryBuffer
from rl_zoo.wrappers.argument_checks import check_count, check_vector
from rl_zoo.wrappers.history_space import history_shape, history_space

Action = NDArray[Any]
DictObservation = dict[str, Any]


class HistoryWrapperObsDict(
    gym.Wrapper[DictObservation, Action, DictObservation, Action], RecordConstructorArgs
):
    """Replace the entry ``observation`` of a Dict observation by its history.

    The history is that of ``HistoryWrapper``. The other entries (``achieved_goal``,
    ``desired_goal``) stay; the wrapped environment keeps its own spaces.

    Args:
        env: Environment with a Dict observation whose ``observation`` is a Box of one dimension.
        horizon: Number of steps to show, the present one included.

    Attributes:
        history: The last steps.

    Raises:
        ConfigError: If a space does not fit or ``horizon`` is less than 1.
    """

    def __init__(self, env: gym.Env[DictObservation, Action], horizon: int = 2) -> None:
        RecordConstructorArgs.__init__(self, horizon=horizon)
        gym.Wrapper.__init__(self, env)
        inner: spaces.Space[Any] = env.observation_space
        if not isinstance(inner, spaces.Dict) or "observation" not in inner.spaces:
            raise ConfigError(
                "HistoryWrapperObsDict: needs a Dict observation space with the key 'observation', "
                f"this environment has {inner}; HistoryWrapper is the one for a Box"
            )
        observed = check_vector("HistoryWrapperObsDict", "'observation'", inner["observation"])
        acted = check_vector("HistoryWrapperObsDict", "action space", env.action_space)
        shape = history_shape(
            observed, acted, check_count("HistoryWrapperObsDict.horizon", horizon)
        )
        self.history = HistoryBuffer(shape)
        history = history_space(observed, acted, shape)
        self.observation_space = spaces.Dict({**inner.spaces, "observation": history})

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[DictObservation, dict[str, Any]]:
        """Reset the environment and forget the episode before."""
        observation, info = self.env.reset(seed=seed, options=options)
        history = self.history.start(observation["observation"])
        return {**observation, "observation": history}, info

    def step(
        self, action: Action
    ) -> tuple[DictObservation, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step the environment and append action and observation to the history."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        history = self.history.append(observation["observation"], np.asarray(action))
        return {**observation, "observation": history}, reward, terminated, truncated, info
