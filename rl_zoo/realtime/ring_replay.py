"""The replay ring as an SB3 replay buffer: what is sampled is read where the actor wrote it.

Positions are SB3's: a buffer of ``buffer_size`` places that is filled from the start and then goes
round. The ring has ``MARGIN`` rows more, so that its writer overwrites none that can be sampled.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.buffers import BaseBuffer, ReplayBuffer
from stable_baselines3.common.type_aliases import ReplayBufferSamples
from stable_baselines3.common.vec_env import VecNormalize

from rl_zoo.errors import DamagedFileError, RobotFault
from rl_zoo.realtime.ring import Ring
from rl_zoo.realtime.ring_layout import MARGIN

Array = NDArray[Any]
Slots = NDArray[np.int64]

_ATTEMPTS = 1000
_MOST_ROWS = 65536
_DISTANCE = MARGIN // 2
"""Rows between the writer and the oldest that is sampled, for one block of updates."""


class RingReplay(ReplayBuffer):
    """Samples the rows of a ring, bit for bit as SB3's buffer with the same content would.

    New rows are sampled from once ``advance`` has seen them. A transition that was interrupted
    (``discard``) is never sampled.

    Args:
        ring: To read.
        device: Of the samples.

    Attributes:
        observations: As all arrays below a view of the ring's rows, by slot.
            Shape: (capacity, 1, ...).
        dones: Whether the task ended there; without the timeouts of SB3's ``dones``.
            Shape: (capacity, 1).
        timeouts: Zeros. Shape: (capacity, 1).
    """

    def __init__(self, ring: Ring, device: torch.device | str = "cpu") -> None:
        spec = ring.spec
        spaces = (spec.observation.space(), spec.action.space())
        BaseBuffer.__init__(self, spec.buffer_size, *spaces, device, n_envs=1)
        self.optimize_memory_usage = False
        self.handle_timeout_termination = True
        self.ring = ring
        rows = ring.rows[:, None]
        self.observations, self.next_observations = rows["observation"], rows["next_observation"]
        self.actions, self.rewards, self.dones = rows["action"], rows["reward"], rows["terminated"]
        self.timeouts = np.broadcast_to(np.float32(0.0), self.dones.shape)
        self._n_seen = 0
        self._holes: deque[int] = deque()

    @property
    def n_seen(self) -> int:
        """Return how many transitions of the run can be, or could have been, sampled."""
        return self._n_seen

    @n_seen.setter
    def n_seen(self, number: int) -> None:
        """Continue where another learner stopped; rows lost in a power failure are not counted."""
        number = min(number, self.ring.committed)
        first = max(0, number - self.buffer_size, self._oldest_safe())
        numbers = np.arange(first, max(first, number))
        discarded = self.ring.rows["discard"][numbers % self.ring.capacity] != 0
        self._holes = deque(numbers[discarded].tolist())
        self._see(number)

    def advance(self, limit: int | None = None) -> Array:
        """Take new rows in; return a copy of them, in order.

        Args:
            limit: At most so many rows; None: what there is (a large rest comes with the next
                call).

        Returns:
            Rows as described by ``row_dtype``. Shape: (n,). Rows that were overwritten before
            anyone saw them are left out.

        Raises:
            DamagedFileError: If a row does not agree with its checksum.
        """
        first = max(self._n_seen, self._oldest_safe())
        end = min(self.ring.committed, first + min(limit or _MOST_ROWS, _MOST_ROWS))
        for number in range(first, end):
            self._check(number)
        rows = self.ring.read(first, max(first, end))
        self._holes.extend((first + np.flatnonzero(rows["discard"])).tolist())
        self._see(max(first, end))
        return rows

    def _check(self, number: int) -> None:
        # Some processors (ARM) show the counter before the row: it follows within nanoseconds.
        if not any(self.ring.is_whole(number) for _ in range(_ATTEMPTS)):
            raise DamagedFileError(
                f"{self.ring.path}: transition {number} is damaged; train --resume repairs the file"
            )

    def _see(self, n_seen: int) -> None:
        self._n_seen = n_seen
        self.pos, self.full = n_seen % self.buffer_size, n_seen >= self.buffer_size
        while self._holes and self._holes[0] < n_seen - self.buffer_size:
            self._holes.popleft()

    def choose_rows(self, batch_size: int) -> Slots:
        """Draw the slots of a minibatch with the random numbers of ``sample``.

        They stay as they are until the writer is ``MARGIN / 2`` rows further.

        Raises:
            RobotFault: If there is nothing to learn from.
        """
        positions = np.random.randint(0, self.size(), size=batch_size)
        if self._holes:
            positions = self._without_holes(positions)
        numbers = self._numbers(positions)
        lost = numbers < self._oldest_safe()
        if lost.any():  # this learner is far behind the writer
            numbers = self._without_lost(numbers, lost)
        slots: Slots = numbers % self.ring.capacity
        return slots

    def sample(self, batch_size: int, env: VecNormalize | None = None) -> ReplayBufferSamples:
        """Sample transitions.

        Args:
            batch_size: How many.
            env: Normalises observations and rewards; None: they stay as they are.
        """
        return self._get_samples(self.choose_rows(batch_size), env=env)

    def add(self, *args: Any, **kwargs: Any) -> None:
        """Refuse: the actor's process adds."""
        raise TypeError("RingReplay is read only: transitions come from the ring's writer")

    def reset(self) -> None:
        """Refuse: what is stored stays."""
        raise TypeError("RingReplay is read only: it cannot be emptied")

    def _oldest_safe(self) -> int:
        """Return the number of the oldest row that stays for a while."""
        return self.ring.committed - self.ring.capacity + _DISTANCE

    def _numbers(self, positions: Slots) -> Slots:
        """Return the rows' numbers at places of SB3's buffer."""
        last = self._n_seen - 1
        return last - (last - positions) % self.buffer_size

    def _without_holes(self, positions: Slots) -> Slots:
        """Draw again what was interrupted, among all places that were not (``ReplayDiscards``)."""
        holes = np.sort(np.array(self._holes, dtype=np.int64) % self.buffer_size)
        drawn = np.isin(positions, holes)
        if drawn.any():
            n_valid = self.size() - len(holes)
            if n_valid == 0:
                raise RobotFault(
                    "every transition in the replay buffer was interrupted: nothing to learn from; "
                    "look at the link to the robot, or raise learning_starts"
                )
            chosen = np.random.choice(n_valid, size=int(drawn.sum()))
            # The k-th valid place lies behind all holes with at most k valid places before them.
            before = holes - np.arange(len(holes))
            positions[drawn] = chosen + np.searchsorted(before, chosen, side="right")
        return positions

    def _without_lost(self, numbers: Slots, lost: NDArray[np.bool_]) -> Slots:
        first = self._oldest_safe()
        kept = np.setdiff1d(np.arange(first, self._n_seen), np.array(self._holes, dtype=np.int64))
        if len(kept) == 0:
            raise RobotFault(
                f"{self.ring.path}: all {self._n_seen} transitions that the learner knows were "
                "overwritten; it must take new ones in first"
            )
        numbers[lost] = np.random.choice(kept, size=int(lost.sum()))
        return numbers
