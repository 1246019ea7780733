"""Numbers as a report shows them."""

from __future__ import annotations

import math

import numpy as np

from rl_zoo.plots.statistics import Floats

NOTHING = "–"
"""Cell of a table where there is no number."""

_SPACE = "\u202f"
_LONGEST = 9
"""Digits before the point; larger numbers have an exponent."""


def count_text(value: float) -> str:
    """Return a count with narrow no-break spaces between thousands."""
    return f"{value:,.0f}".replace(",", _SPACE)


def rounded(value: float, digits: int = 4) -> str:
    """Return a number with ``digits`` significant digits, without exponent where it can be."""
    if not math.isfinite(value):
        return str(value)
    if value == 0.0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if size < -4 or size >= _LONGEST:
        return f"{value:.2e}"
    text = f"{value:,.{max(0, digits - 1 - size)}f}".replace(",", _SPACE)
    return text.rstrip("0").rstrip(".") if "." in text else text


def mean_text(values: Floats) -> str:
    """Return mean ± standard deviation of ``values``, at least one; one has no deviation."""
    if len(values) == 1:
        return rounded(float(values[0]))
    mean, deviation = float(np.mean(values)), float(np.std(values))
    if not math.isfinite(mean) or deviation == 0.0 or abs(mean) >= 10.0**_LONGEST:
        return f"{rounded(mean)} ± {rounded(deviation)}"
    decimals = 1 - math.floor(math.log10(deviation))
    decimals = min(max(decimals, 1 if abs(mean) < 1000.0 else 0), 6)
    return f"{mean:,.{decimals}f} ± {deviation:,.{decimals}f}".replace(",", _SPACE)


def share_text(part: float, whole: float) -> str:
    """Return a share in percent."""
    return percent_text(part / whole) if whole else NOTHING


def percent_text(share: float) -> str:
    """Return a share between 0 and 1 in percent."""
    return f"{rounded(100.0 * share, 3)}\u202f%"


def duration_text(seconds: float) -> str:
    """Return a time in the unit that suits it: ``12.3 s``, ``4 min 05 s``, ``2 h 13 min``."""
    if seconds < 60.0:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def time_text(stamp: str) -> str:
    """Return an ISO 8601 time in UTC as people write it; any other text as it is."""
    text = stamp.removesuffix("+00:00")
    return stamp if text == stamp else f"{text.replace('T', ' ')} UTC"


def milliseconds_text(seconds: float) -> str:
    """Return a time in ms."""
    return f"{1000.0 * seconds:.3f} ms"
