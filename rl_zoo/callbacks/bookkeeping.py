"""Count how episodes end, and write every log line as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import KVWriter

from rl_zoo import console
from rl_zoo.wrappers.episode_control import end_reason


class BookkeepingCallback(BaseCallback):
    """Count termination and truncation reasons; add the JSON log to SB3's logger.

    Args:
        progress_file: Gets one JSON object per log line, appended; None: no file.
        end_reasons: Counts so far, continued in place.
        on_start: Called with the folder of SB3's logger (None: it writes no files).
    """

    def __init__(
        self,
        progress_file: Path | None,
        end_reasons: dict[str, int],
        on_start: Callable[[str | None], None] | None = None,
    ) -> None:
        super().__init__()
        self.progress_file = progress_file
        self.end_reasons = end_reasons
        self.on_start = on_start

    def _on_training_start(self) -> None:
        if self.on_start is not None:
            self.on_start(self.model.logger.get_dir())
        if self.progress_file is not None:
            self.model.logger.output_formats.append(JsonLinesWriter(self.progress_file))

    def _on_step(self) -> bool:
        dones = self.locals.get("dones")
        if dones is None or not np.any(dones):
            return True
        for index in np.flatnonzero(dones):
            info = self.locals["infos"][index]
            reason = end_reason(info) or "unknown"
            self.end_reasons[reason] = self.end_reasons.get(reason, 0) + 1
        return True


class JsonLinesWriter(KVWriter):
    """Append one JSON object per log line; SB3's own JSON writer starts its file anew.

    A line that cannot be written (full disk, deleted folder) is lost, the run goes on.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._has_failed = False

    def write(
        self,
        key_values: dict[str, Any],
        key_excluded: dict[str, tuple[str, ...]],
        step: int = 0,
    ) -> None:
        """Append the numbers of one log line."""
        numbers: dict[str, Any] = {"step": step}
        for key, value in sorted(key_values.items()):
            if isinstance(value, (int, float, np.integer, np.floating)):
                numbers[key] = value.item() if isinstance(value, np.generic) else value
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with self.file.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(numbers) + "\n")
        except OSError as error:
            if not self._has_failed:
                console.warn(f"{self.file}: log lines are lost ({error.strerror or error})")
            self._has_failed = True

    def close(self) -> None:
        """Nothing is kept open between lines."""
