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
from rl_zoo.envs.guarded import find_guard
from rl_zoo.runs.record import RunRecord
from rl_zoo.wrappers.episode_control import end_reason


class BookkeepingCallback(BaseCallback):
    """Count how episodes end and what is discarded; add the JSON log to SB3's logger.

    What happens is read from the guard of the training environments, since not every algorithm
    tells its callbacks (ARS does not).

    Args:
        progress_file: Gets one JSON object per log line, appended; None: no file.
        record: Its counts ``end_reasons``, ``truncations`` and ``discarded`` go on in place.
        on_start: Called with the folder of SB3's logger (None: it writes no files).
    """

    def __init__(
        self,
        progress_file: Path | None,
        record: RunRecord,
        on_start: Callable[[str | None], None] | None = None,
    ) -> None:
        super().__init__()
        self.progress_file = progress_file
        self.record = record
        self.on_start = on_start
        self._counted_step = 0

    def _on_training_start(self) -> None:
        if not self.record.end_reasons:
            self.record.truncations = {}
        if self.on_start is not None:
            self.on_start(self.model.logger.get_dir())
        if self.progress_file is not None:
            self.model.logger.output_formats.append(JsonLinesWriter(self.progress_file))

    def _on_step(self) -> bool:
        guard = find_guard(self.training_env)
        if guard.steps == self._counted_step:  # ARS calls once per environment
            return True
        self._counted_step = guard.steps
        self.record.discarded += int(guard.discarded.sum())
        reasons, truncations = self.record.end_reasons, self.record.truncations
        for info in guard.ends:
            reason = end_reason(info) or "unknown"
            reasons[reason] = reasons.get(reason, 0) + 1
            if truncations is not None and "termination_reason" not in info:
                truncations[reason] = truncations.get(reason, 0) + 1
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
