"""Begin every tick at its absolute deadline."""

from __future__ import annotations

import time

from rl_zoo.robots.control.cadence import Cadence, skipped_deadlines


class Ticks:
    """Keeps time, and counts how well.

    Args:
        period: Between two ticks, s; None: the environment keeps the time in its step.
        cadence: Counts ticks: their lateness, and the time until the action is out.
    """

    def __init__(self, period: float | None, cadence: Cadence) -> None:
        self._period = period
        self._cadence = cadence
        self._deadline = self._begin = 0.0
        self._n_missed = 0

    def start(self) -> None:
        """Begin the first tick of an episode now."""
        self._begin = self._deadline = time.monotonic()
        self._n_missed = 0
        self._cadence.go_on(self._begin)

    def ready(self) -> None:
        """Say that the action of this tick is chosen and about to go out."""
        self._cadence.add(self._begin, self._deadline, time.monotonic(), self._n_missed)
        self._n_missed = 0

    def wait(self, *, was_late: bool = False) -> None:
        """Wait for the next deadline and begin its tick; one that was missed is not made up for.

        Args:
            was_late: Whether an environment that keeps the time itself got its action too late.
        """
        if self._period is None:
            self._n_missed = int(was_late)
            self._begin = self._deadline = time.monotonic()
            return
        now = time.monotonic()
        self._deadline += self._period
        if now < self._deadline:
            time.sleep(self._deadline - now)
        else:
            # Whatever took too long, the action or the step: its tick is the last one due.
            self._n_missed = skipped_deadlines(self._deadline, now, self._period)
            self._deadline += self._n_missed * self._period
        self._begin = time.monotonic()
