"""Rollout buffers that learn nothing from an interrupted transition."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.buffers import RolloutBuffer

from rl_zoo.envs.guarded import GuardedVecEnv
from rl_zoo.errors import RobotFault


class RolloutDiscards(RolloutBuffer):
    """Mixin for SB3's rollout buffers: a discarded transition is in no minibatch.

    Its stored reward is made the value of its own observation, so that its temporal difference is
    exactly zero: advantages of the steps before it end there and bootstrap from the last valid
    observation, as at a truncation. Without discarded steps everything is SB3's, bit by bit.

    Attributes:
        discarded: Which steps. Shape: (buffer_size, n_envs), of each environment.
        guard: Knows which environments were interrupted in the newest step.
        smallest_batch: Minibatches with fewer valid steps are left out; 2 where advantages are
            divided by their standard deviation.
    """

    discarded: np.ndarray
    guard: GuardedVecEnv
    smallest_batch: int = 1

    def prepare(self) -> None:
        """Start without discarded steps."""
        self.discarded = np.zeros((self.buffer_size, self.n_envs), dtype=bool)

    def reset(self) -> None:
        """Empty the buffer."""
        super().reset()
        self.prepare()

    def add(
        self,
        obs: Any,
        action: np.ndarray,
        reward: np.ndarray,
        episode_start: np.ndarray,
        value: torch.Tensor,
        log_prob: torch.Tensor,
        **more: Any,
    ) -> None:
        """Store a step of every environment."""
        row = self.pos
        discarded = self.guard.discarded
        if discarded.any():
            values = value.detach().cpu().numpy().flatten()
            reward = np.where(discarded, values, reward)
        super().add(obs, action, reward, episode_start, value, log_prob, **more)
        self.discarded[row] = discarded

    def get(self, batch_size: int | None = None) -> Generator[Any, None, None]:
        """Yield minibatches of valid steps.

        Raises:
            RobotFault: If no minibatch has enough of them.
        """
        batches = super().get(batch_size)
        if not self.discarded.any():
            yield from batches
            return
        is_empty = True
        for batch in batches:
            if batch is not None:
                is_empty = False
                yield batch
        if is_empty:
            raise RobotFault(
                "every transition of this rollout was interrupted: nothing to learn from; "
                "look at the link to the robot"
            )

    def _get_samples(self, batch_inds: np.ndarray, *more: Any) -> Any:
        if not self.discarded.any():
            return super()._get_samples(batch_inds, *more)
        valid = self._valid(batch_inds)
        if valid.sum() < self.smallest_batch:
            return None
        return super()._get_samples(batch_inds[valid], *more)

    def _valid(self, batch_inds: np.ndarray) -> np.ndarray:
        """Say which steps of the flattened buffer (environment by environment) are valid."""
        valid: np.ndarray = ~self.discarded.swapaxes(0, 1).reshape(-1)[batch_inds]
        return valid


class RecurrentRolloutDiscards(RolloutDiscards):
    """The same for sb3-contrib's recurrent buffers, which mask steps of padded sequences."""

    def _get_samples(self, batch_inds: np.ndarray, *more: Any) -> Any:
        valid = self._valid(batch_inds)
        if valid.all():
            return super()._get_samples(batch_inds, *more)
        if valid.sum() < self.smallest_batch:
            return None
        # Past our parent: the sequences stay whole, for the memory of the steps after.
        sample: Any = super(RolloutDiscards, self)._get_samples(batch_inds, *more)
        memory: Any = self  # sb3-contrib's, whose padding fits the sequences of this minibatch
        return sample._replace(mask=sample.mask * memory.pad_and_flatten(valid.astype(np.float32)))
