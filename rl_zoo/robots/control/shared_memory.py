"""Memory that two processes share: the newest value of one writer, read without any lock.

The memory is anonymous (``memfd``) and handed to the other process as a file descriptor: whoever
dies, nothing is left behind.
"""

from __future__ import annotations

import mmap
import os
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

N_SLOTS = 4
"""Values kept: a reader is disturbed only if the writer comes round during its copy."""
_ALIGNMENT = 64
_ATTEMPTS = 50

Record = NDArray[np.void]
"""Values with named fields (structured array)."""


def create_memory(name: str, size: int) -> int:
    """Create zeroed memory and return its file descriptor (not inherited unless passed).

    Args:
        name: Shown in ``/proc/<pid>/maps``; need not be unique.
        size: In bytes.
    """
    descriptor = os.memfd_create(name, os.MFD_CLOEXEC)
    os.ftruncate(descriptor, size)
    return descriptor


def map_memory(descriptor: int) -> mmap.mmap:
    """Map all of the memory behind a file descriptor, shared with every other process."""
    return mmap.mmap(descriptor, os.fstat(descriptor).st_size, mmap.MAP_SHARED)


def aligned(size: int) -> int:
    """Return ``size`` rounded up so that what follows lies on its own cache line."""
    return -(-size // _ALIGNMENT) * _ALIGNMENT


class SharedRecord:
    """The newest value of a single writer (sequence lock with a checksum).

    The writer fills another slot than the newest, then counts; the checksum covers value and count,
    so that a torn value is recognised on processors that reorder stores (ARM) too.

    Args:
        memory: Where it lies; all zeros before the first value.
        offset: Place in ``memory`` in bytes, aligned.
        dtype: Of the value.
    """

    def __init__(self, memory: mmap.mmap, offset: int, dtype: np.dtype[Any]) -> None:
        self._memory = memory
        self._dtype = dtype
        self._offset = offset
        self._count = np.frombuffer(memory, np.uint64, count=1, offset=offset)
        self._checks = np.frombuffer(memory, np.uint64, count=N_SLOTS, offset=offset + 8)
        self._seen = 0
        self._newest: Record | None = None

    @staticmethod
    def size_of(dtype: np.dtype[Any]) -> int:
        """Return the bytes that a value of this type takes in shared memory."""
        return _ALIGNMENT + N_SLOTS * aligned(dtype.itemsize)

    @property
    def count(self) -> int:
        """Return how many values have been written."""
        return int(self._count[0])

    def write(self, value: Record) -> None:
        """Publish a value; only one thread of one process may do this."""
        count = self.count + 1
        raw = value.tobytes()
        start = self._start(count)
        self._memory[start : start + len(raw)] = raw
        self._checks[count % N_SLOTS] = _checksum(raw, count)
        self._count[0] = count

    def read(self) -> Record | None:
        """Return the newest value, None if there is none (yet) that is whole."""
        for _ in range(_ATTEMPTS):
            count = self.count
            if count == self._seen:
                return self._newest
            start = self._start(count)
            raw = self._memory[start : start + self._dtype.itemsize]
            if _checksum(raw, count) == self._checks[count % N_SLOTS]:
                self._seen = count
                self._newest = np.frombuffer(raw, self._dtype)[0]
                return self._newest
        return self._newest

    def _start(self, count: int) -> int:
        slot = count % N_SLOTS
        return self._offset + _ALIGNMENT + slot * aligned(self._dtype.itemsize)


def _checksum(raw: bytes, count: int) -> int:
    return zlib.crc32(raw, count & 0xFFFFFFFF)
