"""Write files so that a reader sees the old content or the new one, never a part."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO


@contextlib.contextmanager
def atomic_writer(path: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file beside ``path``; on success flush it to disk and rename it.

    On any error (disk full included) the temporary file is removed and ``path`` stays as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _sync_directory(path.parent)


def write_bytes(path: Path, content: bytes) -> None:
    """Replace the content of ``path`` atomically."""
    with atomic_writer(path) as stream:
        stream.write(content)


def write_text(path: Path, content: str) -> None:
    """Replace the content of ``path`` atomically (UTF-8)."""
    write_bytes(path, content.encode("utf-8"))


def write_with(path: Path, save: Callable[[str], object]) -> None:
    """Let ``save(file_name)`` write a file and move it to ``path`` atomically.

    For libraries that want a file name. The temporary name keeps the suffix of ``path``,
    because some of them append a missing one.
    """
    write_together({path: save})


def write_together(saves: Mapping[Path, Callable[[str], object]]) -> None:
    """Write files that belong together: all of them completely, then rename one after the other.

    An error while writing leaves all of them as they were, and a process killed then does too: new
    weights never stand beside an old normaliser because writing the second took time.
    """
    temporaries = {
        path: path.with_name(f".{path.stem}.{os.getpid()}.tmp{path.suffix}") for path in saves
    }
    try:
        for path, save in saves.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            save(str(temporaries[path]))
            with temporaries[path].open("rb") as stream:
                os.fsync(stream.fileno())
        for path, temporary in temporaries.items():
            temporary.replace(path)
    except BaseException:
        for temporary in temporaries.values():
            temporary.unlink(missing_ok=True)
        raise
    for folder in {path.parent for path in saves}:
        _sync_directory(folder)


def remove_leftovers(folder: Path) -> None:
    """Delete the temporary files that a killed process left in ``folder`` and below."""
    for file in folder.rglob(".*.tmp*"):
        if file.is_file():
            file.unlink(missing_ok=True)


def _sync_directory(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
