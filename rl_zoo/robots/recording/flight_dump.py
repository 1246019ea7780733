"""The last seconds before (and the one after) a fault, tick by tick, as a file of plain arrays."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_zoo.robots.control.modes import Interruption, Mode
from rl_zoo.robots.control.shared_memory import Record

DUMPED = frozenset(
    (
        *(Interruption.STALE, Interruption.LINK, Interruption.MOTOR, Interruption.ESTOP),
        *(Interruption.LEARNER, Interruption.SAFETY_STOP),
    )
)
"""Interruptions that are dumped; falls, pauses and empty batteries belong to training."""


class FaultTrigger:
    """Tells from the ticks when a fault begins."""

    def __init__(self) -> None:
        self._previous = Interruption.NONE

    def reasons(self, rows: Record) -> list[str]:
        """Return the reasons of the faults that begin in these ticks.

        Args:
            rows: Ticks in order (``tick_dtype``). Shape: (n,).
        """
        found = []
        for mode, interruption in zip(rows["mode"], rows["interruption"], strict=True):
            reason = Interruption(int(interruption))
            is_fault = mode == Mode.FAULT or reason == Interruption.LEARNER
            now = reason if is_fault and reason in DUMPED else Interruption.NONE
            if now not in (self._previous, Interruption.NONE):
                found.append(now.reason)
            self._previous = now
        return found


def flight_path(folder: Path, reason: str) -> Path:
    """Return the name of a recording that is made now: ``flight_<utc>_<reason>.npz``."""
    return folder / f"flight_{utc_stamp()}_{reason}.npz"


def utc_stamp() -> str:
    """Return the time of day (UTC, ms) as it stands in file names."""
    now = time.time()
    seconds = time.strftime("%Y%m%dT%H%M%S", time.gmtime(now))
    return f"{seconds}.{int(now % 1.0 * 1000):03d}Z"


def write_flight(path: Path, rows: Record, about: Mapping[str, str]) -> None:
    """Write ticks as arrays: one per field, fields of the sample as ``sample_<field>``.

    The file appears whole or not at all.

    Args:
        path: Of the ``.npz``.
        rows: Ticks in order (``tick_dtype``). Shape: (n,).
        about: Kept as JSON in the array ``about``.
    """
    arrays = {**flat_fields(rows), "about": np.array(json.dumps(dict(about)))}
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def flat_fields(rows: Record, prefix: str = "") -> dict[str, NDArray[Any]]:
    """Return the fields of a structured array as arrays, nested ones as ``outer_inner``."""
    fields: dict[str, NDArray[Any]] = {}
    for name in rows.dtype.names or ():
        values = rows[name]
        if values.dtype.names is None:
            fields[f"{prefix}{name}"] = values
        else:
            fields.update(flat_fields(values, f"{prefix}{name}_"))
    return fields
