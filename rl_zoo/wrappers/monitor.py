"""SB3's Monitor for runs that continue."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, SupportsFloat

import gymnasium as gym
from stable_baselines3.common.monitor import Monitor, ResultsWriter

from rl_zoo import console
from rl_zoo.wrappers.episode_control import CUT


class RunMonitor(Monitor):
    """Monitor that can append to its file, keep its clock across sessions, and pause recording.

    An episode that was cut from outside is written to the file (its steps count), marked in the
    column ``cut``, but not reported as an episode: its return would spoil every mean.

    Args:
        env: Environment to watch: an ``EpisodeControlWrapper`` around everything else.
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
        columns = (*kwargs.pop("info_keywords", ()), CUT)
        kwargs.pop("override_existing", None)  # decided here: a resumed run continues its file
        is_new = elapsed <= 0.0 or filename is None or not _has_content(Path(filename))
        super().__init__(env, filename, override_existing=is_new, info_keywords=columns, **kwargs)
        if self.results_writer is not None:
            write_row = _go_on_without(self.results_writer.write_row, str(filename))
            self.results_writer.write_row = write_row  # type: ignore[method-assign, assignment]
        self.t_start = time.time() - elapsed
        self._paused_writer: ResultsWriter | None = None

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step; report whole episodes in ``info["episode"]``."""
        observation, reward, terminated, truncated, info = super().step(action)
        if info[CUT]:
            info.pop("episode", None)
        return observation, reward, terminated, truncated, info

    def pause_recording(self) -> None:
        """Write no episodes until ``resume_recording`` (evaluation on the training environment)."""
        if self.results_writer is not None:
            self._paused_writer, self.results_writer = self.results_writer, None

    def resume_recording(self) -> None:
        """Write episodes again."""
        if self._paused_writer is not None:
            self.results_writer, self._paused_writer = self._paused_writer, None


def _has_content(file: Path) -> bool:
    return file.is_file() and file.stat().st_size > 0


def _go_on_without(write_row: Callable[[Any], None], file: str) -> Callable[[Any], None]:
    """Lose rows that cannot be written; a full disk is no fault of the environment."""
    failed = False

    def write(row: Any) -> None:
        nonlocal failed
        try:
            write_row(row)
        except OSError as error:
            if not failed:
                console.warn(f"{file}: episodes are lost ({error.strerror or error})")
            failed = True

    return write
