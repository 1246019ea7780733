"""The same random episodes through Gymnasium wrappers and through their layers."""

from __future__ import annotations

import copy
import json
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from rl_zoo.deploy.carried_wrappers import layer_of
from rl_zoo.deploy.layer import Layer, Reading, make_layer


class RecordingEnv(gym.Env[Any, Any]):
    """Random observations; remembers what it observed and was given; may hold an action."""

    def __init__(
        self,
        n_observations: int = 3,
        n_actions: int = 2,
        *,
        dtype: type[np.floating[Any]] = np.float32,
        bound: float = 1.0,
        holds: bool = False,
        observation_space: spaces.Space[Any] | None = None,
    ) -> None:
        vector = spaces.Box(-3.0, 3.0, (n_observations,), dtype)
        self.observation_space = vector if observation_space is None else observation_space
        self.action_space = spaces.Box(-bound, bound, (n_actions,), dtype)
        self._observed = copy.deepcopy(self.observation_space)  # a wrapper may overwrite the other
        self._observed.seed(5)
        self.dt = 0.02
        self.observations: list[Any] = []
        self.actions: list[Any] = []
        self.held: list[Any] = []
        self._rng = np.random.default_rng(7)
        if holds:
            self.current_action = np.zeros(n_actions)

    def observe(self) -> Any:
        observation = self._observed.sample()
        self.observations.append(_copy(observation))
        return observation

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        super().reset(seed=seed)
        if hasattr(self, "current_action"):
            self.current_action = self._rng.uniform(-0.5, 0.5, self.action_space.shape)
        self.held.append(getattr(self, "current_action", None))
        return self.observe(), {}

    def step(self, action: Any) -> Any:
        self.actions.append(np.array(action))
        if hasattr(self, "current_action"):
            self.current_action = np.array(action, np.float64)
        return self.observe(), 0.0, False, False, {}


class LayerStack:
    """Layers driven as ``Policy`` drives them."""

    def __init__(self, layers: list[Layer]) -> None:
        self.layers = layers
        self.reading = Reading()

    def start(self, observation: Any, held: Any, cycles: float = 0.0) -> Any:
        self.reading = Reading(observation=observation, initial_cycles=cycles)
        for layer in self.layers:
            self.reading.held_action = held
            observation = layer.start(observation, self.reading)
            held = layer.held(held)
        return observation

    def observe(self, observation: Any) -> Any:
        for layer in self.layers:
            observation = layer.observe(observation)
        return observation

    def act(self, action: Any) -> Any:
        for layer in self.layers[::-1]:
            action = layer.act(action, self.reading)
        return action


def layers_of(env: gym.Env[Any, Any], until: gym.Env[Any, Any] | None = None) -> LayerStack:
    """Return the layers of every wrapper, or of those outside of one, by way of JSON."""
    layers: list[Layer] = []
    while isinstance(env, gym.Wrapper) and env is not until:
        plain = layer_of(env)
        assert plain is not None, env
        layers.insert(0, make_layer(json.loads(json.dumps(plain, allow_nan=False)), "x.onnx"))
        env = env.env
    return LayerStack(layers)


def assert_layers_equal_wrappers(
    env: gym.Env[Any, Any], actions: list[list[Any]], cycles: list[float] | None = None
) -> None:
    """Play episodes with the given actions through both; every bit must agree.

    Args:
        env: Wrappers around a ``RecordingEnv``.
        actions: Of each step of each episode.
        cycles: Where the oscillators start each episode.
    """
    inner: Any = env.unwrapped
    stack = layers_of(env)
    for number, episode in enumerate(actions):
        seen = [env.reset(seed=number)[0]]
        # Copies: a wrapper may change what the environment gave it.
        raw = inner.observations[-1]
        mine = [stack.start(_copy(raw), inner.held[-1], cycles[number] if cycles else 0.0)]
        for action in episode:
            seen.append(env.step(action.copy())[0])
            executed = stack.act(action.copy())
            assert_same(executed, inner.actions[-1])
            mine.append(stack.observe(_copy(inner.observations[-1])))
        for theirs, ours in zip(seen, mine, strict=True):
            assert_same(ours, theirs)


def assert_same(ours: Any, theirs: Any) -> None:
    """Compare values, types and keys; NaN equals NaN."""
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs)
        for key, value in theirs.items():
            assert_same(ours[key], value)
        return
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.dtype == theirs.dtype
    assert ours.shape == theirs.shape
    assert ours.tobytes() == theirs.tobytes() or (
        np.isnan(theirs).any() and np.array_equal(ours, theirs, equal_nan=True)
    )


def random_actions(
    env: gym.Env[Any, Any], episodes: int = 3, steps: int = 12, scale: float = 1.3
) -> list[list[Any]]:
    """Return random actions in the type of the action space, some of them beyond its bounds."""
    rng, space = np.random.default_rng(3), env.action_space
    return [
        [scale * rng.uniform(-1.0, 1.0, space.shape).astype(space.dtype) for _ in range(steps)]
        for _ in range(episodes)
    ]


def _copy(observation: Any) -> Any:
    if isinstance(observation, dict):
        return {key: np.array(value) for key, value in observation.items()}
    return np.array(observation)
