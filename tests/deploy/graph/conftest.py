"""Agents with weights and statistics far from their initial ones, and what their graphs return."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import onnxruntime
import torch
from gymnasium import spaces
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv, VecNormalize

from rl_zoo.deploy.graph.build import build_network
from rl_zoo.deploy.graph.builder import BuiltNetwork
from rl_zoo.deploy.graph.preprocess import preprocessing_of

N_OBSERVATIONS = 5
VECTOR = spaces.Box(-np.inf, np.inf, (N_OBSERVATIONS,), np.float32)
SQUARE = spaces.Box(-1.0, 1.0, (2,), np.float32)
UNEVEN = spaces.Box(
    np.array([-0.3, -2.0, 0.1], np.float32), np.array([0.7, 1.0, 0.2], np.float32), dtype=np.float32
)
"""Actions whose bounds are neither symmetric nor equal."""


class NoiseEnv(gym.Env[Any, Any]):
    """Any spaces; observations are samples."""

    def __init__(self, observation_space: spaces.Space[Any], action_space: spaces.Space[Any]):
        self.observation_space = observation_space
        self.action_space = action_space

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        """Return a sample."""
        super().reset(seed=seed)
        return self.observation_space.sample(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Return another sample."""
        return self.observation_space.sample(), 0.0, False, False, {}


def make_env(observation_space: spaces.Space[Any], action_space: spaces.Space[Any]) -> VecEnv:
    """Return a stack without normalisation."""
    return DummyVecEnv([lambda: NoiseEnv(observation_space, action_space)])


def normalized(env: VecEnv, seed: int = 0, **kwargs: Any) -> VecNormalize:
    """Return a stack with made-up statistics of observations."""
    stack = VecNormalize(env, training=False, **kwargs)
    rng = np.random.default_rng(seed)
    running = stack.obs_rms if isinstance(stack.obs_rms, dict) else {"": stack.obs_rms}
    for statistics in running.values():
        statistics.mean = rng.normal(size=statistics.mean.shape)
        statistics.var = rng.uniform(0.01, 4.0, statistics.var.shape)
    return stack


def shaken(agent: Any, seed: int = 0) -> Any:
    """Return the agent with every parameter and running statistic changed at random."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in agent.policy.parameters():
            if parameter.is_floating_point():
                scale = 0.3 if parameter.dim() < 2 else parameter[0].numel() ** -0.5
                parameter += scale * torch.randn(parameter.shape, generator=generator)
        for name, values in agent.policy.named_buffers():
            if values.is_floating_point():
                noise = torch.rand(values.shape, generator=generator)
                values += noise if "var" in name else 2.0 * noise - 1.0
    return agent


def random_observations(space: spaces.Space[Any], n: int = 500, seed: int = 1) -> Any:
    """Return ``n`` observations along axis 0, beyond every clip of the normalisation."""
    rng = np.random.default_rng(seed)
    if isinstance(space, spaces.Dict):
        return {
            key: random_observations(part, n, seed + i)
            for i, (key, part) in enumerate(space.spaces.items())
        }
    if isinstance(space, spaces.Box) and space.dtype is not None and space.dtype.kind == "f":
        scale = 3.0 ** rng.integers(-2, 3, (n, *space.shape))
        return (scale * rng.normal(size=(n, *space.shape))).astype(space.dtype)
    space.seed(seed)
    return np.stack([space.sample() for _ in range(n)])


def graph_of(agent: Any, env: VecEnv) -> BuiltNetwork:
    """Build the graph of an agent and its stack."""
    return build_network(agent.policy, preprocessing_of(env))


def graph_actions(built: BuiltNetwork, observations: Any) -> np.ndarray:
    """Run a graph without states on a batch of observations."""
    session = onnxruntime.InferenceSession(
        built.model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    is_dict = isinstance(observations, dict)
    feed = {
        item.name: observations[item.key] if is_dict else observations
        for item in built.layout.inputs
    }
    actions: np.ndarray = session.run([built.layout.output], feed)[0]
    return actions


def original_actions(agent: Any, env: VecEnv, observations: Any) -> np.ndarray:
    """Return what SB3 does: normalise, then predict."""
    if isinstance(env, VecNormalize):
        observations = env.normalize_obs(observations)
    actions: np.ndarray = agent.predict(observations, deterministic=True)[0]
    return actions


def differences(agent: Any, env: VecEnv, n: int = 500) -> np.ndarray:
    """Return absolute differences between graph and original for random observations."""
    observations = random_observations(env.observation_space, n)
    ours = graph_actions(graph_of(agent, env), observations)
    theirs = original_actions(agent, env, observations)
    assert ours.shape == theirs.shape
    assert ours.dtype == env.action_space.dtype
    assert len(np.unique(theirs, axis=0)) > 1  # an action that never changes proves nothing
    return np.abs(ours.astype(np.float64) - theirs)
