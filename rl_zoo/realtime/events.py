"""What the actor and the learner tell the supervisor: JSON lines through a pipe, never waited for.

Kinds of events and their keys are listed in ``docs/realtime.md``.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

Event = dict[str, Any]

_ROOM = 1 << 20
_WAITING_AT_MOST = 1 << 20


def event_pipe() -> tuple[int, int]:
    """Return the reading and the writing end of a pipe that holds some thousand events."""
    reading, writing = os.pipe()
    with contextlib.suppress(OSError):  # a user may have little memory for pipes: fewer fit then
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, _ROOM)
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    return reading, writing


class EventWriter:
    """The writing end.

    What the pipe does not take now is sent before the next event, or by ``flush``.

    Args:
        descriptor: Of the pipe, not blocking.

    Attributes:
        n_dropped: Events that were given up because nobody reads.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._waiting = b""
        self.n_dropped = 0

    def send(self, event: Mapping[str, Any]) -> None:
        """Send an event, or keep it until there is room; without waiting."""
        if len(self._waiting) > _WAITING_AT_MOST:
            self.flush()
        if len(self._waiting) > _WAITING_AT_MOST:
            self.n_dropped += 1
            return
        self._waiting += json.dumps(event, default=_plain).encode() + b"\n"
        self.flush()

    def flush(self) -> bool:
        """Send what waits; return whether nothing does any more."""
        try:
            while self._waiting:
                self._waiting = self._waiting[os.write(self._descriptor, self._waiting) :]
        except BlockingIOError:
            return False
        except OSError:  # the supervisor is gone
            self._waiting = b""
        return True


class EventReader:
    """The reading end.

    Args:
        descriptor: Of the pipe, not blocking; belongs to the reader.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._piece = b""

    def fileno(self) -> int:
        """Return the descriptor, for ``selectors``."""
        return self._descriptor

    def read(self) -> list[Event]:
        """Return the events that have arrived, without waiting; what is no event is skipped."""
        pieces = [self._piece]
        with contextlib.suppress(BlockingIOError):
            while piece := os.read(self._descriptor, 1 << 16):
                pieces.append(piece)
        *lines, self._piece = b"".join(pieces).split(b"\n")
        return [event for event in map(_parsed, lines) if event is not None]

    def close(self) -> None:
        """Let go of the pipe."""
        os.close(self._descriptor)


def _parsed(line: bytes) -> Event | None:
    try:
        event = json.loads(line)
    except ValueError:  # the writer was killed in the middle of it
        return None
    return event if isinstance(event, dict) else None


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    return str(value)
