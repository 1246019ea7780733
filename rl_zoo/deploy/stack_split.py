"""Where a bundle takes over: which wrappers become layers and which stay with the environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gymnasium as gym

from rl_zoo.config.model import Component
from rl_zoo.deploy.carried_wrappers import is_neutral, layer_of, observation_space_inside
from rl_zoo.errors import ConfigError
from rl_zoo.wrappers.episode_control import EpisodeControlWrapper
from rl_zoo.wrappers.registry import WRAPPERS

Env = gym.Env[Any, Any]
Wrapper = gym.Wrapper[Any, Any, Any, Any]


@dataclass(frozen=True)
class StackSplit:
    """The two sides of the boundary in one environment stack."""

    outside: Wrapper
    """The wrapper directly outside of the boundary."""
    layers: tuple[Mapping[str, Any], ...]
    """What the bundle carries, innermost first, as plain data."""
    kept: tuple[Component, ...]
    """Wrappers of the configuration that stay with the environment, innermost first."""
    observation_space: gym.spaces.Space[Any]
    """Of the observations that the bundle gets."""
    guard_is_kept: bool
    """Whether a SafetyWrapper has to stay with the environment."""

    @property
    def boundary(self) -> Env:
        """Return the environment as the bundle sees it."""
        return self.outside.env


def split_stack(env: Env, components: Sequence[Component]) -> StackSplit:
    """Find the boundary of a stack built by ``envs.stack``.

    From outside: wrappers that a bundle can carry become layers, neutral ones stay with the
    environment; the first that is neither stays too, with everything inside of it.

    Args:
        env: One environment of the stack, our own outer layers around it.
        components: ``env_wrapper`` of the configuration, innermost first.

    Raises:
        ConfigError: If the stack is not made of these wrappers.
    """
    layers: list[Mapping[str, Any]] = []
    kept: list[Component] = []
    outside, layer = _configured(env)
    space = layer.observation_space
    for place in reversed(range(len(components))):
        component = components[place]
        wrapper = _made_by(component, layer)
        plain = None if wrapper is None else layer_of(wrapper)
        if wrapper is None or (plain is None and not is_neutral(wrapper)):
            kept += reversed(components[: place + 1])
            break
        if plain is None:
            kept.append(component)
        else:
            layers.append(plain)
            space, outside = observation_space_inside(wrapper), wrapper
        layer = wrapper.env
    return StackSplit(
        outside=outside,
        layers=tuple(reversed(layers)),
        kept=tuple(reversed(kept)),
        observation_space=space,
        guard_is_kept=any(component.name.endswith("SafetyWrapper") for component in kept),
    )


def _configured(env: Env) -> tuple[Wrapper, Env]:
    """Return the innermost of our own outer layers, and what is inside of it."""
    layer: Any = env
    while not isinstance(layer, EpisodeControlWrapper):
        if not isinstance(layer, gym.Wrapper):
            raise ConfigError(f"{env}: is no environment of rl_zoo.envs.stack")
        layer = layer.env
    return layer, layer.env


def _made_by(component: Component, layer: Env) -> Wrapper | None:
    """Return ``layer`` if it is what the component makes; None: that cannot be said."""
    kind = WRAPPERS.load(component.name)
    is_this = isinstance(kind, type) and type(layer) is kind
    return layer if is_this and isinstance(layer, gym.Wrapper) else None
