"""Ask the original agent what it does with observations of our choice."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv, VecEnvWrapper

from rl_zoo.envs.guarded import GuardedVecEnv

Actions = list[NDArray[Any]]

_SPREAD = 2.0
"""Standard deviation of random observations, of that of the recorded ones."""


class _Playlist(VecEnv):
    """One environment that shows given episodes, one after another, whatever is done in it."""

    def __init__(self, inner: VecEnv, episodes: Sequence[Sequence[Any]]) -> None:
        super().__init__(1, inner.observation_space, inner.action_space)
        self._episodes = episodes
        self._episode, self._step = 0, 0

    def reset(self) -> Any:
        self._step = 0
        return self._observation()

    def step_async(self, actions: np.ndarray) -> None:
        self._step += 1

    def step_wait(self) -> Any:
        info: dict[str, Any] = {}
        is_over = self._step == len(self._episodes[self._episode])
        if is_over:
            info["terminal_observation"] = self._episodes[self._episode][-1]
            self._episode = (self._episode + 1) % len(self._episodes)
            self._step = 0
        return self._observation(), np.zeros(1, np.float32), np.array([is_over]), [info]

    def _observation(self) -> Any:
        observation = self._episodes[self._episode][self._step]
        space = self.observation_space
        if isinstance(space, spaces.Dict):
            return {key: _as_row(observation[key], part) for key, part in space.spaces.items()}
        return _as_row(observation, space)

    def close(self) -> None:
        """There is nothing to close."""

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        return [None]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """There is nothing to set."""

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> Any:
        return [None]

    def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> list[bool]:
        return [False]


def _as_row(values: Any, space: spaces.Space[Any]) -> NDArray[Any]:
    """Return one row in the type of the space, as a ``DummyVecEnv`` stores it."""
    row = np.zeros((1, *(space.shape or ())), space.dtype)
    row[0] = values
    return row


def original_actions(
    agent: Any, env: VecEnv, episodes: Sequence[Sequence[Any]]
) -> tuple[list[Actions], NDArray[np.float64]]:
    """Let the agent act on given observations, through its own stack of VecEnv wrappers.

    Args:
        agent: The original one.
        env: Its stack; its environments are not touched.
        episodes: Observations of the environment (not normalised), in order, from a reset on.

    Returns:
        Its deterministic actions, episode by episode, and the seconds that normalisation and
        ``predict`` took for each of them. Shape: (n_steps,).
    """
    stack, restore = _with_playlist(env, episodes)
    try:
        return _play(agent, stack, episodes)
    finally:
        if restore is not None:
            restore[0].venv = restore[1]


def random_observations(
    space: spaces.Space[Any], recorded: Sequence[Any], n: int, generator: np.random.Generator
) -> list[Any]:
    """Return observations that spread wider than the recorded ones, entry by entry.

    Real numbers are normal, with the mean and twice the standard deviation of what was recorded,
    within the bounds of the space; those that never changed get a spread too, or nothing would be
    known of their weights. Everything else is drawn from the space.

    Args:
        space: Of the observations.
        recorded: At least one observation.
        n: How many to draw.
        generator: Source of randomness.
    """
    if isinstance(space, spaces.Dict):
        columns = {
            key: random_observations(part, [item[key] for item in recorded], n, generator)
            for key, part in space.spaces.items()
        }
        return [{key: values[index] for key, values in columns.items()} for index in range(n)]
    if isinstance(space, spaces.Box) and np.issubdtype(space.dtype, np.floating):
        seen = np.array(recorded, np.float64)
        noise = generator.standard_normal((n, *space.shape))
        mean, deviation = seen.mean(axis=0), seen.std(axis=0)
        constant = np.ptp(seen, axis=0) == 0.0
        spread = np.where(constant, np.maximum(1.0, 0.1 * np.abs(mean)), _SPREAD * deviation)
        values = mean + spread * noise
        return list(np.clip(values, space.low, space.high).astype(space.dtype))
    space.seed(int(generator.integers(2**31)))
    return [np.asarray(space.sample()) for _ in range(n)]


def _play(
    agent: Any, stack: VecEnv, episodes: Sequence[Sequence[Any]]
) -> tuple[list[Actions], NDArray[np.float64]]:
    observation: Any = stack.reset()
    state: Any = None
    start = np.ones(1, dtype=bool)
    found: list[Actions] = []
    times: list[float] = []
    for episode in episodes:
        actions: Actions = []
        for _ in episode:
            began = time.perf_counter()
            action, state = agent.predict(
                observation, state=state, episode_start=start, deterministic=True
            )
            observation, _, start, _ = stack.step(action)  # normalises the next observation
            times.append(time.perf_counter() - began)
            actions.append(np.array(action[0]))
        found.append(actions)
    return found, np.array(times)


def _with_playlist(
    env: VecEnv, episodes: Sequence[Sequence[Any]]
) -> tuple[VecEnv, tuple[VecEnvWrapper, VecEnv] | None]:
    """Put a playlist where the environments and their guard are."""
    innermost: VecEnvWrapper | None = None
    layer: Any = env
    while isinstance(layer, VecEnvWrapper) and not isinstance(layer, GuardedVecEnv):
        innermost, layer = layer, layer.venv
    playlist = _Playlist(layer, episodes)
    if innermost is None:
        return playlist, None
    innermost.venv = playlist
    return env, (innermost, layer)
