"""Decide from its signs of life whether the learner works, is to be restarted, or is given up."""

from __future__ import annotations

import enum
import signal
from dataclasses import dataclass
from typing import Any

from rl_zoo.realtime.board import Phase

SILENT = 30.0
"""Seconds without a heartbeat after which a learner at work hangs."""
SILENT_IN_LONG_WORK = 180.0
"""The same while it starts (imports, compilation) or writes a checkpoint."""
LONGEST_DELAY = 30.0
"""Seconds between two attempts to start a learner that fails again and again."""
MOST_FAILURES = 5
"""Failures of its own, without a checkpoint between them, after which the run is ended."""
_FROM_OUTSIDE = (signal.SIGKILL, signal.SIGTERM)
"""Signals of somebody, or of a system short of memory: the next learner may well live."""
_LONG_WORK = (Phase.STARTING, Phase.SAVING)


class Verdict(enum.Enum):
    """What to do about the learner now."""

    FINE = "fine"
    WAIT = "wait"
    """It is gone, and it is too early for the next one."""
    RESTART = "restart"
    KILL = "kill"
    """It hangs: end it, then ask again."""
    GIVE_UP = "give up"


@dataclass
class LearnerWatch:
    """Watches one learner after another.

    Args:
        timeout: Seconds without a working learner after which the actor is to hold.
        started: When the first one was started, s.
    """

    timeout: float
    started: float
    n_restarts: int = 0
    _n_failures: int = 0
    _last_checkpoint: int = 0
    _last_healthy: float | None = None
    _restart_at: float | None = None

    def verdict(self, part: Any, exit_code: int | None, now: float) -> Verdict:
        """Return what to do.

        Args:
            part: Of the learner on the board.
            exit_code: Of its process, negative after a signal; None: it runs.
            now: The time, s, on the clock of the heartbeats.
        """
        if exit_code is None:
            return self._of_running(part, now)
        if self._restart_at is None:
            self._note_death(part, exit_code, now)
        if self._n_failures >= MOST_FAILURES:
            return Verdict.GIVE_UP
        assert self._restart_at is not None
        return Verdict.RESTART if now >= self._restart_at else Verdict.WAIT

    def restarted(self, now: float) -> None:
        """Note that a new learner was started."""
        self.n_restarts += 1
        self.started = now
        self._restart_at = None

    def should_hold(self, now: float) -> bool:
        """Say whether there has been no working learner for longer than the timeout."""
        since = self.started if self._last_healthy is None else self._last_healthy
        return now - since > self.timeout

    def _of_running(self, part: Any, now: float) -> Verdict:
        heartbeat = max(float(part["heartbeat"]), self.started)
        phase = Phase(int(part["phase"]))
        has_begun = float(part["heartbeat"]) > self.started
        limit = SILENT_IN_LONG_WORK if phase in _LONG_WORK or not has_begun else SILENT
        if now - heartbeat > limit:
            return Verdict.KILL
        if has_begun and phase != Phase.STARTING:
            self._last_healthy = heartbeat
        return Verdict.FINE

    def _note_death(self, part: Any, exit_code: int, now: float) -> None:
        checkpoint = int(part["checkpoint_step"])
        if checkpoint > self._last_checkpoint:
            self._last_checkpoint, self._n_failures = checkpoint, 0
        if -exit_code not in _FROM_OUTSIDE:
            self._n_failures += 1
        delay = 0.0 if self._n_failures < 2 else 2.0 ** (self._n_failures - 2)
        self._restart_at = now + min(delay, LONGEST_DELAY)
