"""What a person sees of a running sweep: a line on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import math
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence

from rl_zoo import console
from rl_zoo.sweep.standing import RowState, Standing
from rl_zoo.sweep.table import duration_text, share_done

_PERIOD = 2.0
"""Seconds between two looks at the runs."""
_SILENCE = 60.0
"""Seconds after which a line is written to what is no terminal, though no run has ended."""


class SweepDisplay:
    """Tell how a sweep gets on.

    Args:
        read: Returns where the runs stand.
    """

    def __init__(self, read: Callable[[], Sequence[Standing]]) -> None:
        self._read = read
        self._is_live = sys.stderr.isatty()
        self._first: tuple[float, int] | None = None
        self._looked, self._told = -math.inf, -math.inf
        self._cost = 0.0
        self._ended = -1
        self._width = 0

    def refresh(self) -> None:
        """Look at the runs and tell, if it is time to."""
        now = time.monotonic()
        if now - self._looked < max(_PERIOD, 20 * self._cost):
            return
        standings = self._read()
        self._looked = time.monotonic()
        self._cost = self._looked - now
        text = self._text(standings)
        ended = sum(s.state not in (RowState.WAITING, RowState.RUNNING) for s in standings)
        if self._is_live:
            sys.stderr.write(f"\r{text:<{self._width}}")
            sys.stderr.flush()
            self._width = len(text)
        elif ended != self._ended or self._looked - self._told > _SILENCE:
            console.message(text)
            self._told = self._looked
        self._ended = ended

    def tell(self, text: str) -> None:
        """Write a line of its own."""
        self.clear()
        console.message(text)

    def clear(self) -> None:
        """Leave the line of the terminal empty."""
        if self._is_live and self._width:
            sys.stderr.write(f"\r{'':<{self._width}}\r")
            sys.stderr.flush()
            self._width = 0

    def _text(self, standings: Sequence[Standing]) -> str:
        counts = Counter(standing.state for standing in standings)
        parts = [f"{counts[RowState.FINISHED]} of {len(standings)} runs finished"]
        parts.append(f"{counts[RowState.RUNNING]} running")
        bad = counts[RowState.CRASHED]
        parts += [f"{bad} failed"] if bad else []
        now, steps = time.monotonic(), sum(standing.steps for standing in standings)
        if self._first is None:
            self._first = (now, steps)
        seconds, new_steps = now - self._first[0], steps - self._first[1]
        if seconds > 0 and new_steps > 0:
            parts.append(f"{new_steps / seconds:.0f} steps/s")
        share = share_done(standings)
        if not math.isnan(share):
            parts.append(f"{math.floor(100 * share)} % of all steps")
            left = (1 - share) * sum(standing.budget or 0 for standing in standings)
            if seconds > 0 and new_steps > 0 and left > 0:
                parts.append(f"about {duration_text(left * seconds / new_steps)} left")
        return ", ".join(parts)
