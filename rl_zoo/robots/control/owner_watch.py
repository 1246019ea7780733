"""Whether the process that owns the robot still exists, asked at every tick."""

from __future__ import annotations

import os
import select

_GONE = select.POLLIN | select.POLLHUP | select.POLLERR | select.POLLNVAL


class OwnerWatch:
    """Notices the end of another process, however it ended, within a tick.

    Two independent signs, the first of which counts: the process's own descriptor (``pidfd``), and
    the end of a pipe that only this process holds open for writing. A pipe alone would be kept
    open by children that the owner forked.

    Args:
        pid: Of the owner.
        pipe: Reading end of the pipe.
    """

    def __init__(self, pid: int, pipe: int) -> None:
        self._poll = select.poll()
        self._poll.register(pipe, _GONE)
        self._is_alive = True
        try:
            self._poll.register(os.pidfd_open(pid), _GONE)
        except ProcessLookupError:
            self._is_alive = False
        except OSError:
            return  # Linux before 5.3, or a sandbox that forbids it: the pipe remains.

    def is_alive(self) -> bool:
        """Return whether the owner exists; once gone, it stays gone."""
        if self._is_alive and self._poll.poll(0):
            self._is_alive = False
        return self._is_alive
