"""SB3's Monitor for runs that continue."""

from __future__ import annotations

import time
from typing import Any

import gymnasium as gym
from stable_baselines3.common.monitor import Monitor, ResultsWriter


class RunMonitor(Monitor):
    """Monitor that can append to its file, keep its clock across sessions, and pause recording.

    Args:
        env: Environment to watch; every wrapper that can end an episode is inside.
        filename: The monitor file, or None.
        elapsed: Seconds on the run's clock at the start of this session; 0 for a new run. When
            positive the file is continued.
        **kwargs: As for ``stable_baselines3.common.monitor.Monitor``.
    """

    def __init__(
        self,
        env: gym.Env[Any, Any],
        filename: str | None = None,
        *,
        elapsed: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(env, filename, override_existing=elapsed <= 0.0, **kwargs)
        self.t_start = time.time() - elapsed
        self._paused_writer: ResultsWriter | None = None

    def pause_recording(self) -> None:
        """Write no episodes until ``resume_recording`` (evaluation on the training environment)."""
        if self.results_writer is not None:
            self._paused_writer, self.results_writer = self.results_writer, None

    def resume_recording(self) -> None:
        """Write episodes again."""
        if self._paused_writer is not None:
            self.results_writer, self._paused_writer = self._paused_writer, None
