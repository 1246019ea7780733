"""Time as the control loop sees it: the computer's, or one that a simulation moves on."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Seconds from an arbitrary start, never backwards."""

    def now(self) -> float:
        """Return the time in s."""
        ...

    def sleep_until(self, deadline: float) -> None:
        """Return at ``deadline`` (s), or at once if it has passed."""
        ...


class MonotonicClock:
    """The computer's monotonic clock: the same for every process of one machine."""

    def now(self) -> float:
        """Return the time in s."""
        return time.monotonic()

    def sleep_until(self, deadline: float) -> None:
        """Return at ``deadline`` (s), or at once if it has passed."""
        left = deadline - time.monotonic()
        if left > 0.0:
            time.sleep(left)
