"""Keep transitions in one memory-mapped file: one writer, any number of readers, no locks.

Layout: a page of header (JSON text, padded with zeros; the last 8 bytes hold the number of rows
ever committed, little-endian), then ``capacity`` rows of equal size. A row is committed by raising
that number after the row's bytes are in place. The mapping is shared, so what was stored belongs to
the kernel: killing the processes loses nothing that was committed (a power failure may). The file
is sparse: it takes up disk space only for what was stored.
"""

from __future__ import annotations

import json
import os
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from rl_zoo.errors import ConfigError, DamagedFileError

HEADER_BYTES = 4096
MAGIC = "rl_zoo ring 1"
TERMINATED, TRUNCATED, DISCARD = 1, 2, 4


def row_dtype(observation_size: int, action_size: int) -> np.dtype[Any]:
    """Describe one transition: observations and action in float32, reward, flags, order, checksum.

    Args:
        observation_size: Entries of an observation.
        action_size: Entries of an action (scaled to [-1, 1] as SB3 stores it).
    """
    return np.dtype(
        [
            ("observation", "<f4", (observation_size,)),
            ("next_observation", "<f4", (observation_size,)),
            ("action", "<f4", (action_size,)),
            ("reward", "<f4"),
            ("flags", "<u4"),
            ("sequence", "<u8"),
            ("checksum", "<u4"),
        ]
    )


class Ring:
    """Hold the mapped file: ``rows`` (capacity,) and the number of committed rows."""

    def __init__(self, path: Path, *, writable: bool = False) -> None:
        """Map an existing ring.

        Raises:
            DamagedFileError: The file is not a ring, or shorter than its header says.
        """
        self.path = path
        header = _read_header(path)
        self.dtype = row_dtype(header["observation_size"], header["action_size"])
        self.capacity: int = header["capacity"]
        size = HEADER_BYTES + self.capacity * self.dtype.itemsize
        if path.stat().st_size != size:
            raise DamagedFileError(f"{path}: {path.stat().st_size} bytes instead of {size}.")
        mode: Any = "r+" if writable else "r"
        self._bytes = np.memmap(path, dtype=np.uint8, mode=mode)
        self.rows: np.ndarray[Any, Any] = self._bytes[HEADER_BYTES:].view(self.dtype)
        self._counter = self._bytes[HEADER_BYTES - 8 : HEADER_BYTES].view("<u8")
        self._checked = self.dtype.itemsize - 4

    @property
    def committed(self) -> int:
        """Count the rows ever committed; the newest is row ``(committed - 1) % capacity``."""
        return int(self._counter[0])

    def append(
        self,
        observation: np.ndarray[Any, Any],
        action: np.ndarray[Any, Any],
        reward: float,
        next_observation: np.ndarray[Any, Any],
        flags: int,
    ) -> int:
        """Store one transition and commit it; return its sequence number.

        Only one process may append. A transition is acknowledged once this returns.
        """
        sequence = self.committed
        slot = sequence % self.capacity
        row = self.rows[slot : slot + 1]
        row["observation"], row["next_observation"] = observation, next_observation
        row["action"], row["reward"], row["flags"] = action, reward, flags
        row["sequence"] = sequence
        row["checksum"] = self._checksum(slot)
        self._counter[0] = sequence + 1
        return sequence

    def is_whole(self, slot: int) -> bool:
        """Tell whether a row's bytes agree with its checksum."""
        return int(self.rows["checksum"][slot]) == self._checksum(slot)

    def check(self) -> None:
        """Check the checksum and order of every committed row that the ring still holds.

        The slot of the oldest row is left out once the ring is full: a writer killed in the middle
        of overwriting it leaves it torn, and the row that was there was due to go.

        Raises:
            DamagedFileError: A row is torn or out of order.
        """
        committed = self.committed
        first = max(0, committed - self.capacity + (committed >= self.capacity))
        for sequence in range(first, committed):
            slot = sequence % self.capacity
            if not self.is_whole(slot) or int(self.rows["sequence"][slot]) != sequence:
                raise DamagedFileError(f"{self.path}: row {sequence} is damaged.")

    def _checksum(self, slot: int) -> int:
        start = HEADER_BYTES + slot * self.dtype.itemsize
        return zlib.crc32(self._bytes[start : start + self._checked].data)


def create_ring(path: Path, capacity: int, observation_size: int, action_size: int) -> Ring:
    """Create an empty ring, whole or not at all, and map it for writing.

    Raises:
        ConfigError: The capacity is not positive.
    """
    if capacity < 1:
        raise ConfigError(f"{path}: a ring needs room for at least one row, not {capacity}.")
    sizes = {"observation_size": observation_size, "action_size": action_size}
    text = json.dumps({"magic": MAGIC, "capacity": capacity, **sizes}).encode()
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    with temporary.open("wb") as file:
        file.write(text.ljust(HEADER_BYTES, b"\0"))
        file.truncate(HEADER_BYTES + capacity * row_dtype(observation_size, action_size).itemsize)
    temporary.replace(path)
    return Ring(path, writable=True)


def _read_header(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        text = file.read(HEADER_BYTES)[:-8].rstrip(b"\0")
    try:
        header = json.loads(text)
    except ValueError:
        header = None
    if not isinstance(header, dict) or header.get("magic") != MAGIC:
        raise DamagedFileError(f"{path}: not a replay ring of rl_zoo.")
    return header
