"""Turn SIGINT, SIGTERM and SIGHUP into a request that training obeys at the next step."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import threading
from types import FrameType, TracebackType
from typing import Any

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


class StopSignals:
    """While active, the first signal requests a stop; a second Ctrl-C interrupts at once.

    Anyone else (a callback, an operator) may request a stop too; the first reason counts.
    """

    def __init__(self) -> None:
        self._reason: str | None = None
        self._is_saving = False
        self._previous: dict[signal.Signals, Any] = {}

    def request(self, reason: str) -> None:
        """Ask for a stop."""
        if self._reason is None:
            self._reason = reason

    def reason(self) -> str | None:
        """Return why a stop was requested, or None."""
        return self._reason

    def hold(self) -> None:
        """Ignore further signals: what is being saved now is saved to the end."""
        self._is_saving = True

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
        if self._is_saving:
            _tell(f"{name}: still saving, please wait ...")
            return
        if self._reason is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.request(name)
        _tell(f"\n{name}: ending the episode, then saving everything ...")


def _tell(text: str) -> None:
    """Write to stderr past Python's buffers, which may be in use at this moment."""
    with contextlib.suppress(OSError):
        _leave_closed_terminal()
        os.write(2, f"{text}\n".encode())


def _leave_closed_terminal() -> None:
    """Let what is printed to a terminal that is gone vanish: each line would be an error."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        if stat.S_ISCHR(os.fstat(stream).st_mode) and not os.isatty(stream):
            os.dup2(nowhere, stream)
    os.close(nowhere)
