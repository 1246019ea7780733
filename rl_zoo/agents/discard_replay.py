"""Replay buffers that never give back an interrupted transition."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import torch

from rl_zoo.agents.extended_buffer import ExtendedReplayBuffer
from rl_zoo.errors import RobotFault
from rl_zoo.wrappers.episode_control import DISCARD

Observation = Any  # an array or, for Dict observations, a dict of arrays

_PER_STEP = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")


class ReplayDiscards(ExtendedReplayBuffer):
    """Mixin for replay buffers of SB3: a transition with ``info["discard"]`` leaves a hole.

    The hole holds the state before the interruption and nothing from after it, and is never
    sampled. The transition before it ends there as by a timeout: returns of several steps and
    hindsight goals do not cross the hole, and the value of its own next observation is
    bootstrapped. Without holes every random number and every sample is SB3's.

    Attributes:
        discarded: The holes. Shape: (buffer_size, n_envs), of each environment.
    """

    discarded: np.ndarray

    def prepare(self) -> None:
        """Start without holes."""
        self.discarded = np.zeros((self.buffer_size, self.n_envs), dtype=bool)

    def add(
        self,
        obs: Observation,
        next_obs: Observation,
        action: np.ndarray,
        reward: np.ndarray,
        done: np.ndarray,
        infos: list[dict[str, Any]],
    ) -> None:
        """Store a step of every environment."""
        row = self.pos
        holes = np.array([bool(info.get(DISCARD, False)) for info in infos])
        if holes.any():
            self._end_before(row, holes)
            next_obs = _replaced(next_obs, obs, holes)
            reward = np.where(holes, 0.0, reward)
            done = np.logical_or(holes, done)
        super().add(obs, next_obs, action, reward, done, infos)
        self.discarded[row] = holes
        if holes.any():
            self.timeouts[row][holes] = 1
            self._leave_hindsight(row, holes)

    def _get_samples(self, batch_inds: np.ndarray, env: Any = None) -> Any:
        if not self.discarded.any():
            return super()._get_samples(batch_inds, env)
        rows, environments = self._valid_cells(batch_inds)
        if self.n_envs == 1:
            return super()._get_samples(rows, env)
        parts = [
            self._one_environment(index)._get_samples(rows[environments == index], env)
            for index in np.unique(environments)
        ]
        return type(parts[0])(*map(_joined, zip(*parts, strict=True)))

    def _valid_cells(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return rows and environments of valid transitions, replacing the holes in ``rows``."""
        valid = ~self.discarded[: self.size()]
        if self.optimize_memory_usage and self.full:
            valid[self.pos] = False  # its next observation is overwritten
        rows = rows.copy()
        environments = np.random.randint(0, self.n_envs, size=len(rows))
        holes = ~valid[rows, environments]
        if holes.any():
            cells = np.flatnonzero(valid)
            if not len(cells):
                raise RobotFault(
                    "every transition in the replay buffer was interrupted: nothing to learn from; "
                    "look at the link to the robot, or raise learning_starts"
                )
            drawn = np.random.choice(cells, size=int(holes.sum()))
            rows[holes], environments[holes] = np.unravel_index(drawn, valid.shape)
        return rows, environments

    def _one_environment(self, index: int) -> Any:
        """Return a plain buffer that shares the memory of one environment."""
        view: Any = copy.copy(self)
        view.n_envs = 1
        for name in _PER_STEP:
            array = getattr(self, name, None)
            if isinstance(array, dict):
                part: Any = {key: item[:, index : index + 1] for key, item in array.items()}
            else:
                part = None if array is None else array[:, index : index + 1]
            setattr(view, name, part)
        return view

    def _end_before(self, row: int, holes: np.ndarray) -> None:
        """End the episodes that run into a hole with their last valid transition."""
        if row == 0 and not self.full:
            return
        last = (row - 1) % self.buffer_size
        running = holes & (self.dones[last] == 0)
        self.dones[last][running] = 1
        self.timeouts[last][running] = 1

    def _leave_hindsight(self, row: int, holes: np.ndarray) -> None:
        """Take holes out of the episodes from which hindsight goals are drawn (HER)."""
        memory: Any = self
        if not hasattr(memory, "ep_length"):
            return
        for index in np.flatnonzero(holes):
            length = memory.ep_length[row, index]
            steps = memory.ep_start[row, index] + np.arange(length)
            memory.ep_length[steps % memory.buffer_size, index] = length - 1
            memory.ep_length[row, index] = 0


def _replaced(target: Observation, source: Observation, where: np.ndarray) -> Observation:
    """Return ``target`` with the environments ``where`` taken from ``source``."""
    if isinstance(target, dict):
        return {key: _replaced(item, source[key], where) for key, item in target.items()}
    result = np.array(target)
    result[where] = np.asarray(source)[where]
    return result


def _joined(parts: tuple[Any, ...]) -> Any:
    """Concatenate one field of several samples: tensors, dicts of tensors, or None."""
    if parts[0] is None:
        return None
    if isinstance(parts[0], dict):
        return {key: torch.cat([part[key] for part in parts]) for key in parts[0]}
    return torch.cat(parts)
