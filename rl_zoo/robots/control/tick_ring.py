"""The last seconds of the control loop, tick by tick, in memory that other processes can read."""

from __future__ import annotations

import mmap
import zlib
from typing import Any

import numpy as np

from rl_zoo.robots.control.shared_memory import Record, aligned

RING_SECONDS = 12.0
"""Of ticks that are kept."""
_HEADER = 64
_MARGIN = 16
"""Slots that a reader leaves to the writer, which goes on meanwhile."""


class TickRing:
    """Records of one writer, numbered from 0, the last ``n_slots`` of which are kept.

    Each record carries a checksum over itself and its number: a reader that was overtaken, or that
    sees stores out of order (ARM), notices. The writer never waits.

    Args:
        memory: All of it belongs to the ring; all zeros at the start.
        dtype: Of one record.
    """

    def __init__(self, memory: mmap.mmap, dtype: np.dtype[Any]) -> None:
        self.dtype = dtype
        self._memory = memory
        self._stride = aligned(dtype.itemsize)
        self.n_slots = (len(memory) - _HEADER) // (self._stride + 8)
        self._count = np.frombuffer(memory, np.uint64, count=1)
        self._checks = np.frombuffer(memory, np.uint64, count=self.n_slots, offset=_HEADER)
        self._start = aligned(_HEADER + 8 * self.n_slots)

    @staticmethod
    def size_of(dtype: np.dtype[Any], rate: float) -> int:
        """Return the bytes needed for ``RING_SECONDS`` at ``rate`` Hz."""
        n_slots = int(RING_SECONDS * rate) + 2 * _MARGIN
        return 2 * _HEADER + n_slots * (8 + aligned(dtype.itemsize))

    @property
    def count(self) -> int:
        """Return how many records have been written."""
        return int(self._count[0])

    def append(self, record: Record) -> None:
        """Write a record over the oldest one."""
        number = self.count
        raw = record.tobytes()
        place = self._start + (number % self.n_slots) * self._stride
        self._memory[place : place + len(raw)] = raw
        self._checks[number % self.n_slots] = _checksum(raw, number)
        self._count[0] = number + 1

    def read(self, first: int = 0) -> tuple[Record, int]:
        """Return the whole records from number ``first`` on, and the number to go on with.

        Args:
            first: Number of the first wanted; what has been overwritten is left out.

        Returns:
            Records in order, shape (n,), and the number of the one that comes next.
        """
        end = self.count
        begin = max(first, end - self.n_slots + _MARGIN)
        raws = []
        for number in range(begin, end):
            place = self._start + (number % self.n_slots) * self._stride
            raw = self._memory[place : place + self.dtype.itemsize]
            if _checksum(raw, number) == self._checks[number % self.n_slots]:
                raws.append(raw)
            elif number >= self.count - self.n_slots + _MARGIN:
                return self._joined(raws), number  # Not there yet: it comes with the next call.
        return self._joined(raws), end

    def _joined(self, raws: list[bytes]) -> Record:
        return np.frombuffer(b"".join(raws), self.dtype)


def _checksum(raw: bytes, number: int) -> int:
    # Zero marks a slot that has never been written.
    return zlib.crc32(raw, number & 0xFFFFFFFF) or 1
