"""The lock file beside a journal, also on network file systems."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from rl_zoo.tuning.process import parse_process, this_process

if TYPE_CHECKING:
    from typing_extensions import Self

GRACE_SECONDS = 30.0
"""A record is written in milliseconds: a lock held for longer belongs to a machine that is gone."""
_LONGEST_PAUSE = 0.1


class JournalLock:
    """Held by whoever created the file ``<journal>.lock``, which only one process can do.

    Creating a file exclusively is safe on NFS since version 3. Optuna's default, a symbolic link,
    waits for ever (without a pause) once its holder was killed, if the journal's path is relative
    or differs between machines. This file says who holds it: the lock of a dead process of the
    same machine is released at once.

    Args:
        journal: The file that is protected.
    """

    def __init__(self, journal: Path) -> None:
        self._journal = journal
        self._file = journal.with_name(f"{journal.name}.lock")
        self._content = ""

    def __enter__(self) -> Self:
        """Wait until the lock is held."""
        content = f"{this_process()} {uuid.uuid4()}"
        pause, seen, since = 0.001, "", time.monotonic()
        while not self._create(content):
            holder = self._read()
            if holder != seen:
                seen, since = holder, time.monotonic()
            if time.monotonic() - since > GRACE_SECONDS or _is_dead(holder):
                self._break(holder)
                continue
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
        self._content = content
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let others write; nothing happens if one of them has given this process up."""
        if self._read() == self._content:
            self._file.unlink(missing_ok=True)

    def _create(self, content: str) -> bool:
        try:
            descriptor = os.open(self._file, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        except FileExistsError:
            return False
        try:
            os.write(descriptor, content.encode())
        except OSError:  # a full disk
            self._file.unlink(missing_ok=True)
            raise
        finally:
            os.close(descriptor)
        return True

    def _read(self) -> str:
        try:
            return self._file.read_text()
        except FileNotFoundError:
            return ""

    def _break(self, holder: str) -> None:
        """Remove the lock of ``holder``; one process of a machine after the other looks."""
        with contextlib.suppress(FileNotFoundError), self._journal.open("ab") as journal:
            with contextlib.suppress(OSError):  # a file system without locks: others rarely come
                fcntl.flock(journal, fcntl.LOCK_EX)
            if self._read() == holder:
                self._file.unlink(missing_ok=True)


def _is_dead(holder: str) -> bool:
    process = parse_process(holder.partition(" ")[0])
    return process is not None and process.is_of_this_machine() and not process.is_alive()
