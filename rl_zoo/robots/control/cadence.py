"""How well the control loop keeps time, over a whole run and in constant memory."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SMALLEST = 1e-6
_BINS_PER_DECADE = 100
_N_DECADES = 8
N_BINS = _BINS_PER_DECADE * _N_DECADES
"""Of a histogram from 1 us to 100 s; neighbouring bins differ by 2.3 %."""

CADENCE_DTYPE = np.dtype(
    [
        ("rate", "f8"),
        ("n_ticks", "i8"),
        ("n_missed", "i8"),
        ("first", "f8"),
        ("last", "f8"),
        ("longest_gap", "f8"),
        ("max_lateness", "f8"),
        ("max_work", "f8"),
        ("lateness", "i8", (N_BINS,)),
        ("work", "i8", (N_BINS,)),
    ]
)
"""The counters, in a layout that another process can read; all zeros at the start."""


@dataclass(frozen=True)
class CadenceReport:
    """What a run's ticks were like; times in s."""

    rate: float
    """Asked for, Hz."""
    achieved_rate: float
    """Ticks per second between the first and the last, Hz."""
    n_ticks: int
    n_missed: int
    """Deadlines at which no tick began before the next one was due."""
    longest_gap: float
    """Between the beginnings of two ticks."""
    lateness_p50: float
    """Of a tick's beginning behind its deadline."""
    lateness_p99: float
    lateness_max: float
    work_p50: float
    """From the beginning to the end of a tick."""
    work_p99: float
    work_max: float

    def describe(self) -> str:
        """Return the report as three lines of text."""
        missed = self.n_missed / max(self.n_ticks + self.n_missed, 1)
        return "\n".join(
            [
                f"control loop: {self.achieved_rate:.2f} of {self.rate:g} Hz, "
                f"{self.n_ticks} ticks, {self.n_missed} deadlines missed ({missed:.2%}), "
                f"longest gap {_milliseconds(self.longest_gap)}",
                f"  late: p50 {_milliseconds(self.lateness_p50)}, "
                f"p99 {_milliseconds(self.lateness_p99)}, max {_milliseconds(self.lateness_max)}",
                f"  work: p50 {_milliseconds(self.work_p50)}, "
                f"p99 {_milliseconds(self.work_p99)}, max {_milliseconds(self.work_max)}",
            ]
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the report as plain numbers, for a record in JSON."""
        return asdict(self)


class Cadence:
    """Counts ticks.

    Args:
        rate: Asked for, Hz.
        counters: Where to count (of ``CADENCE_DTYPE``, shape (1,)); None: in new memory.
    """

    def __init__(self, rate: float, counters: NDArray[np.void] | None = None) -> None:
        self._counters = np.zeros(1, CADENCE_DTYPE) if counters is None else counters
        self._counters["rate"] = rate
        self._lateness: NDArray[np.int64] = self._counters["lateness"][0]
        self._work: NDArray[np.int64] = self._counters["work"][0]
        self._last: float | None = None

    def add(self, begin: float, deadline: float, end: float, n_skipped: int) -> None:
        """Count one tick.

        Args:
            begin: When it began, s.
            deadline: When it should have begun, s.
            end: When it ended, s.
            n_skipped: Deadlines after it that have passed meanwhile.
        """
        counters = self._counters[0]
        lateness, work = max(begin - deadline, 0.0), end - begin
        self._lateness[_bin(lateness)] += 1
        self._work[_bin(work)] += 1
        if self._last is None:
            counters["first"] = begin
        elif begin - self._last > counters["longest_gap"]:
            counters["longest_gap"] = begin - self._last
        if lateness > counters["max_lateness"]:
            counters["max_lateness"] = lateness
        if work > counters["max_work"]:
            counters["max_work"] = work
        if n_skipped:
            counters["n_missed"] += n_skipped
        counters["last"] = self._last = begin
        counters["n_ticks"] += 1

    def go_on(self, begin: float) -> None:
        """Leave out the time since the last tick: none was due.

        Args:
            begin: Of the next tick, s.
        """
        if self._last is None:
            return
        counters = self._counters[0]
        period = 1.0 / counters["rate"] if counters["rate"] > 0.0 else 0.0
        counters["first"] += begin - period - self._last
        counters["last"] = self._last = begin - period

    def report(self) -> CadenceReport:
        """Return what has been counted so far."""
        return read_report(self._counters)


def read_report(counters: NDArray[np.void]) -> CadenceReport:
    """Return what ``counters`` (of ``CADENCE_DTYPE``, shape (1,)) say, from any process."""
    values = counters[0]
    span = float(values["last"] - values["first"])
    return CadenceReport(
        rate=float(values["rate"]),
        achieved_rate=(int(values["n_ticks"]) - 1) / span if span > 0.0 else 0.0,
        n_ticks=int(values["n_ticks"]),
        n_missed=int(values["n_missed"]),
        longest_gap=float(values["longest_gap"]),
        lateness_p50=_quantile(values["lateness"], 0.5, float(values["max_lateness"])),
        lateness_p99=_quantile(values["lateness"], 0.99, float(values["max_lateness"])),
        lateness_max=float(values["max_lateness"]),
        work_p50=_quantile(values["work"], 0.5, float(values["max_work"])),
        work_p99=_quantile(values["work"], 0.99, float(values["max_work"])),
        work_max=float(values["max_work"]),
    )


def skipped_deadlines(deadline: float, now: float, period: float) -> int:
    """Return how many deadlines after ``deadline`` have passed at ``now`` (all in s)."""
    return max(int((now - deadline) // period), 0)


def _bin(seconds: float) -> int:
    if seconds <= _SMALLEST:
        return 0
    return min(int(math.log10(seconds / _SMALLEST) * _BINS_PER_DECADE), N_BINS - 1)


def _quantile(histogram: NDArray[np.int64], share: float, largest: float) -> float:
    """Return the upper edge of the bin in which the quantile lies, at most the true maximum."""
    total = int(histogram.sum())
    if total == 0:
        return 0.0
    place = int(np.searchsorted(np.cumsum(histogram), share * total))
    edge = float(_SMALLEST * 10.0 ** ((place + 1) / _BINS_PER_DECADE))
    return min(edge, largest)


def _milliseconds(seconds: float) -> str:
    return f"{1000.0 * seconds:.3f} ms"
