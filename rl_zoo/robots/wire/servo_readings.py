"""Replies of motors that answer one by one, collected into samples of the whole robot."""

from __future__ import annotations

from dataclasses import dataclass, field

PATIENCE = 0.02
"""Time (s) after which a sample is complete without the motors that still owe an answer."""
OFFLINE_AFTER = 3
"""Samples in a row without an answer after which a motor counts as absent."""


@dataclass
class ServoReadings:
    """Newest reply of each motor, and which of them belong to the sample in the making."""

    n: int
    newest: list[dict[int, float]] = field(init=False)
    """Register -> value, of each motor; empty before its first reply."""
    n_missed: list[int] = field(init=False)
    """Samples in a row without an answer."""
    _arrivals: list[float | None] = field(init=False)
    _begun: float | None = None

    def __post_init__(self) -> None:
        self.newest = [{} for _ in range(self.n)]
        self.n_missed = [0] * self.n
        self._arrivals = [None] * self.n

    def take(self, motor: int, reply: dict[int, float], arrival: float) -> None:
        """Take a motor's reply."""
        self.newest[motor] = reply
        self.n_missed[motor] = 0
        self._arrivals[motor] = arrival
        if self._begun is None:
            self._begun = arrival

    def is_present(self, motor: int) -> bool:
        """Say whether a motor answered one of the last samples."""
        return bool(self.newest[motor]) and self.n_missed[motor] < OFFLINE_AFTER

    def has_all(self) -> bool:
        """Say whether every motor has answered at least once."""
        return all(self.newest)

    def finish(self, now: float) -> float | None:
        """End the sample if it is complete, or waited for long enough; return its stamp.

        Returns:
            Arrival of the oldest reply that is new in it, s; None if it is not complete yet.
        """
        arrivals = [arrival for arrival in self._arrivals if arrival is not None]
        if not arrivals or self._begun is None:
            return None
        owing = [i for i, arrival in enumerate(self._arrivals) if arrival is None]
        if any(map(self.is_present, owing)) and now - self._begun < PATIENCE:
            return None
        for motor in owing:
            self.n_missed[motor] += 1
        self._arrivals = [None] * self.n
        self._begun = None
        return min(arrivals)
