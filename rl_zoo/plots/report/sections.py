"""What a report consists of: sections of blocks, free of HTML."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

    from rl_zoo.plots.report.reported_run import ReportedRun


@dataclass(frozen=True)
class Paragraph:
    """Plain text."""

    text: str


@dataclass(frozen=True)
class Notice:
    """Something that weakens what is shown: a file that is missing or damaged, a cut run."""

    text: str


@dataclass(frozen=True)
class Table:
    """A table; numbers are formatted already.

    Attributes:
        headers: One per column; a table of two columns may have none.
        rows: Cells as text.
        caption: What it shows, with units.
        n_text_columns: How many columns from the left are text (the others are right-aligned).
        marked: (row, column) of the cells to stand out.
    """

    headers: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    n_text_columns: int = 1
    marked: frozenset[tuple[int, int]] = frozenset()


@dataclass(frozen=True)
class Drawing:
    """A figure, written into the page as SVG.

    Attributes:
        figure: Drawn in our style.
        caption: What it shows.
        description: The same for who cannot see it (alternative text).
    """

    figure: Figure
    caption: str
    description: str


@dataclass(frozen=True)
class Code:
    """Text to copy: a command, a YAML file."""

    text: str
    caption: str = ""


@dataclass(frozen=True)
class Video:
    """A video file, written into the page if it is small enough."""

    file: Path
    caption: str


@dataclass(frozen=True)
class Folded:
    """Blocks that a click shows.

    Attributes:
        title: What is in it.
        blocks: Content, at least one block.
    """

    title: str
    blocks: tuple[Block, ...]


Block: TypeAlias = "Paragraph | Notice | Table | Drawing | Code | Video | Folded"


@dataclass(frozen=True)
class Section:
    """One section of a report.

    Attributes:
        key: Anchor in the page, e.g. ``safety``.
        title: Heading.
        blocks: Content, at least one block.
    """

    key: str
    title: str
    blocks: tuple[Block, ...] = field(default=())


SectionMaker = Callable[["ReportedRun"], "Section | None"]
"""Makes a section about one run; None where the run has nothing of its kind."""
