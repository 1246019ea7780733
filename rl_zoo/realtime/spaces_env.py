"""An environment that an agent is built on where none can be stepped: it has spaces only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

from gymnasium import spaces
from stable_baselines3.common.vec_env import VecEnv

from rl_zoo.config.model import RunConfig
from rl_zoo.envs.normalize import RawTerminalVecNormalize
from rl_zoo.envs.stack import normalize_kwargs
from rl_zoo.errors import ConfigError
from rl_zoo.realtime.ring_layout import RingSpec

_SAFE_ACTIONS = "safe_action_space"


class SpacesVecEnv(VecEnv):
    """One environment of which only the spaces are here; another process steps it.

    Args:
        observation_space: Of an observation.
        action_space: Of an action.
    """

    def __init__(
        self, observation_space: spaces.Space[Any], action_space: spaces.Space[Any]
    ) -> None:
        super().__init__(1, observation_space, action_space)

    def reset(self) -> NoReturn:
        """Refuse."""
        raise self._refusal("reset")

    def step_async(self, actions: Any) -> NoReturn:
        """Refuse."""
        raise self._refusal("step")

    def step_wait(self) -> NoReturn:
        """Refuse."""
        raise self._refusal("step")

    def close(self) -> None:
        """There is nothing to close."""

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """Return what an agent asks of its environment when it is built.

        Raises:
            AttributeError: For anything else.
        """
        if attr_name == "render_mode":
            return [None]
        if attr_name == _SAFE_ACTIONS:  # compared by the actor, which has the wrapper
            return [self.action_space]
        raise AttributeError(attr_name)

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> NoReturn:
        """Refuse."""
        raise self._refusal(f"set {attr_name} of")

    def env_method(
        self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any
    ) -> NoReturn:
        """Refuse."""
        raise self._refusal(f"call {method_name} of")

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """Say that there are no wrappers here."""
        n_asked = len(list(indices)) if isinstance(indices, Iterable) else 1
        return [False] * n_asked

    def _refusal(self, what: str) -> TypeError:
        return TypeError(f"cannot {what} the environment: it is in the actor's process")


def make_spaces_env(config: RunConfig, spec: RingSpec) -> VecEnv:
    """Return the environment to build the agent of ``config`` on.

    Args:
        config: Whose normalisation it gets.
        spec: Of the ring that the actor fills.

    Raises:
        ConfigError: If the observations cannot be normalised so.
    """
    env = SpacesVecEnv(spec.observation.space(), spec.action.space())
    if config.normalize is None:
        return env
    try:
        return RawTerminalVecNormalize(
            env, **normalize_kwargs(config.normalize, config.algo_kwargs)
        )
    except (ValueError, NotImplementedError) as error:
        raise ConfigError(f"{config.env_id}.normalize: {error}") from error
