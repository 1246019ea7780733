"""SB3's monitor file, written from the events of an actor that does without SB3."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rl_zoo import console

CUT = "cut"
"""Last column: whether the episode was ended from outside."""


class MonitorFile:
    """``0.monitor.csv``: one row per episode, readable by SB3, the zoo and our plots.

    Args:
        path: Of the file; one that has content is continued.
        env_id: For its header.
        keywords: Columns beside return, length and time: values of the ``info`` of a last step.
        elapsed: Seconds on the run's clock already.
    """

    def __init__(
        self, path: Path, env_id: str, keywords: Sequence[str] = (), *, elapsed: float = 0.0
    ) -> None:
        self.path = path
        self.keywords = tuple(keywords)
        self._has_failed = False
        if not path.is_file() or path.stat().st_size == 0:
            start = {"t_start": time.time() - elapsed, "env_id": env_id}
            columns = ",".join(["r", "l", "t", *self.keywords, CUT])
            self._append(f"#{json.dumps(start)}\n{columns}\n")

    def add(self, event: Mapping[str, Any]) -> None:
        """Append one episode; it is lost, with a warning, if it cannot be written.

        Args:
            event: With return ``r``, length ``l`` and time ``t`` in s; maybe ``info`` and ``cut``.
        """
        info = event.get("info") or {}
        numbers = [round(float(event["r"]), 6), int(event["l"]), round(float(event["t"]), 6)]
        row = [*numbers, *(info.get(name, "") for name in self.keywords), int(event.get(CUT) or 0)]
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(row)
        self._append(text.getvalue())

    def _append(self, text: str) -> None:
        try:
            with self.path.open("a", encoding="utf-8") as stream:
                stream.write(text)
        except OSError as error:
            if not self._has_failed:
                console.warn(f"{self.path}: episodes are lost ({error.strerror or error})")
            self._has_failed = True
