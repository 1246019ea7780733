"""Break what is wider than a page into several lines."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

PAGE_WIDTH = 96
"""Characters of a line, without the indentation of a section."""
_NARROWEST = 14
"""Of a column that is broken."""


def broken(text: str, width: int = PAGE_WIDTH, indent: int = 0) -> list[str]:
    """Return ``text`` in lines of at most ``width``, all but the first indented.

    Words stay whole (a path may be longer than a line), so does what is short enough.
    """
    if len(text) <= width:
        return [text]
    return textwrap.wrap(
        text,
        width,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def column_widths(lines: Sequence[Sequence[str]], gap: int = 2) -> list[int]:
    """Return widths at which the columns fit on the page: wide columns of words get narrower.

    Args:
        lines: Cells; every line has as many.
        gap: Spaces between two columns.
    """
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    words = [max(map(_longest_word, column)) for column in zip(*lines, strict=True)]
    for _ in widths:
        excess = sum(widths) + gap * (len(widths) - 1) - PAGE_WIDTH
        if excess <= 0:
            break
        lowest = [
            max(word, min(width, _NARROWEST)) for word, width in zip(words, widths, strict=True)
        ]
        room = [width - low for width, low in zip(widths, lowest, strict=True)]
        widest = max(range(len(widths)), key=room.__getitem__)
        widths[widest] -= min(excess, room[widest])
    return widths


def broken_row(cells: Sequence[str], widths: Sequence[int]) -> list[list[str]]:
    """Return one row of a table as rows of which every cell is as narrow as its column."""
    parts = [broken(cell, width) for cell, width in zip(cells, widths, strict=True)]
    height = max(map(len, parts), default=0)
    return [[part[i] if i < len(part) else "" for part in parts] for i in range(height)]


def _longest_word(text: str) -> int:
    return max(map(len, text.split()), default=0)
