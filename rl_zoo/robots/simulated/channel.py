"""One direction of the wire: messages that can be late, lost, doubled or out of order."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

T = TypeVar("T")


@dataclass(frozen=True)
class Disturbance:
    """What happens to each message."""

    delay: float = 0.0
    """s."""
    jitter: float = 0.0
    """Largest random delay in addition, s; the order stays."""
    loss: float = 0.0
    """Share that never arrives."""
    duplicate: float = 0.0
    """Share that arrives twice."""
    reorder: float = 0.0
    """Share that is held back."""
    hold: float = 0.0
    """How long it is, s."""


class Channel(Generic[T]):
    """Passes messages on, at once unless something disturbs it.

    Args:
        generator: Source of chance.
    """

    def __init__(self, generator: np.random.Generator) -> None:
        self._generator = generator
        self._disturbances: dict[int, Disturbance] = {}
        self._queue: list[tuple[float, int, T]] = []
        self._n_sent = 0
        self._last_due = 0.0

    @property
    def is_clear(self) -> bool:
        """Say whether messages pass at once and none is on its way."""
        return not self._disturbances and not self._queue

    def disturb(self, key: int, disturbance: Disturbance | None) -> None:
        """Begin (or with None: end) a disturbance called ``key``."""
        if disturbance is None:
            self._disturbances.pop(key, None)
        else:
            self._disturbances[key] = disturbance

    def send(self, message: T, now: float) -> None:
        """Hand over a message at time ``now`` (s)."""
        draw = self._generator.uniform
        delay, held, copies = 0.0, 0.0, 1
        for disturbance in self._disturbances.values():
            if draw() < disturbance.loss:
                return
            delay += disturbance.delay + disturbance.jitter * draw()
            held += disturbance.hold if draw() < disturbance.reorder else 0.0
            copies += int(draw() < disturbance.duplicate)
        due = max(now + delay, self._last_due)
        self._last_due = due
        for _ in range(copies):
            heapq.heappush(self._queue, (due + held, self._n_sent, message))
            self._n_sent += 1

    def deliver(self, now: float) -> list[T]:
        """Return what has arrived at time ``now`` (s), in order of arrival."""
        arrived = []
        while self._queue and self._queue[0][0] <= now:
            arrived.append(heapq.heappop(self._queue)[2])
        return arrived

    def drop(self) -> None:
        """Forget what is on its way."""
        self._queue.clear()
        self._last_due = 0.0
