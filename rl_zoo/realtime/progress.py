"""Progress of a real-time run: a line per 5 % of the budget, or one that changes."""

from __future__ import annotations

import sys
import time

from rl_zoo import console
from rl_zoo.train_options import TrainOptions

_SHARE = 0.05
_PERIOD = 0.5


class ProgressLines:
    """Shows how far the run is, if the user asked for it.

    Args:
        options: Budget, and whether to show anything.
        first_step: Transitions stored by earlier sessions.
    """

    def __init__(self, options: TrainOptions, first_step: int) -> None:
        self._total = options.config.n_timesteps
        self._is_wanted = options.progress
        self._is_bar = sys.stderr.isatty()
        self._first_step, self._started = first_step, time.monotonic()
        self._next_step = first_step + _SHARE * self._total
        self._next_time = 0.0

    def show(self, step: int) -> None:
        """Show that ``step`` transitions are stored, if it is time."""
        if not self._is_wanted:
            return
        now = time.monotonic()
        if self._is_bar:
            if now >= self._next_time:
                self._next_time = now + _PERIOD
                console.rewrite(self._line(step, now))
        elif step >= self._next_step:
            while self._next_step <= step:
                self._next_step += _SHARE * self._total
            console.message(self._line(step, now))

    def _line(self, step: int, now: float) -> str:
        rate = (step - self._first_step) / max(now - self._started, 1e-9)
        left = max(self._total - step, 0) / max(rate, 1e-9)
        return (
            f"{100 * step / self._total:3.0f} %  step {step} of {self._total}  "
            f"{rate:.0f} steps/s  {left:.0f} s left"
        )
