"""Orders and snapshots as rows of fixed size, and the memory through which they travel."""

from __future__ import annotations

import mmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_zoo.robots.control.cadence import CADENCE_DTYPE
from rl_zoo.robots.control.link import Snapshot
from rl_zoo.robots.control.modes import Interruption, Mode, Request
from rl_zoo.robots.control.shared_memory import Record, SharedRecord, aligned
from rl_zoo.robots.control.tick_record import FAULT_BYTES, state_dtype, state_of_row, state_row
from rl_zoo.robots.spec import FloatArray, RobotSpec

N_REQUESTS = 8
"""Newest requests that an order carries: several between two ticks are all carried out."""


class Exchange:
    """What a control process and its owner share beside the ring of ticks.

    Attributes:
        orders: Written by the owner.
        snapshots: Written by the control process.
        cadence: Counters of ``CADENCE_DTYPE``, shape (1,); written by the control process.
    """

    def __init__(self, memory: mmap.mmap, spec: RobotSpec) -> None:
        order, snapshot = order_dtype(spec.n_joints), snapshot_dtype(spec)
        offset = aligned(CADENCE_DTYPE.itemsize)
        self.orders = SharedRecord(memory, offset, order)
        self.snapshots = SharedRecord(memory, offset + SharedRecord.size_of(order), snapshot)
        self.cadence: NDArray[np.void] = np.frombuffer(memory, CADENCE_DTYPE, count=1)

    @staticmethod
    def size_for(spec: RobotSpec) -> int:
        """Return the bytes that the exchange takes for a robot."""
        dtypes = (order_dtype(spec.n_joints), snapshot_dtype(spec))
        return aligned(CADENCE_DTYPE.itemsize) + sum(map(SharedRecord.size_of, dtypes))


class OrderWriter:
    """The owner's side: puts requests and actions into the shared memory.

    Args:
        block: Of the orders.
        n_joints: Size of a target.
    """

    def __init__(self, block: SharedRecord, n_joints: int) -> None:
        self._block = block
        self._row = np.zeros(1, order_dtype(n_joints))

    def request(self, request: Request) -> None:
        """Append a request."""
        row = self._row[0]
        row["requests"][row["request_sequence"] % N_REQUESTS] = request
        row["request_sequence"] += 1
        self._block.write(self._row)

    def act(self, target: FloatArray) -> None:
        """Replace the target (rad, shape (n_joints,))."""
        row = self._row[0]
        row["target"] = target
        row["target_sequence"] += 1
        self._block.write(self._row)


def order_dtype(n_joints: int) -> np.dtype[Any]:
    """Return the row of the owner's wishes; a target of sequence 0 is none."""
    return np.dtype(
        [
            ("request_sequence", "i8"),
            ("requests", "u1", (N_REQUESTS,)),
            ("target_sequence", "i8"),
            ("target", "f8", (n_joints,)),
        ]
    )


def snapshot_dtype(spec: RobotSpec) -> np.dtype[Any]:
    """Return the row of a ``Snapshot``."""
    return np.dtype(
        [
            ("time", "f8"),
            ("tick", "i8"),
            ("state", state_dtype(spec)),
            ("mode", "u1"),
            ("interruption", "u1"),
            ("ending", "u1"),
            ("epoch", "i8"),
            ("command", "f8", (spec.n_joints,)),
            ("target_sequence", "i8"),
            ("n_guarded", "i8"),
            ("n_late", "i8"),
            ("n_stale", "i8"),
            ("fault", f"S{FAULT_BYTES}"),
        ]
    )


def snapshot_row(snapshot: Snapshot) -> tuple[Any, ...]:
    """Return the values of ``snapshot_dtype`` for a snapshot."""
    return (
        snapshot.time,
        snapshot.tick,
        state_row(snapshot.state),
        snapshot.mode,
        snapshot.interruption,
        snapshot.ending,
        snapshot.epoch,
        snapshot.command,
        snapshot.target_sequence,
        snapshot.n_guarded,
        snapshot.n_late,
        snapshot.n_stale,
        snapshot.fault.encode()[:FAULT_BYTES],
    )


def snapshot_of_row(row: Record) -> Snapshot:
    """Return the snapshot in a row of ``snapshot_dtype``; inverse of ``snapshot_row``."""
    return Snapshot(
        time=float(row["time"]),
        tick=int(row["tick"]),
        state=state_of_row(row["state"]),
        mode=Mode(int(row["mode"])),
        interruption=Interruption(int(row["interruption"])),
        ending=Interruption(int(row["ending"])),
        epoch=int(row["epoch"]),
        command=row["command"].copy(),
        target_sequence=int(row["target_sequence"]),
        n_guarded=int(row["n_guarded"]),
        n_late=int(row["n_late"]),
        n_stale=int(row["n_stale"]),
        fault=bytes(row["fault"]).decode(errors="ignore"),
    )
