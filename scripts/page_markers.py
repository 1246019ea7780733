"""Replace what stands between ``<!-- name -->`` and ``<!-- end of name -->`` of a page."""

from __future__ import annotations

from pathlib import Path

from rl_zoo.runs.atomic import write_text


def replaced(page: str, name: str, text: str) -> str:
    """Return the page with ``text``, which ends its last line, between the markers ``name``.

    Raises:
        SystemExit: If the page has not both of them, each once and in this order.
    """
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    before, _, rest = page.partition(begin)
    if page.count(begin) != 1 or rest.count(end) != 1:
        raise SystemExit(f"no lines {begin.strip()} and {end.strip()} to write between")
    return f"{before}{begin}{text}{end}{rest.partition(end)[2]}"


def write_between(page: Path, name: str, text: str) -> None:
    """Write ``text`` between the markers ``name`` of a page.

    Raises:
        SystemExit: If the page has no such markers.
    """
    try:
        written = replaced(page.read_text(encoding="utf-8"), name, text)
    except SystemExit as error:
        raise SystemExit(f"{page}: {error}") from error
    write_text(page, written)
