"""Read the numbers that a run logged while training: ``progress.jsonl``."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_zoo.errors import DamagedFileError, NothingFoundError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Series = tuple[NDArray[np.int64], NDArray[np.float64]]


def load_progress(file: Path, key: str) -> Series:
    """Return every finite number logged as ``key``: environment steps and values, (n,) each.

    Empty arrays if there are none. A last line cut by a crash is left out.

    Raises:
        NothingFoundError: If there is no such file.
        DamagedFileError: If a line other than the last is no log line.
    """
    import numpy as np

    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise NothingFoundError(f"{file}: cannot be read ({error.strerror})") from error
    steps, values = [], []
    for number, line in enumerate(lines, start=1):
        row = _parse(line)
        if row is None:
            if number == len(lines):
                break
            raise DamagedFileError(f"{file}:{number}: not a log line: '{line[:60]}'")
        value = row.get(key)
        if isinstance(value, (int, float)) and math.isfinite(value):
            steps.append(row["step"])
            values.append(value)
    return np.array(steps, dtype=np.int64), np.array(values, dtype=np.float64)


def _parse(line: str) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    is_row = isinstance(row, dict) and type(row.get("step")) is int
    return row if is_row else None
