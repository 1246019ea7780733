"""Keep transitions in one memory-mapped file: one writer, any number of readers, no locks.

The file is the replay buffer and survives: a row is committed by raising the counter in the header
after the row's bytes are in place, and what was stored belongs to the kernel, so that killing all
processes loses nothing that was committed. (After a power failure see ``ring_repair``.) The file
grows with what is stored, up to its capacity; then the oldest row is overwritten.
"""

from __future__ import annotations

import fcntl
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rl_zoo.errors import ConfigError, DamagedFileError, RobotFault, UsageError
from rl_zoo.realtime.file_mapping import map_file
from rl_zoo.realtime.ring_layout import (
    COUNTER_OFFSET,
    RingSpec,
    header_of,
    read_header,
    row_dtype,
)
from rl_zoo.runs.atomic import write_bytes

CHUNK_BYTES = 256 * 1024
"""By which the file grows."""
RESERVED_ROWS = 256
"""Rows that ``RingWriter.reserve`` keeps ready."""
_FLAGS = np.array([[n >> bit & 1 for bit in range(4)] for n in range(16)], "<f4")

Array = NDArray[Any]


class Ring:
    """A ring to read from.

    Args:
        path: Of its file.

    Attributes:
        spec: What it holds.
        rows: All rows, of which only those from ``oldest`` to ``committed`` may be touched: row
            number ``n`` is ``rows[n % capacity]``. Shape: (capacity,).

    Raises:
        DamagedFileError: If the file is not a ring, or shorter than what it says it holds.
    """

    def __init__(self, path: Path) -> None:
        self._map(path, os.O_RDONLY)

    def _map(self, path: Path, mode: int) -> None:
        self.path = path
        descriptor = os.open(path, mode | os.O_CLOEXEC)
        try:
            with path.open("rb") as file:
                self.spec, start = read_header(file, path)
            self.dtype = row_dtype(self.spec)
            self.capacity = self.spec.capacity
            self._start = start
            size = start + self.capacity * self.dtype.itemsize
            content = map_file(descriptor, size, writable=mode == os.O_RDWR)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        self._bytes = content.data
        self._counter = content[COUNTER_OFFSET : COUNTER_OFFSET + 8].view("<u8")
        self.rows: Array = content[start:].view(self.dtype)
        self._checked = int(self.dtype.fields["checksum"][1])  # type: ignore[index]
        n_rows = self.file_rows
        if n_rows < min(self.committed, self.capacity):
            Ring.close(self)
            raise DamagedFileError(
                f"{path}: holds {n_rows} transitions instead of {self.committed}; "
                "was the file copied incompletely?"
            )

    @property
    def committed(self) -> int:
        """Return how many rows were ever committed; the newest is number ``committed - 1``."""
        return int(self._counter[0])

    @property
    def oldest(self) -> int:
        """Return the number of the oldest row that the writer is not about to overwrite."""
        return max(0, self.committed - self.capacity + 1)

    @property
    def file_rows(self) -> int:
        """Return how many rows the file has room for now."""
        size = os.fstat(self._descriptor).st_size
        return min((size - self._start) // self.dtype.itemsize, self.capacity)

    def is_whole(self, number: int) -> bool:
        """Tell whether the row of this number is there, agreeing with its checksum."""
        slot = number % self.capacity
        row: Any = self.rows[slot]
        return int(row["sequence"]) == number and int(row["checksum"]) == self._checksum(slot)

    def read(self, first: int, end: int) -> Array:
        """Return a copy of the rows numbered ``first`` to ``end - 1``. Shape: (end - first,)."""
        return self.rows[np.arange(first, end) % self.capacity]

    def sync(self) -> None:
        """Wait until what is committed is on the disk (against power failures)."""
        os.fsync(self._descriptor)

    def close(self) -> None:
        """Let go of the file; the rows stay readable as long as they are held."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _checksum(self, slot: int) -> int:
        place = self._start + slot * self.dtype.itemsize
        return zlib.crc32(self._bytes[place : place + self._checked])


class RingWriter(Ring):
    """The only writer of a ring.

    Args:
        path: Of the file, made by ``create_ring``.

    Raises:
        UsageError: If another process writes to it.
        DamagedFileError: As for ``Ring``.
    """

    def __init__(self, path: Path) -> None:
        self._map(path, os.O_RDWR)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self.close()
            raise UsageError(
                f"{path}: another process stores transitions there; stop it first"
            ) from error
        self._room = self.file_rows
        self._refusal = ""
        columns = {name: self.rows[name] for name in ("observation", "next_observation", "action")}
        self._observations, self._following, self._actions = columns.values()
        self._rewards, self._sequences = self.rows["reward"], self.rows["sequence"]
        self._checksums = self.rows["checksum"]
        self._ends = np.ndarray(
            (self.capacity, 4),
            "<f4",
            self._bytes,
            self._start + int(self.dtype.fields["terminated"][1]),  # type: ignore[index]
            (self.dtype.itemsize, 4),
        )

    def append(
        self,
        observation: ArrayLike,
        action: ArrayLike,
        reward: float,
        next_observation: ArrayLike,
        flags: int,
    ) -> int:
        """Store one transition and commit it; return its number.

        It is acknowledged once this returns.

        Args:
            observation: That the action was chosen for.
            action: In [-1, 1].
            reward: Raw.
            next_observation: At the end of an episode its last one.
            flags: ``TERMINATED | TRUNCATED | DISCARD | START`` of ``ring_layout``.

        Raises:
            RobotFault: If the disk is full.
        """
        number = int(self._counter[0])
        slot = number % self.capacity
        if slot >= self._room and not self._grow(slot + 1):
            raise RobotFault(
                f"{self.path}: {self._refusal}, transition {number} cannot be stored; "
                "free some space and go on with --resume"
            )
        self._observations[slot] = observation
        self._following[slot] = next_observation
        self._actions[slot] = action
        self._rewards[slot] = reward
        self._ends[slot] = _FLAGS[flags]
        self._sequences[slot] = number
        place = self._start + slot * self.dtype.itemsize
        self._checksums[slot] = zlib.crc32(self._bytes[place : place + self._checked])
        self._counter[0] = number + 1
        return number

    @property
    def room(self) -> int:
        """Return how many rows can be appended for sure, whatever happens to the disk."""
        return self._room - self.committed if self._room < self.capacity else self.capacity

    def reserve(self) -> bool:
        """Make room for the rows to come; to be called where a millisecond does not matter.

        Returns:
            Whether there is room for ``RESERVED_ROWS``; if not, the disk is full: end the run while
            ``room`` lasts.
        """
        if self.room >= RESERVED_ROWS:
            return True
        return self._grow(min(self.committed + RESERVED_ROWS, self.capacity))

    def close(self) -> None:
        """Let another writer in; nothing may be appended any more."""
        if self._descriptor >= 0:
            # The mapping holds the file open, and with it the lock.
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        super().close()

    def set_committed(self, number: int) -> None:
        """Let the ring end after ``number`` rows (for its repair, while nobody reads)."""
        self._counter[0] = number

    def _grow(self, n_rows: int) -> bool:
        """Let the file hold at least ``n_rows``; return whether it does."""
        size = os.fstat(self._descriptor).st_size
        wanted = self._start + n_rows * self.dtype.itemsize
        whole = self._start + self.capacity * self.dtype.itemsize
        end = min(-(-wanted // CHUNK_BYTES) * CHUNK_BYTES, whole)
        try:
            if end > size:
                os.posix_fallocate(self._descriptor, size, end - size)
        except OSError as error:
            self._refusal = error.strerror or str(error)
            return False
        self._room = self.file_rows
        self._bytes[size:end:4096] = bytes(len(range(size, end, 4096)))  # no page fault later
        return True


def create_ring(path: Path, spec: RingSpec) -> None:
    """Create an empty ring, whole or not at all.

    Raises:
        ConfigError: If the buffer's size is not positive, or the file exists.
    """
    if spec.buffer_size < 1:
        raise ConfigError(f"buffer_size: must be at least 1, not {spec.buffer_size}")
    if path.exists():
        raise ConfigError(f"{path}: exists already")
    write_bytes(path, header_of(spec))
