"""Turn SIGINT, SIGTERM and SIGHUP into a request that training obeys at the next step."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import threading
from abc import ABC, abstractmethod
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP")


class _Handler(ABC):
    """Hands SIGINT, SIGTERM and SIGHUP to ``_handle`` while active; ``nohup`` is respected."""

    def __init__(self) -> None:
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for name in _SIGNALS:
                number = getattr(signal, name, None)
                if number is None or _is_nohup(number):
                    continue
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

    @abstractmethod
    def _handle(self, number: int, frame: FrameType | None) -> None: ...


class StopSignals(_Handler):
    """While active, the first signal requests a stop; a second Ctrl-C interrupts at once.

    Anyone else (a callback, an operator) may request a stop too; the first reason counts.

    Args:
        told: What happens then, for the person who sent the signal.
    """

    def __init__(self, told: str = "ending the episode, then saving everything") -> None:
        super().__init__()
        self._told = told
        self._reason: str | None = None
        self._is_saving = False

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

    def _handle(self, number: int, frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        if self._is_saving:
            _tell(f"{name}: still saving, please wait ...")
            return
        if self._reason is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.request(name)
        _tell(f"\n{name}: {self._told} ...")


class InterruptSignals(_Handler):
    """While active, the first signal raises ``KeyboardInterrupt``, and more of them do nothing.

    For commands that save nothing and tell what they saw: what follows the first signal (a robot
    sits down, a report is written) comes to its end.
    """

    def __init__(self) -> None:
        super().__init__()
        self._is_ending = False

    def hold(self) -> None:
        """Ignore signals from now on."""
        self._is_ending = True

    def _handle(self, number: int, frame: FrameType | None) -> None:
        name = signal.Signals(number).name
        if self._is_ending:
            _tell(f"{name}: still closing, please wait ...")
            return
        self._is_ending = True
        _tell(f"\n{name}: ending ...")
        raise KeyboardInterrupt


def _is_nohup(number: signal.Signals) -> bool:
    return number.name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN


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
