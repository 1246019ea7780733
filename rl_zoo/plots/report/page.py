"""Sections of blocks as one HTML page that needs no other file and no network."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from rl_zoo.plots.output_file import refusing_unwritable
from rl_zoo.plots.report.sections import Block, Drawing, Folded, Section, Video
from rl_zoo.plots.report.svg import figure_to_svg
from rl_zoo.runs.atomic import write_text

if TYPE_CHECKING:
    from jinja2 import Environment

LARGEST_VIDEO = 20_000_000
"""Bytes of a video that is written into the page; a larger one is linked."""

LARGEST_VIDEOS = 100_000_000
"""Bytes of all videos in a page."""

_PIXELS_PER_INCH = 96
_VIDEO_TYPES = {".mp4": "video/mp4", ".webm": "video/webm", ".gif": "image/gif"}


@dataclass(frozen=True)
class Page:
    """What a page says.

    Attributes:
        title: Heading.
        summary: One line below it.
        sections: At least one; their keys differ.
        footer: Who wrote the page, when, from what.
    """

    title: str
    summary: str
    sections: tuple[Section, ...]
    footer: str = ""


@dataclass(frozen=True)
class EmbeddedFigure:
    """A figure as the template needs it; ``width`` is its natural one in CSS pixels."""

    svg: Any
    width: int


@dataclass(frozen=True)
class EmbeddedVideo:
    """A video as the template needs it: in the page, or a link beside it, or neither."""

    name: str
    megabytes: float
    media_type: str = ""
    data: str = ""
    link: str = ""


def write_page(page: Page, file: Path) -> None:
    """Write ``page`` to ``file`` atomically.

    Raises:
        UsageError: If it cannot be written.
    """
    text = render_page(page, file.parent)
    with refusing_unwritable(f"-o {file}"):
        write_text(file, text)


def render_page(page: Page, folder: Path) -> str:
    """Return the HTML of ``page``.

    All text is escaped by the template engine; the only HTML that is not is what
    ``figure_to_svg`` makes.

    Args:
        page: Its content.
        folder: Where it will be, to which links to large videos are relative.
    """
    environment = _environment()
    media = _embed(page.sections, folder)
    template = environment.get_template("page.html.jinja")
    return template.render(page=page, media=media) + "\n"


def _environment() -> Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("rl_zoo.plots.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["identity"] = id
    environment.tests["block"] = lambda block, kind: type(block).__name__ == kind
    return environment


def _embed(sections: Sequence[Section], folder: Path) -> dict[int, EmbeddedFigure | EmbeddedVideo]:
    """Return what stands in the page for each figure and video, by the identity of its block."""
    from markupsafe import Markup

    media: dict[int, EmbeddedFigure | EmbeddedVideo] = {}
    left = LARGEST_VIDEOS
    for number, block in enumerate(_media_blocks(sections), start=1):
        if isinstance(block, Drawing):
            svg = figure_to_svg(block.figure, f"f{number}-", block.caption, block.description)
            width = round(block.figure.get_figwidth() * _PIXELS_PER_INCH)
            media[id(block)] = EmbeddedFigure(Markup(svg), width)
            continue
        video = _embed_video(block.file, folder, left)
        left -= len(video.data) * 3 // 4
        media[id(block)] = video
    return media


def _media_blocks(sections: Sequence[Section]) -> Iterator[Drawing | Video]:
    def walk(blocks: Sequence[Block]) -> Iterator[Drawing | Video]:
        for block in blocks:
            if isinstance(block, Folded):
                yield from walk(block.blocks)
            elif isinstance(block, (Drawing, Video)):
                yield block

    for section in sections:
        yield from walk(section.blocks)


def _embed_video(file: Path, folder: Path, left: int) -> EmbeddedVideo:
    try:
        size = file.stat().st_size
        megabytes = size / 1e6
        media_type = _VIDEO_TYPES.get(file.suffix.lower())
        if media_type is None or size > min(LARGEST_VIDEO, left):
            link = quote(Path(os.path.relpath(file, folder)).as_posix())
            return EmbeddedVideo(file.name, megabytes, link=link)
        data = base64.b64encode(file.read_bytes()).decode("ascii")
    except OSError:
        return EmbeddedVideo(file.name, 0.0)
    return EmbeddedVideo(file.name, megabytes, media_type, data)
