"""Filter actions on their way to the environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np
from gymnasium.utils import RecordConstructorArgs
from numpy.typing import NDArray

from rl_zoo.errors import ConfigError
from rl_zoo.motion.action_bounds import ActionBounds
from rl_zoo.motion.action_filters import BoundedFilter
from rl_zoo.motion.filters import RunningFilter, make_filter
from rl_zoo.suggest import did_you_mean
from rl_zoo.wrappers.action_meaning import held_action
from rl_zoo.wrappers.argument_checks import check_box

Action = NDArray[Any]

_SHORT = 1e-9  # s: below it no cut-off is too high


class ActionFilterWrapper(gym.Wrapper[Any, Action, Any, Action], RecordConstructorArgs):
    """Send the filtered action, within the action space.

    An episode starts from the command the robot holds, if an inner environment has the attribute
    ``current_action`` of the same shape (the action that equals that command); else the first
    action passes unchanged. The filter's memory is a state that the agent does not see: put a
    ``HistoryWrapper`` inside or outside of it. ``info`` holds ``action_proposed`` and
    ``action_executed``.

    Args:
        env: Environment with a Box action space.
        filter: ``butterworth``, ``exponential``, ``one_euro`` or ``rate_limit``.
        dt: Time between two actions in s; None: the environment's own ``dt``.
        **parameters: Those of the filter, see ``rl_zoo.motion.filters``: frequencies in Hz, rates
            in units of action per second.

    Attributes:
        filter: The filter with its memory.

    Raises:
        ConfigError: If the action space or a parameter does not fit.
    """

    def __init__(
        self,
        env: gym.Env[Any, Action],
        filter: str = "butterworth",
        dt: float | None = None,
        **parameters: Any,
    ) -> None:
        RecordConstructorArgs.__init__(self, filter=filter, dt=dt, **parameters)
        gym.Wrapper.__init__(self, env)
        name = type(self).__name__
        box = check_box(name, "action space", env.action_space)
        try:
            chosen = make_filter(filter, _time_step(env) if dt is None else dt, parameters)
            chosen.start(np.zeros(box.shape))
        except ConfigError as error:
            raise ConfigError(f"{name}.{error}") from error
        self.filter = BoundedFilter(chosen, ActionBounds(box.low, box.high))

    @staticmethod
    def keyword_problems(kwargs: Mapping[str, Any]) -> list[str]:
        """Return what is wrong with the keywords, as far as it can be said without environment."""
        parameters = dict(kwargs)
        name, dt = parameters.pop("filter", "butterworth"), parameters.pop("dt", None)
        try:
            make_filter(name, _SHORT if dt is None else dt, parameters)
        except ConfigError as error:
            return list(error.problems)
        return []

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Reset the environment and start from the command it holds."""
        observation, info = self.env.reset(seed=seed, options=options)
        self.filter.start(held_action(self.env))
        return observation, info

    def step(self, action: Action) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step the environment with the filtered action."""
        executed = self.filter.step(action)
        observation, reward, terminated, truncated, info = self.env.step(executed)
        info["action_proposed"] = action
        info.setdefault("action_executed", executed)
        return observation, reward, terminated, truncated, info

    def checkpoint_state(self) -> dict[str, Any]:
        """Return the filter with its memory, as plain data."""
        return self.filter.running.to_dict()

    def restore_checkpoint_state(self, state: dict[str, Any]) -> None:
        """Restore the memory of ``checkpoint_state``; the parameters stay those of this object."""
        self.filter.running.memory = RunningFilter.from_dict(state).memory


class LowPassFilterWrapper(ActionFilterWrapper):
    """Butterworth low-pass under the name and with the keywords it once had in RL Zoo.

    RL Zoo's was of fourth order and started every episode from zero.

    Args:
        env: Environment with a Box action space.
        freq: Cut-off in Hz.
        df: Actions per second in Hz; None: as the environment says.

    Raises:
        ConfigError: If the action space or a frequency does not fit.
    """

    def __init__(
        self, env: gym.Env[Any, Action], freq: float = 5.0, df: float | None = None
    ) -> None:
        RecordConstructorArgs.__init__(self, freq=freq, df=df)
        problems = self.keyword_problems({"freq": freq, "df": df})
        if problems:
            raise ConfigError([f"LowPassFilterWrapper.{problem}" for problem in problems])
        dt = None if df is None else 1.0 / df
        super().__init__(env, "butterworth", dt, cutoff_frequency=freq)

    @staticmethod
    def keyword_problems(kwargs: Mapping[str, Any]) -> list[str]:
        """Return what is wrong with the keywords, as far as it can be said without environment."""
        problems = []
        for key, value in kwargs.items():
            if key not in ("freq", "df"):
                problems.append(f"{key}: unknown keyword{did_you_mean(key, ('freq', 'df'))}")
            elif not (isinstance(value, (int, float)) and value > 0) and (key, value) != (
                "df",
                None,
            ):
                problems.append(f"{key}: {value!r} is not a positive number of Hz")
        return problems


def _time_step(env: gym.Env[Any, Any]) -> float:
    if not env.has_wrapper_attr("dt"):
        raise ConfigError("dt: this environment has no dt; give the time between two actions in s")
    return float(env.get_wrapper_attr("dt"))
