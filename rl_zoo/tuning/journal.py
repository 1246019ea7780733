"""Optuna's journal file, safe from killed writers, full disks and files of other programs."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from io import RawIOBase
from pathlib import Path
from typing import Any

from optuna.storages.journal import BaseJournalBackend

from rl_zoo.errors import ConfigError, DamagedFileError, ZooError
from rl_zoo.tuning.journal_lock import JournalLock

_START = b'{"op_code":'
_CHUNK = 65536


class Journal(BaseJournalBackend):
    """One JSON record per line, in Optuna's format: its own tools read it.

    Unlike Optuna's backend it removes a last line that was cut (a killed process, a full disk)
    before it appends the next one, which would otherwise make the rest unreadable, and it creates
    no file before there is something to write.

    Args:
        path: The file.

    Raises:
        ConfigError: If it is a directory.
        DamagedFileError: If it is no journal.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = JournalLock(path)
        self._offsets = [0]
        """Where each record begins, in bytes."""
        if path.is_dir():
            raise ConfigError(f"--storage {path}: is a directory; name a file in it")
        if path.exists():
            self._check_start()

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """Yield the records from number ``log_number_from`` on.

        Raises:
            DamagedFileError: At a line that is no record.
            ZooError: If the file was deleted meanwhile.
        """
        self._check_still_there()
        with contextlib.ExitStack() as stack:
            try:
                file = stack.enter_context(self._path.open("rb"))
            except FileNotFoundError:
                return
            file.seek(self._offsets[log_number_from])
            for number, line in enumerate(file, start=log_number_from):
                if not line.endswith(b"\n"):  # being written at this moment, or cut
                    return
                record = self._parse(line, number)
                if len(self._offsets) == number + 1:
                    self._offsets.append(self._offsets[number] + len(line))
                yield record

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Write records behind the last complete one.

        Raises:
            OSError: If they cannot be written (a full disk); the file is then as it was.
            ZooError: If the file was deleted meanwhile; no other one is begun in the middle.
        """
        self._check_still_there()
        lines = "".join(json.dumps(log, separators=(",", ":")) + "\n" for log in logs)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._lock, self._path.open("a+b", buffering=0) as file:
            size = _remove_cut_line(file)
            try:
                _write_all(file, lines.encode())
                os.fsync(file.fileno())
            except OSError:
                file.truncate(size)
                raise

    def _check_start(self) -> None:
        with self._path.open("rb") as file:
            line = file.readline()
        if line.endswith(b"\n"):
            self._parse(line, 0)
        elif not (line.startswith(_START) or _START.startswith(line)):
            raise self._damage(0)

    def _check_still_there(self) -> None:
        read = self._offsets[-1]
        if read and not (self._path.exists() and self._path.stat().st_size >= read):
            raise ZooError(f"--storage {self._path}: was deleted or replaced while it was in use")

    def _parse(self, line: bytes, number: int) -> dict[str, Any]:
        try:
            record = json.loads(line)
        except ValueError as error:
            raise self._damage(number) from error
        if not isinstance(record, dict) or not {"op_code", "worker_id"} <= record.keys():
            raise self._damage(number)
        return record

    def _damage(self, number: int) -> DamagedFileError:
        what = "is no journal of a study" if number == 0 else "is damaged"
        return DamagedFileError(
            f"--storage {self._path}: {what}: line {number + 1} is no record of one"
        )


def _write_all(file: RawIOBase, content: bytes) -> None:
    """Write past Python's buffer, which would be written again when the file is closed."""
    rest = memoryview(content)
    while rest:
        rest = rest[file.write(rest) or 0 :]


def _remove_cut_line(file: RawIOBase) -> int:
    """Remove a last line without an end; return the size then."""
    size = end = file.seek(0, os.SEEK_END)
    while end > 0:
        start = max(0, end - _CHUNK)
        file.seek(start)
        newline = (file.read(end - start) or b"").rfind(b"\n")
        if newline >= 0:
            end = start + newline + 1
            break
        end = start
    if end < size:
        file.truncate(end)
    file.seek(0, os.SEEK_END)
    return end
