"""Smooth actions by an exponential moving average."""

from __future__ import annotations

from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np
from gymnasium.utils import RecordConstructorArgs
from numpy.typing import NDArray

from rl_zoo.errors import ConfigError
from rl_zoo.motion.action_filters import MovingAverage
from rl_zoo.wrappers.action_meaning import held_action
from rl_zoo.wrappers.argument_checks import check_box

Action = NDArray[Any]


class ActionSmoothingWrapper(gym.Wrapper[Any, Action, Any, Action], RecordConstructorArgs):
    """Send ``c * previous + (1 - c) * action`` instead of the action.

    An episode starts from the command the robot holds, if an inner environment has the attribute
    ``current_action`` (the action that equals that command, in units of the action); else the
    first action passes unchanged. So nothing pulls the robot towards zero first. The average is a
    state that the agent does not see: put a ``HistoryWrapper`` inside or outside of it. ``info``
    holds ``action_proposed`` and ``action_executed``.

    Args:
        env: Environment with a Box action space.
        smoothing_coef: The coefficient c, in [0, 1); 0 leaves actions as they are.

    Attributes:
        average: The smoothing with its memory.

    Raises:
        ConfigError: If the action space or the coefficient does not fit.
    """

    def __init__(self, env: gym.Env[Any, Action], smoothing_coef: float = 0.0) -> None:
        RecordConstructorArgs.__init__(self, smoothing_coef=smoothing_coef)
        gym.Wrapper.__init__(self, env)
        if not 0.0 <= smoothing_coef < 1.0:
            raise ConfigError(
                f"ActionSmoothingWrapper.smoothing_coef: {smoothing_coef} is not in [0, 1)"
            )
        box = check_box("ActionSmoothingWrapper", "action space", env.action_space)
        self.smoothing_coef = smoothing_coef
        self.average = MovingAverage(smoothing_coef, np.dtype(box.dtype))

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Reset the environment and start from the command it holds."""
        observation, info = self.env.reset(seed=seed, options=options)
        self.average.start(held_action(self.env))
        return observation, info

    def step(self, action: Action) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step the environment with the smoothed action."""
        smoothed = self.average.step(action)
        observation, reward, terminated, truncated, info = self.env.step(smoothed)
        info["action_proposed"] = action
        info.setdefault("action_executed", smoothed)
        return observation, reward, terminated, truncated, info
