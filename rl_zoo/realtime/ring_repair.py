"""Find and mend what a power failure left half-written in a replay ring.

Killed processes leave nothing to mend. When the computer itself stops, pages of the file reach the
disk in any order: the newest rows, or the counter, may be those of some seconds before.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rl_zoo.errors import DamagedFileError
from rl_zoo.realtime.ring import Ring, RingWriter
from rl_zoo.realtime.ring_layout import COUNTER_OFFSET, read_header, row_dtype

_MOST_HOLES = 0.1
"""Share of damaged rows from which on the file is not trusted at all."""


@dataclass(frozen=True)
class Repair:
    """What was done to a ring."""

    n_rows: int
    """Committed rows, afterwards."""
    n_cut: int = 0
    """Rows that are gone from the end."""
    n_found: int = 0
    """Whole rows behind the counter, which count again."""
    n_holes: int = 0
    """Damaged rows among whole ones: marked as interrupted, never learned from."""

    @property
    def is_clean(self) -> bool:
        """Return whether nothing had to be done."""
        return not (self.n_cut or self.n_found or self.n_holes)

    def text(self) -> str:
        """Say what was done, as one line."""
        if self.is_clean:
            return f"replay ring: {self.n_rows} transitions, all whole"
        done = [
            (self.n_cut, "torn ones cut from the end"),
            (self.n_holes, "damaged ones taken out"),
            (self.n_found, "recovered behind the counter"),
        ]
        told = ", ".join(f"{number} {what}" for number, what in done if number)
        return f"replay ring: {self.n_rows} transitions; after a power failure: {told}"


def damaged_rows(ring: Ring) -> list[int]:
    """Return the numbers of the rows to learn from that do not agree with their checksum."""
    first = max(0, ring.committed - ring.spec.buffer_size)
    return [number for number in range(first, ring.committed) if not ring.is_whole(number)]


def repair_ring(path: Path) -> Repair:
    """Make a ring whole again; to be called before anyone opens it.

    Raises:
        DamagedFileError: If the file is not a ring, or more of it is damaged than a power failure
            explains.
        UsageError: If another process writes to it.
    """
    n_missing = _forget_what_the_file_lacks(path)
    ring = RingWriter(path)
    try:
        n_found = _count_whole_rows_behind(ring)
        damaged = damaged_rows(ring)
        if len(damaged) > max(1.0, _MOST_HOLES * min(ring.committed, ring.spec.buffer_size)):
            raise DamagedFileError(
                f"{path}: {len(damaged)} of {ring.committed} transitions are damaged; "
                "restore the file from a copy, or start a new run from one of this run's models "
                "with -i"
            )
        n_cut = 0
        while damaged and damaged[-1] == ring.committed - 1:
            damaged.pop()
            ring.set_committed(ring.committed - 1)
            n_cut += 1
        # Rows that come into reach again by the cut may have been overwritten already.
        damaged = damaged_rows(ring) if n_cut else damaged
        for number in damaged:
            _make_hole(ring, number)
        if n_missing or n_found or n_cut or damaged:
            ring.sync()
        return Repair(ring.committed, n_cut + n_missing, n_found, len(damaged))
    finally:
        ring.close()


def _forget_what_the_file_lacks(path: Path) -> int:
    """Lower the counter to what the file has room for; return by how much."""
    with path.open("r+b") as file:
        spec, start = read_header(file, path)
        file.seek(COUNTER_OFFSET)
        committed = int.from_bytes(file.read(8), "little")
        n_rows = (path.stat().st_size - start) // row_dtype(spec).itemsize
        if n_rows >= min(committed, spec.capacity):
            return 0
        if committed > spec.capacity:
            raise DamagedFileError(
                f"{path}: has room for {n_rows} transitions instead of {spec.capacity}; "
                "was the file copied incompletely?"
            )
        file.seek(COUNTER_OFFSET)
        file.write(n_rows.to_bytes(8, "little"))
        return committed - n_rows


def _count_whole_rows_behind(ring: RingWriter) -> int:
    n_found = 0
    while ring.committed % ring.capacity < ring.file_rows and ring.is_whole(ring.committed):
        ring.set_committed(ring.committed + 1)
        n_found += 1
    return n_found


def _make_hole(ring: RingWriter, number: int) -> None:
    """Write an interrupted transition without content, at which its episode ends."""
    row: Any = np.zeros(1, ring.dtype)
    row["truncated"] = row["discard"] = 1.0
    row["sequence"] = number
    n_checked = int(ring.dtype.fields["checksum"][1])  # type: ignore[index]
    row["checksum"] = zlib.crc32(row.view(np.uint8)[:n_checked])
    slot = number % ring.capacity
    ring.rows[slot : slot + 1] = row
