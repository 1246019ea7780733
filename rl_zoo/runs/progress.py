"""Read the numbers that a run logged while training: ``progress.jsonl``."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
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
    return _series([(row["step"], row[key]) for row in _rows(file) if _is_number(row.get(key))])


def load_progress_table(file: Path) -> dict[str, Series]:
    """Return everything that was logged as finite numbers, by name; see ``load_progress``.

    Raises:
        NothingFoundError: If there is no such file.
        DamagedFileError: If a line other than the last is no log line.
    """
    pairs: dict[str, list[tuple[int, float]]] = {}
    for row in _rows(file):
        for key, value in row.items():
            if key != "step" and _is_number(value):
                pairs.setdefault(key, []).append((row["step"], value))
    return {key: _series(pairs[key]) for key in sorted(pairs)}


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise NothingFoundError(f"{file}: cannot be read ({error.strerror})") from error
    for number, line in enumerate(lines, start=1):
        row = _parse(line)
        if row is not None:
            yield row
        elif number < len(lines):
            raise DamagedFileError(f"{file}:{number}: not a log line: '{line[:60]}'")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _series(pairs: Sequence[tuple[int, float]]) -> Series:
    import numpy as np

    steps, values = [step for step, _ in pairs], [value for _, value in pairs]
    return np.array(steps, dtype=np.int64), np.array(values, dtype=np.float64)


def _parse(line: str) -> dict[str, Any] | None:
    try:
        row = json.loads(line)
    except ValueError:
        return None
    is_row = isinstance(row, dict) and type(row.get("step")) is int
    return row if is_row else None
