"""Chords on the operator's remote: buttons that mean something when held together."""

from __future__ import annotations

from collections.abc import Iterable


def is_held(chords: Iterable[Iterable[str]], buttons: frozenset[str]) -> bool:
    """Say whether all buttons of one of the chords are held; a chord of none never is."""
    return bool(buttons) and any(chord and buttons.issuperset(chord) for chord in map(set, chords))
