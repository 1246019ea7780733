r"""Figures whose text is set by TeX (``-latex``), where TeX is installed and works."""

from __future__ import annotations

import contextlib
import io
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import matplotlib
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FixedFormatter, FuncFormatter

from rl_zoo import console
from rl_zoo.plots.table_files import escape_tex

_PROGRAMS = ("latex", "dvipng", "kpsewhich")
"""What Matplotlib calls to set text: the typesetter, its way to pixels, its font finder."""

_PREAMBLE = r"\DeclareUnicodeCharacter{2009}{\,}\DeclareUnicodeCharacter{2212}{\ensuremath{-}}"
_MATH = re.compile(r"(\$[^$]+\$)")


@contextlib.contextmanager
def tex_text(*, wanted: bool = True) -> Iterator[bool]:
    """Let TeX set the text of the figures made, drawn and written within, if it can.

    Where it cannot, one line says why and Matplotlib's own fonts are used. Call
    ``prepare_for_tex`` before a figure is written.

    Args:
        wanted: Whether ``-latex`` was given; without it nothing happens.

    Yields:
        Whether TeX is used.
    """
    problem = tex_problem() if wanted else None
    if problem is not None:
        console.message(f"-latex: {problem}; figures are drawn with Matplotlib's own fonts")
    used = wanted and problem is None
    settings = _tex_settings() if used else {}
    with matplotlib.rc_context(settings):
        yield used


def tex_problem() -> str | None:
    """Return why TeX cannot be used, None if it can."""
    missing = [program for program in _PROGRAMS if shutil.which(program) is None]
    if missing:
        return f"TeX is not installed here (no {', '.join(missing)} on PATH)"
    figure = Figure(figsize=(1.0, 1.0))
    try:
        with matplotlib.rc_context(_tex_settings()):
            figure.text(0.1, 0.5, r"95\,\% $\tau$")
            figure.savefig(io.BytesIO(), format="png")
    # Matplotlib wraps what a broken installation says in whatever its reader stumbles over.
    except Exception as error:
        lines = str(error).splitlines() or [type(error).__name__]
        said = next((line[2:] for line in lines if line.startswith("! ")), lines[0])
        return f"TeX is installed but does not work ({said[:120]})"
    return None


def prepare_for_tex(figures: Iterable[Figure]) -> None:
    """Escape what TeX would take for commands in all text of ``figures``; math stays.

    Does nothing outside ``tex_text``.
    """
    if not matplotlib.rcParams["text.usetex"]:
        return
    for figure in figures:
        for text in figure.findobj(Text):
            if isinstance(text, Text):
                text.set_text(escape_label(text.get_text()))
        for axis in figure.findobj(Axis):  # those of secondary axes, too
            if isinstance(axis, Axis):
                _escape_ticks(axis.get_major_formatter())


def escape_label(label: str) -> str:
    """Return a label as TeX source; parts between dollar signs are math already.

    A label with a backslash is taken for TeX source.
    """
    if "\\" in label:
        return label
    if label.count("$") % 2:
        return escape_tex(label)
    parts = _MATH.split(label)
    return "".join(part if _MATH.fullmatch(part) else escape_tex(part) for part in parts)


def _escape_ticks(formatter: object) -> None:
    if isinstance(formatter, FixedFormatter):
        formatter.seq = [escape_label(label) for label in formatter.seq]
    elif isinstance(formatter, FuncFormatter):
        formatter.func = _escaping(formatter.func)


def _escaping(function: Callable[..., str]) -> Callable[..., str]:
    def escaped(*arguments: object) -> str:
        return escape_label(function(*arguments))

    return escaped


def _tex_settings() -> dict[Any, Any]:
    return {"text.usetex": True, "text.latex.preamble": _PREAMBLE}
