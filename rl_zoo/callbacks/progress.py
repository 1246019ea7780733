"""Progress as plain lines, for logs and pipes where a bar would be noise."""

from __future__ import annotations

import time

from stable_baselines3.common.callbacks import BaseCallback

from rl_zoo import console


class PlainProgressCallback(BaseCallback):
    """Write one line per 5 % of the budget with the rate and the time left.

    Args:
        total_timesteps: Budget in environment steps.
    """

    def __init__(self, total_timesteps: int) -> None:
        super().__init__()
        self.total_timesteps = total_timesteps
        self._next_line = 0.0
        self._started = 0.0
        self._first_step = 0

    def _on_training_start(self) -> None:
        self._started = time.monotonic()
        self._first_step = self.model.num_timesteps
        self._next_line = self._first_step + 0.05 * self.total_timesteps

    def _on_step(self) -> bool:
        if self.num_timesteps < self._next_line:
            return True
        self._next_line += 0.05 * self.total_timesteps
        elapsed = time.monotonic() - self._started
        rate = (self.num_timesteps - self._first_step) / max(elapsed, 1e-9)
        left = max(self.total_timesteps - self.num_timesteps, 0) / max(rate, 1e-9)
        percent = 100 * self.num_timesteps / self.total_timesteps
        console.message(
            f"{percent:3.0f} %  step {self.num_timesteps} of {self.total_timesteps}  "
            f"{rate:.0f} steps/s  {left:.0f} s left"
        )
        return True
