"""A document of a few kinds of blocks, as Markdown and as one HTML page."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_STYLE = """\
body { font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; color: #222; margin: 0 auto;
       max-width: 60rem; padding: 1.5rem; }
h1 { font-size: 1.6rem; margin: 0 0 .6rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem;
     border-bottom: 1px solid #ddd; padding-bottom: .2rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin: .6rem 0; font-size: .93rem; }
th, td { text-align: left; padding: .25rem .9rem .25rem 0; border-bottom: 1px solid #eee;
         vertical-align: top; }
th { border-bottom: 1px solid #888; font-weight: 600; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
pre { background: #f6f6f4; padding: .7rem .9rem; overflow-x: auto; font-size: .85rem; }
code { background: #f6f6f4; padding: 0 .2rem; } pre code { padding: 0; background: none; }
.warning { border-left: 4px solid #E69F00; background: #fdf6e7; padding: .4rem .9rem;
           margin: .5rem 0; }
.result { font-size: 1.05rem; } img { max-width: 100%; height: auto; }
"""
_NUMBER = re.compile(r"[-\u2212+]?[\d.,e]+(?:\s*[%]|\s*\u00b1.*)?$|^$|^\u2013$")


@dataclass(frozen=True)
class Heading:
    """The title of a section."""

    text: str


@dataclass(frozen=True)
class Paragraph:
    """Sentences; `` `code` `` and ``**bold**`` are known."""

    text: str
    kind: str = ""
    """``warning`` or ``result``: how it looks."""


@dataclass(frozen=True)
class Table:
    """Rows below a header."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Code:
    """Text to copy."""

    text: str
    language: str = ""


@dataclass(frozen=True)
class Picture:
    """A figure in a file beside the document."""

    file: str
    caption: str


Block = Heading | Paragraph | Table | Code | Picture


def to_markdown(title: str, blocks: Sequence[Block]) -> str:
    """Return the document as Markdown."""
    return "\n\n".join([f"# {title}", *map(_markdown, blocks)]) + "\n"


def to_html(title: str, blocks: Sequence[Block], pictures: Mapping[str, bytes]) -> str:
    """Return the document as one page that needs no other file.

    Args:
        title: Its title.
        blocks: Its content.
        pictures: Content of the PNG files by name.
    """
    body = "\n".join(_html(block, pictures) for block in blocks)
    name = html.escape(title)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{name}</title>\n<style>\n{_STYLE}</style>\n</head>\n<body>\n"
        f"<h1>{name}</h1>\n{body}\n</body>\n</html>\n"
    )


def _markdown(block: Block) -> str:
    match block:
        case Heading(text):
            return f"## {text}"
        case Paragraph(text, kind):
            return f"> **Note:** {text}" if kind == "warning" else text
        case Table(header, rows):
            lines = [header, ["---"] * len(header), *rows]
            return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines)
        case Code(text, language):
            return f"```{language}\n{text.rstrip()}\n```"
        case Picture(file, caption):
            return f"![{caption}]({file})"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _html(block: Block, pictures: Mapping[str, bytes]) -> str:
    match block:
        case Heading(text):
            return f"<h2>{_inline(text)}</h2>"
        case Paragraph(text, kind):
            return f'<p class="{kind}">{_inline(text)}</p>' if kind else f"<p>{_inline(text)}</p>"
        case Table(header, rows):
            return _html_table(header, rows)
        case Code(text, _):
            return f"<pre><code>{html.escape(text.rstrip())}</code></pre>"
        case Picture(file, caption):
            data = base64.b64encode(pictures.get(file, b"")).decode("ascii")
            alt = html.escape(caption, quote=True)
            return f'<p><img alt="{alt}" src="data:image/png;base64,{data}"></p>'


def _html_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    is_number = [
        all(_NUMBER.match(row[place].strip()) for row in rows) for place in range(len(header))
    ]

    def line(cells: Sequence[str], tag: str) -> str:
        parts = [
            f"<{tag}{' class=number' if numeric else ''}>{_inline(cell)}</{tag}>"
            for cell, numeric in zip(cells, is_number, strict=True)
        ]
        return f"<tr>{''.join(parts)}</tr>"

    content = "\n".join([line(header, "th"), *(line(row, "td") for row in rows)])
    return f'<div class="scroll"><table>\n{content}\n</table></div>'


def _inline(text: str) -> str:
    escaped = html.escape(text, quote=False)
    escaped = re.sub(r"`([^`]+)`", r"<code>\1</code>", escaped)
    return re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", escaped)
