"""Play an agent of SB3 and its graph side by side on observations drawn from a space."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from rl_zoo.deploy.graph.build import build_network
from rl_zoo.deploy.graph.builder import BuiltNetwork
from rl_zoo.deploy.graph.preprocess import preprocessing_of
from rl_zoo.deploy.network import Network, open_session

EPISODE = 9
"""Steps of an episode of ``SampledEnv``."""


class SampledEnv(gym.Env[Any, Any]):
    """Whose observations are drawn from their space, whatever the action."""

    def __init__(self, observation_space: spaces.Space[Any], action_space: spaces.Space[Any]):
        self.observation_space, self.action_space = observation_space, action_space
        self.steps = 0
        self.seen: Any = None

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        super().reset(seed=seed)
        if seed is not None:
            self.observation_space.seed(seed)
        self.steps = 0
        return self._draw(), {}

    def step(self, action: Any) -> Any:
        self.steps += 1
        return self._draw(), 0.0, False, self.steps == EPISODE, {}

    def _draw(self) -> Any:
        self.seen = self.observation_space.sample()
        parts = self.seen.values() if isinstance(self.seen, dict) else [self.seen]
        for part in parts:
            if np.ndim(part) == 3:  # images of noise differ in brightness only
                part //= np.uint8(1 + self.np_random.integers(6))
        return self.seen


@dataclass(frozen=True)
class Comparison:
    """What an agent and its graph did on the same observations."""

    expected: np.ndarray
    found: np.ndarray

    @property
    def error(self) -> float:
        """Return the largest absolute difference."""
        return float(np.abs(self.expected - self.found, dtype=np.float64).max())


def vec_env(
    observation_space: spaces.Space[Any],
    action_space: spaces.Space[Any],
    *layers: Callable[[Any], Any],
) -> Any:
    """Return a seeded VecEnv of one ``SampledEnv`` with ``layers`` around it, innermost first."""
    env: Any = DummyVecEnv([lambda: SampledEnv(observation_space, action_space)])
    for layer in layers:
        env = layer(env)
    env.seed(3)
    return env


def normalized(env: Any, **kwargs: Any) -> VecNormalize:
    """Wrap in a ``VecNormalize`` with statistics of 100 observations, which then stay."""
    wrapper = VecNormalize(env, **kwargs)
    wrapper.seed(5)
    wrapper.reset()
    for _ in range(100):
        wrapper.step(np.array([wrapper.action_space.sample()]))
    wrapper.training = False
    return wrapper


def shake(policy: Any, amount: float = 0.1, seed: int = 0) -> None:
    """Move every weight, so that biases and statistics are not those of an untrained network."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in policy.parameters():
            weight.add_(amount * torch.randn(weight.shape, generator=generator))


def built_of(agent: Any) -> BuiltNetwork:
    """Return the graph of an agent with its VecEnv."""
    return build_network(agent.policy, preprocessing_of(agent.get_env()))


def play(agent: Any, n_steps: int = 60, built: BuiltNetwork | None = None) -> Comparison:
    """Act with ``agent`` and with its graph for several episodes."""
    built = built or built_of(agent)
    network = Network(open_session(built.model.SerializeToString(), "graph"), built.layout, "graph")
    env = agent.get_env()
    inner = env.unwrapped.envs[0]
    expected, found = [], []
    observation, state, starts = env.reset(), None, np.ones(1, bool)
    for _ in range(n_steps):
        if starts[0]:
            network.reset()
        action, state = agent.predict(observation, state, starts, deterministic=True)
        expected.append(action[0])
        found.append(np.array(network.run(inner.seen)))
        observation, _, starts, _ = env.step(action)
    return Comparison(np.array(expected), np.array(found))
