"""Results out of plain values, as ``export.json_results`` writes them; every value is checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args

import numpy as np

from rl_zoo.errors import DamagedFileError
from rl_zoo.plots.results import AlignedSeries, XAxis
from rl_zoo.plots.statistics import Floats, SeedStatistics, Statistic

_OLD_NAMES = {"x": "timesteps", "center": "mean", "n_per_point": "n_per_step"}
"""Names in layout 2 -> names in layout 1."""


def parse_head(content: Mapping[str, Any], place: str) -> dict[str, Any]:
    """Return the keywords of ``Results`` other than the series.

    Args:
        content: The dictionary of the file.
        place: File, for the message.

    Raises:
        DamagedFileError: If a value is not what it should be.
    """
    confidence = content.get("confidence", 0.95)
    resamples = content.get("resamples", 10_000)
    if not isinstance(confidence, (int, float)) or not 0.0 < confidence < 1.0:
        raise DamagedFileError(f"{place}: confidence: {confidence!r} is not between 0 and 1")
    if not isinstance(resamples, int) or resamples < 1:
        raise DamagedFileError(f"{place}: resamples: {resamples!r} is not a positive whole number")
    return {
        "key": _text(content, "key", place, "results"),
        "x_axis": _choice(content, "x_axis", place, get_args(XAxis), "steps"),
        "statistic": _choice(content, "statistic", place, get_args(Statistic), "mean"),
        "confidence": float(confidence),
        "resamples": resamples,
    }


def parse_series(item: object, place: str) -> AlignedSeries:
    """Return the series that a dictionary of plain values describes.

    Args:
        item: One element of ``series`` in the JSON.
        place: File and place in it, for the message.

    Raises:
        DamagedFileError: If a value is missing, of another kind or of another length.
    """
    if not isinstance(item, Mapping):
        raise DamagedFileError(f"{place}: expected a dictionary")
    x = _row(item, "x", place)
    if len(x) == 0 or not np.all(np.isfinite(x)) or not np.all(np.diff(x) > 0):
        raise DamagedFileError(f"{place}.x: expected ascending numbers")
    last = _row(item, "last_evals", place)
    if len(last) == 0 or not np.all(np.isfinite(last)):
        raise DamagedFileError(f"{place}.last_evals: expected one number per seed")
    names = ("center", "ci_low", "ci_high", "std_error")
    center, low, high, error = (_row(item, name, place, len(x)) for name in names)
    counts = _row(item, "n_per_point", place, len(x))
    if not np.all(np.isfinite(counts)):
        raise DamagedFileError(f"{place}.n_per_point: expected whole numbers")
    return AlignedSeries(
        _text(item, "env", place),
        _text(item, "algo", place).lower(),
        _text(item, "label", place, ""),
        x,
        _rows(item, place, (len(last), len(x))),
        SeedStatistics(center, low, high, error, counts.astype(np.int64)),
        last,
        _steps(item, place, len(last)),
        _runs(item, place),
        _text(item, "name", place, ""),
    )


def _steps(item: Mapping[str, Any], place: str, n_seeds: int) -> tuple[int, ...]:
    if not item.get("last_steps"):
        return ()
    steps = _row(item, "last_steps", place, n_seeds)
    if not np.all(np.isfinite(steps)):
        raise DamagedFileError(f"{place}.last_steps: expected whole numbers")
    return tuple(int(step) for step in steps)


def _runs(item: Mapping[str, Any], place: str) -> tuple[tuple[str, ...], ...]:
    runs = item.get("runs", [])
    if not isinstance(runs, list) or not all(isinstance(paths, list) for paths in runs):
        raise DamagedFileError(f"{place}.runs: expected one list of folders per seed")
    return tuple(tuple(str(path) for path in paths) for paths in runs)


def _rows(item: Mapping[str, Any], place: str, shape: tuple[int, int]) -> Floats:
    rows = item.get("per_seed", [])
    if not isinstance(rows, list):
        raise DamagedFileError(f"{place}.per_seed: expected one list of numbers per seed")
    if not rows:
        return np.zeros((0, shape[1]))
    values = [_numbers(row, f"{place}.per_seed[{i}]", shape[1]) for i, row in enumerate(rows)]
    if len(values) != shape[0]:
        raise DamagedFileError(
            f"{place}.per_seed: {len(values)} seeds, but last_evals has {shape[0]}"
        )
    return np.stack(values)


def _row(item: Mapping[str, Any], name: str, place: str, length: int | None = None) -> Floats:
    old = _OLD_NAMES.get(name, name)
    if name not in item and old not in item:
        raise DamagedFileError(f"{place}.{name}: missing")
    return _numbers(item.get(name, item.get(old)), f"{place}.{name}", length)


def _numbers(values: object, place: str, length: int | None = None) -> Floats:
    if not isinstance(values, list) or not all(_is_number(value) for value in values):
        raise DamagedFileError(f"{place}: expected a list of numbers")
    if length is not None and len(values) != length:
        raise DamagedFileError(f"{place}: {len(values)} numbers, expected {length}")
    return np.array([np.nan if value is None else value for value in values], dtype=float)


def _is_number(value: object) -> bool:
    return value is None or (isinstance(value, (int, float)) and not isinstance(value, bool))


def _text(item: Mapping[str, Any], name: str, place: str, default: str | None = None) -> str:
    value = item.get(name, default)
    if not isinstance(value, str):
        raise DamagedFileError(f"{place}.{name}: expected a name, found {value!r}")
    return value


def _choice(
    item: Mapping[str, Any], name: str, place: str, valid: tuple[str, ...], default: str
) -> str:
    value = item.get(name, default)
    if value not in valid:
        raise DamagedFileError(f"{place}: {name}: {value!r} is none of {', '.join(valid)}")
    return str(value)
