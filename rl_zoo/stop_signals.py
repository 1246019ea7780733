"""Turn SIGINT, SIGTERM and SIGHUP into a request that training obeys at the next step."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

from rl_zoo import console

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


class StopSignals:
    """While active, the first signal requests a stop; a second Ctrl-C interrupts at once.

    Anyone else (a callback, an operator) may request a stop too; the first reason counts.
    """

    def __init__(self) -> None:
        self._reason: str | None = None
        self._previous: dict[signal.Signals, Any] = {}

    def request(self, reason: str) -> None:
        """Ask for a stop."""
        if self._reason is None:
            self._reason = reason

    def reason(self) -> str | None:
        """Return why a stop was requested, or None."""
        return self._reason

    def __enter__(self) -> StopSignals:
        if threading.current_thread() is threading.main_thread():
            for name in _SIGNALS:
                if hasattr(signal, name):
                    number = signal.Signals[name]
                    self._previous[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous.clear()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        if self._reason is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.request(name)
        console.message(f"\n{name}: ending the episode, then saving everything ...")
