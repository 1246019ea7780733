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


class VirtualClock:
    """A clock that moves only when somebody sleeps: runs are as fast as they can, and equal.

    Args:
        start: Time at first, s.
    """

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def now(self) -> float:
        """Return the time in s."""
        return self._now

    def sleep_until(self, deadline: float) -> None:
        """Move on to ``deadline`` (s), never back."""
        self._now = max(self._now, deadline)
