"""What the control loop is told at a tick: by its owner, by signals, by the owner's end."""

from __future__ import annotations

from collections import deque

import numpy as np

from rl_zoo.robots.control.exchange import N_REQUESTS
from rl_zoo.robots.control.link import Order
from rl_zoo.robots.control.modes import Request
from rl_zoo.robots.control.owner_watch import OwnerWatch
from rl_zoo.robots.control.shared_memory import SharedRecord
from rl_zoo.robots.spec import FloatArray

_ALWAYS = (Request.STOP, Request.DAMP)


class Inbox:
    """Puts requests from several sides into one order, one request per tick.

    An emergency stop overtakes everything; after a request to close from a signal, the owner can
    only make the robot soft.

    Args:
        block: Orders of the owner.
        owner: Tells whether the owner still exists.
    """

    def __init__(self, block: SharedRecord, owner: OwnerWatch) -> None:
        self._block = block
        self._owner = owner
        self._waiting: deque[Request] = deque()
        self._n_seen = 0
        self._n_passed_on = 0
        self._request = Request.NONE
        self._is_closing = False
        self._signals: list[Request] = []

    def interrupt(self, request: Request) -> None:
        """Ask from a signal handler: STOP (emergency) or CLOSE (sit down and end)."""
        self._signals.append(request)

    def order(self) -> Order:
        """Return the order of the next tick."""
        self._collect()
        if self._waiting:
            self._request = self._waiting.popleft()
            self._n_passed_on += 1
        target, target_sequence = self._target()
        return Order(
            self._request, self._n_passed_on, target, target_sequence, self._owner.is_alive()
        )

    def _collect(self) -> None:
        requests = self._new_requests()
        if self._is_closing:
            requests = [request for request in requests if request in _ALWAYS]
        while self._signals:
            requests.append(self._signals.pop(0))
            self._is_closing = self._is_closing or requests[-1] == Request.CLOSE
        if Request.STOP in requests:
            overtaken = [*self._waiting, *requests[: requests.index(Request.STOP)]]
            self._waiting.clear()
            requests = requests[requests.index(Request.STOP) :]
            if self._is_closing or Request.CLOSE in overtaken:
                requests.append(Request.CLOSE)
        self._waiting.extend(requests)

    def _new_requests(self) -> list[Request]:
        row = self._block.read()
        if row is None:
            return []
        total = int(row["request_sequence"])
        first = max(self._n_seen, total - N_REQUESTS)
        self._n_seen = total
        return [Request(int(row["requests"][k % N_REQUESTS])) for k in range(first, total)]

    def _target(self) -> tuple[FloatArray | None, int]:
        row = self._block.read()
        if row is None or row["target_sequence"] == 0:
            return None, 0
        return np.array(row["target"]), int(row["target_sequence"])
