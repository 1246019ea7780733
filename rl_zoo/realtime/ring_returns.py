"""Returns over several steps, from the ring.

Sutton and Barto, Reinforcement Learning (2nd edition), equation 7.1: the rewards of up to n steps,
discounted, and after them the value of the state that was reached, which the critic's update adds.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.type_aliases import ReplayBufferSamples
from stable_baselines3.common.vec_env import VecNormalize

from rl_zoo.realtime.ring import Ring
from rl_zoo.realtime.ring_replay import RingReplay, Slots

Floats = NDArray[np.float32]


class Returns(NamedTuple):
    """Returns of n steps, or of fewer where they met an end."""

    last: Slots
    """Slots of their last transitions. Shape: (batch,)."""
    rewards: Floats
    """Discounted sums of (normalised) rewards. Shape: (batch, 1)."""
    terminated: Floats
    """Whether the task ended with them: if so, no value is added. Shape: (batch, 1)."""
    discounts: Floats
    """Of the value that is added. Shape: (batch, 1)."""


class ReturnReplay(RingReplay):
    """Samples as SB3's ``NStepReplayBuffer`` with the same content would, bit for bit.

    A return ends with its episode, before an interrupted transition, where an episode broke off (a
    process was killed), and with the newest transition that the learner knows. Unless the task
    terminated there, the value of the state that was reached is added.

    Args:
        ring: To read.
        n_steps: Most transitions of a return.
        gamma: Discount per step.
        device: Of the samples.
    """

    def __init__(
        self, ring: Ring, n_steps: int, gamma: float, device: torch.device | str = "cpu"
    ) -> None:
        super().__init__(ring, device)
        self.n_steps, self.gamma = n_steps, gamma
        self._steps = np.arange(n_steps)
        self._weights = gamma ** self._steps.astype(np.float32)
        self._flags = tuple(ring.rows[name] for name in ("truncated", "discard", "start"))

    def returns(self, slots: Slots, env: VecNormalize | None = None) -> Returns:
        """Return the returns that begin at ``slots``.

        Args:
            slots: From ``choose_rows``. Shape: (batch,).
            env: Normalises rewards; None: they stay as they are.
        """
        path = self._path(slots)
        lengths = self._lengths(path)
        counted = self._steps < lengths[:, None]
        rewards = self._normalize_reward(self.rewards[path[:, :-1], 0], env)
        last = path[np.arange(len(slots)), lengths - 1]
        return Returns(
            last,
            (rewards * self._weights * counted).sum(axis=1, keepdims=True),
            self.dones[last].astype(np.float32),
            self.gamma ** lengths[:, None].astype(np.float32),
        )

    def _path(self, slots: Slots) -> Slots:
        """Return the slots of each return and one more. Shape: (batch, n_steps + 1)."""
        newest = self.n_seen - 1
        first = newest - (newest - slots) % self.ring.capacity
        numbers = first[:, None] + np.arange(self.n_steps + 1)
        # What lies behind the newest may not even be in the file.
        path: Slots = np.minimum(numbers, newest) % self.ring.capacity
        return path

    def _lengths(self, path: Slots) -> NDArray[np.int64]:
        """Return how many transitions each return has. Shape: (batch,)."""
        truncated, discard, start = self._flags
        now, after = path[:, :-1], path[:, 1:]
        is_end = (self.dones[now, 0] != 0) | (truncated[now] != 0) | (now == after)
        is_end |= (discard[after] != 0) | (start[after] != 0)
        is_end[:, -1] = True
        lengths: NDArray[np.int64] = is_end.argmax(axis=1) + 1
        return lengths

    def _get_samples(self, batch_inds: Slots, env: VecNormalize | None = None) -> Any:
        found = self.returns(batch_inds, env)
        data = (
            self._normalize_obs(self.observations[batch_inds, 0], env),
            self.actions[batch_inds, 0],
            self._normalize_obs(self.next_observations[found.last, 0], env),
            found.terminated,
            found.rewards,
            found.discounts,
        )
        return ReplayBufferSamples(*map(self.to_torch, data))
