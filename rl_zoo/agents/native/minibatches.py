"""Choose minibatches as SB3's replay buffer does, for the learner to gather in place."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.vec_env import VecNormalize

from rl_zoo.agents.discard_replay import ReplayDiscards
from rl_zoo.agents.native import library as c

Array = NDArray[Any]


class Minibatches:
    """Where the transitions of a block of updates are.

    Args:
        replay: For the learner.
        rows: Shape: (n_updates, batch).
        arrays: What ``replay`` points to.
    """

    def __init__(self, replay: c.Replay, rows: NDArray[np.int64], arrays: list[Array]) -> None:
        self.replay = replay
        self.rows = rows
        self._arrays = arrays


def choose_minibatches(
    buffer: ReplayBuffer, normalizer: VecNormalize | None, batch: int, n_updates: int
) -> Minibatches:
    """Draw minibatches with the random numbers that ``buffer.sample`` would draw.

    A plain replay buffer is read in place. Any other (n-step returns, hindsight goals) is sampled.

    Args:
        buffer: The agent's.
        normalizer: Normalises observations and rewards; None: they stay as they are.
        batch: Transitions per update.
        n_updates: Number of minibatches.
    """
    if not _is_readable_in_place(buffer):
        return _sampled(buffer, normalizer, batch, n_updates)
    upper = buffer.buffer_size if buffer.full else buffer.pos
    rows = np.empty((n_updates, batch), np.int64)
    for row in rows:
        steps = np.random.randint(0, upper, size=batch)
        envs = np.random.randint(0, high=buffer.n_envs, size=batch)
        np.multiply(steps, buffer.n_envs, out=row)
        row += envs
    replay = c.Replay()
    arrays: list[Array] = [buffer.observations, buffer.next_observations, buffer.actions]
    arrays += [buffer.rewards, buffer.dones, buffer.timeouts]
    _point(replay, arrays)
    if normalizer is not None:
        arrays += _normalise(replay, normalizer)
    return Minibatches(replay, rows, arrays)


def _is_readable_in_place(buffer: Any) -> bool:
    """Say whether ``buffer`` samples as SB3's plain buffer does at this moment."""
    kind = type(buffer)
    if buffer.optimize_memory_usage or kind.sample is not ReplayBuffer.sample:
        return False
    if isinstance(buffer, ReplayDiscards) and not buffer.discarded.any():
        classes = [k for k in kind.__mro__ if "_get_samples" in vars(k) and k is not ReplayDiscards]
        return classes[0] is ReplayBuffer
    return kind._get_samples is ReplayBuffer._get_samples


def _sampled(
    buffer: ReplayBuffer, normalizer: VecNormalize | None, batch: int, n_updates: int
) -> Minibatches:
    samples = [buffer.sample(batch, env=normalizer) for _ in range(n_updates)]

    def joined(name: str) -> Array:
        parts = [getattr(sample, name).numpy().reshape(batch, -1) for sample in samples]
        return np.concatenate(parts, dtype=np.float32)

    names = ["observations", "next_observations", "actions", "rewards", "dones"]
    replay = c.Replay()
    arrays = [joined(name) for name in names]
    _point(replay, arrays)
    if samples[0].discounts is not None:
        arrays.append(joined("discounts"))
        replay.discounts = arrays[-1].ctypes.data
    rows = np.arange(n_updates * batch, dtype=np.int64).reshape(n_updates, batch)
    return Minibatches(replay, rows, arrays)


def _point(replay: c.Replay, arrays: list[Array]) -> None:
    names = ["observations", "next_observations", "actions", "rewards", "dones", "timeouts"]
    for name, array in zip(names, arrays, strict=False):
        wanted = array.dtype == np.float32 or (
            name in {"observations", "next_observations"} and array.dtype == np.float64
        )
        if not wanted or not array.flags.c_contiguous:
            raise ValueError(f"replay buffer: {name} is not contiguous float32")
        setattr(replay, name, array.ctypes.data)
    replay.doubles = int(arrays[0].dtype == np.float64)


def _normalise(replay: c.Replay, normalizer: VecNormalize) -> list[Array]:
    kept: list[Array] = []
    if normalizer.norm_obs:
        statistics: Any = normalizer.obs_rms
        mean = np.ascontiguousarray(statistics.mean, np.float64).reshape(-1)
        deviation = np.sqrt(statistics.var + normalizer.epsilon).reshape(-1)
        kept = [mean, deviation]
        replay.mean, replay.deviation = mean.ctypes.data, deviation.ctypes.data
        replay.clip_observation = normalizer.clip_obs
    if normalizer.norm_reward:
        replay.reward_deviation = float(np.sqrt(normalizer.ret_rms.var + normalizer.epsilon))
        replay.clip_reward = normalizer.clip_reward
    return kept
