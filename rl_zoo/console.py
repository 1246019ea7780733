"""Everything a person reads: results on stdout, messages on stderr.

Plain text unless the stream is a terminal; ``NO_COLOR``, ``FORCE_COLOR`` and ``TERM=dumb`` are
respected.
"""

from __future__ import annotations

import os
import sys
from typing import TextIO

_STYLES = {"bold": "1", "red": "31", "green": "32", "yellow": "33", "dim": "2"}


def use_color(stream: TextIO) -> bool:
    """Say whether ANSI colours may be written to ``stream``."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def styled(text: str, style: str, stream: TextIO) -> str:
    """Wrap ``text`` in the ANSI code of ``style`` if ``stream`` takes colours."""
    return f"\033[{_STYLES[style]}m{text}\033[0m" if use_color(stream) else text


def result(text: str = "") -> None:
    """Write a result to stdout."""
    print(text, file=sys.stdout, flush=True)


def message(text: str) -> None:
    """Write a progress message to stderr."""
    print(text, file=sys.stderr, flush=True)


def warn(text: str) -> None:
    """Write a warning to stderr."""
    print(styled("warning: ", "yellow", sys.stderr) + text, file=sys.stderr, flush=True)


def error(text: str) -> None:
    """Write an error to stderr, one ``error:`` prefix per line."""
    for line in text.splitlines() or [""]:
        print(styled("error: ", "red", sys.stderr) + line, file=sys.stderr, flush=True)


def rewrite(text: str) -> None:
    """Write a line to the terminal on stderr that the next one replaces."""
    print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
