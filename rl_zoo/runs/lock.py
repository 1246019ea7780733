"""One process at a time may train in a run folder."""

from __future__ import annotations

import errno
import fcntl
import os

from rl_zoo.errors import UsageError
from rl_zoo.runs.folder import RunFolder


class RunLock:
    """Held while a run is trained; the system releases it when the process ends, however it ends.

    Raises:
        UsageError: If another process holds it.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._descriptor: int | None = os.open(folder.path, os.O_RDONLY)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            # Some network file systems know no locks; there nothing can be said.
            if error.errno in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES):
                self.release()
                raise UsageError(
                    f"{folder.path}: is being trained by another process; wait for it or stop it"
                ) from error

    def release(self) -> None:
        """Let others train here."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
