"""Choose minibatches as SB3's replay buffer does, for the learner to gather in place."""

from __future__ import annotations

import functools
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.buffers import ReplayBuffer
from stable_baselines3.common.vec_env import VecNormalize

from rl_zoo.agents.discard_replay import ReplayDiscards
from rl_zoo.agents.native import library as c

Array = NDArray[Any]

_COLUMNS = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")


class Chosen(NamedTuple):
    """Where the transitions of a block of updates are.

    ``rows`` has the shape (n_updates, batch); ``arrays`` is what ``replay`` points to.
    """

    replay: c.Replay
    rows: NDArray[np.int64]
    arrays: list[Array]


class Minibatches:
    """Chooses minibatches of one size.

    A buffer that says ``choose_rows`` (our ring) or that samples as SB3's plain one does is read in
    place; one that also says ``returns`` (our ring, over several steps) is copied from, and
    normalised by the learner. Any other (SB3's n-step returns, hindsight goals) is sampled.

    Args:
        batch: Transitions per update.
    """

    def __init__(self, batch: int) -> None:
        self._batch = batch
        self._pointed = _Pointed()

    def choose(self, buffer: Any, normalizer: VecNormalize | None, n_updates: int) -> Chosen:
        """Draw minibatches with the random numbers that ``buffer.sample`` would draw.

        Args:
            buffer: The agent's.
            normalizer: Normalises observations and rewards; None: they stay as they are.
            n_updates: Number of minibatches.
        """
        if hasattr(buffer, "choose_rows"):
            rows = np.stack([buffer.choose_rows(self._batch) for _ in range(n_updates)])
            if hasattr(buffer, "returns"):
                return _of_several_steps(buffer, normalizer, rows)
        elif _is_readable_in_place(buffer):
            rows = self._rows(buffer, n_updates)
        else:
            return _sampled(buffer, normalizer, self._batch, n_updates)
        replay = self._pointed.at(buffer)
        arrays = _normalise(replay, normalizer)
        return Chosen(replay, rows, arrays)

    def _rows(self, buffer: ReplayBuffer, n_updates: int) -> NDArray[np.int64]:
        upper = buffer.buffer_size if buffer.full else buffer.pos
        if buffer.n_envs == 1:  # SB3 draws the environment too, which takes no random number
            return np.random.randint(0, upper, size=(n_updates, self._batch))
        rows = np.empty((n_updates, self._batch), np.int64)
        for row in rows:
            np.multiply(np.random.randint(0, upper, size=self._batch), buffer.n_envs, out=row)
            row += np.random.randint(0, high=buffer.n_envs, size=self._batch)
        return rows


class _Pointed:
    """A replay structure that points to the arrays of a buffer, made again when these change."""

    def __init__(self) -> None:
        self._replay = c.Replay()
        self._arrays: list[Array] = []

    def at(self, buffer: Any) -> c.Replay:
        arrays = [getattr(buffer, name) for name in _COLUMNS]
        if len(self._arrays) != len(arrays) or any(
            one is not other for one, other in zip(arrays, self._arrays, strict=True)
        ):
            self._replay, self._arrays = c.Replay(), arrays
            _point(self._replay, arrays)
        return self._replay


def _is_readable_in_place(buffer: Any) -> bool:
    """Say whether ``buffer`` samples as SB3's plain buffer does at this moment."""
    kind: Any = type(buffer)
    if buffer.optimize_memory_usage or not _samples_plainly(kind):
        return False
    return not isinstance(buffer, ReplayDiscards) or not buffer.discarded.any()


@functools.cache
def _samples_plainly(kind: Any) -> bool:
    """Say whether a class samples as SB3's plain buffer does, as long as nothing is discarded."""
    classes = [k for k in kind.__mro__ if "_get_samples" in vars(k) and k is not ReplayDiscards]
    return kind.sample is ReplayBuffer.sample and classes[0] is ReplayBuffer


def _sampled(
    buffer: ReplayBuffer, normalizer: VecNormalize | None, batch: int, n_updates: int
) -> Chosen:
    samples = [buffer.sample(batch, env=normalizer) for _ in range(n_updates)]

    def joined(name: str) -> Array:
        parts = [getattr(sample, name).numpy().reshape(batch, -1) for sample in samples]
        return np.concatenate(parts, dtype=np.float32)[:, None]

    replay = c.Replay()
    arrays = [joined(name) for name in _COLUMNS[:-1]]
    _point(replay, arrays)
    if samples[0].discounts is not None:
        arrays.append(joined("discounts"))
        replay.discounts = _column(arrays[-1])
    rows = np.arange(n_updates * batch, dtype=np.int64).reshape(n_updates, batch)
    return Chosen(replay, rows, arrays)


def _of_several_steps(
    buffer: Any, normalizer: VecNormalize | None, rows: NDArray[np.int64]
) -> Chosen:
    """Copy what the returns over several steps begin and end with; sum their rewards."""
    first = rows.reshape(-1)
    found = buffer.returns(first, normalizer)
    arrays: list[Array] = [
        buffer.observations[first],
        buffer.next_observations[found.last],
        buffer.actions[first],
        *(column[:, None] for column in (found.rewards, found.terminated, found.discounts)),
    ]
    replay = c.Replay()
    _point(replay, arrays[:-1])
    replay.discounts = _column(arrays[-1])
    arrays += _normalise(replay, normalizer)
    replay.reward_deviation = 0.0  # the rewards were normalised before they were summed
    return Chosen(replay, np.arange(len(first)).reshape(rows.shape), arrays)


def _point(replay: c.Replay, arrays: list[Array]) -> None:
    """Point to arrays of the shapes (steps, n_envs, ...)."""
    for name, array in zip(_COLUMNS, arrays, strict=False):
        doubles = array.dtype == np.float64 and name.endswith("observations")
        if not doubles and array.dtype != np.float32:
            raise ValueError(f"replay buffer: {name} are {array.dtype} instead of float32")
        if array.strides[0]:  # else one value for all: no timeouts
            setattr(replay, name, _column(array))
    replay.doubles = int(arrays[0].dtype == np.float64)


def _column(array: Array) -> c.Column:
    """Return where the rows of an array of the shape (steps, n_envs, ...) are."""
    n_envs = array.shape[1]
    stride = array.strides[0] // n_envs
    if not array[0, :1].flags.c_contiguous or (n_envs > 1 and array.strides[1] != stride):
        raise ValueError("replay buffer: the entries of a transition are not contiguous")
    return c.Column(array.ctypes.data, stride)


def _normalise(replay: c.Replay, normalizer: VecNormalize | None) -> list[Array]:
    kept: list[Array] = []
    replay.mean = replay.deviation = None
    replay.reward_deviation = 0.0
    if normalizer is None:
        return kept
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
