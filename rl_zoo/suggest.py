"""Find the valid name nearest to a mistyped one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest_name(name: str, valid_names: Iterable[str]) -> str | None:
    """Return the valid name nearest to ``name``, or None if none is near (case is ignored)."""
    by_lowercase = {valid.lower(): valid for valid in valid_names}
    matches = difflib.get_close_matches(name.lower(), list(by_lowercase), n=1, cutoff=0.55)
    return by_lowercase[matches[0]] if matches else None


def did_you_mean(name: str, valid_names: Iterable[str], *, list_at_most: int = 12) -> str:
    """Return the second half of an error sentence: the nearest name, else the valid names.

    Returns:
        ``"; did you mean 'x'?"``, or ``"; valid: a, b, c"`` where nothing is near and the list is
        short, or ``""``.
    """
    names = list(valid_names)
    nearest = nearest_name(name, names)
    if nearest is not None:
        return f"; did you mean '{nearest}'?"
    if 0 < len(names) <= list_at_most:
        return f"; valid: {', '.join(names)}"
    return ""
