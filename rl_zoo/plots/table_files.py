"""Tables of last evaluations as files: Markdown to read, CSV to compute with, LaTeX to publish."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path

from rl_zoo.plots.evaluation_figure import KEY_LABELS
from rl_zoo.plots.output_file import refusing_unwritable
from rl_zoo.plots.tables import (
    EMPTY_CELL,
    Cell,
    ResultsTable,
    markdown_lines,
    number_texts,
    says_steps,
    steps_text,
)
from rl_zoo.runs.atomic import write_text

TABLE_SUFFIXES = {"md": ".md", "csv": ".csv", "latex": ".tex"}
"""Format of a table -> suffix of its file."""

CSV_COLUMNS = (
    "environment",
    "algorithm",
    "label",
    "name",
    "statistic",
    "value",
    "standard_error",
    "ci_low",
    "ci_high",
    "confidence",
    "n",
    "first_end_step",
    "last_end_step",
)
"""Columns of the CSV; one row per environment and method that has runs."""

_TEX_CHARACTERS = {
    "\\": r"\textbackslash{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "±": r"$\pm$",
    "→": r"$\rightarrow$",
    "–": "--",
    "−": "$-$",
    "τ": r"$\tau$",
    "×": r"$\times$",
    "\u2009": r"\,",
}


def write_tables(
    table: ResultsTable, stem: Path, formats: Sequence[str], caption: str, *, best: bool = False
) -> list[Path]:
    """Write ``<stem>.md``, ``.csv`` or ``.tex`` for each format and return the paths.

    Args:
        table: What to write.
        stem: Path without suffix.
        formats: Any of ``TABLE_SUFFIXES``.
        caption: What the table shows, in one sentence.
        best: Set the highest value of each row in bold (Markdown and LaTeX).

    Raises:
        UsageError: If a file cannot be written.
    """
    paths = []
    for name in formats:
        path = stem.with_name(f"{stem.name}{TABLE_SUFFIXES[name]}")
        with refusing_unwritable(str(path)):
            write_text(path, render_table(table, name, caption, best=best))
        paths.append(path)
    return paths


def table_caption(key: str, table: ResultsTable) -> str:
    """Return what a table shows in one sentence, for ``write_tables``.

    Args:
        key: ``Results.key``.
        table: The table.
    """
    return f"{KEY_LABELS.get(key, key)} at the last evaluation: {table.what()}."


def render_table(
    table: ResultsTable, table_format: str, caption: str, *, best: bool = False
) -> str:
    """Return the text of a table in one of the formats of ``TABLE_SUFFIXES``."""
    if table_format == "csv":
        return to_csv(table)
    if table_format == "latex":
        return to_latex(table, caption, best=best)
    return f"{caption}\n\n{to_markdown(table, best=best)}\n"


def to_markdown(table: ResultsTable, *, best: bool = False) -> str:
    """Return the table as Markdown, the highest value of each row in bold if asked for."""
    lines = [["Environment", *table.titles]]
    for (env, texts), (_, cells) in zip(table.rows, table.cells, strict=True):
        chosen = _highest(cells) if best else set()
        lines.append(
            [env, *(f"**{text}**" if i in chosen else text for i, text in enumerate(texts))]
        )
    return markdown_lines(lines)


def to_csv(table: ResultsTable) -> str:
    """Return all numbers at full precision, one row per environment and method with runs."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(CSV_COLUMNS)
    for env, cells in table.cells:
        for (algo, label), title, cell in zip(table.columns, table.titles, cells, strict=True):
            if cell is None:
                continue
            numbers = (cell.value, cell.error, cell.low, cell.high)
            texts = [repr(number) if math.isfinite(number) else "" for number in numbers]
            names = (env, algo, label, title, table.statistic)
            ends = cell.steps or ("", "")
            writer.writerow([*names, *texts, table.confidence, cell.n, *ends])
    return stream.getvalue()


def to_latex(table: ResultsTable, caption: str, *, best: bool = False) -> str:
    r"""Return a ``table`` with booktabs rules, to be included with ``\input``."""
    heads = " & ".join(["Environment", *(escape_tex(title) for title in table.titles)])
    lines = [
        r"% \usepackage{booktabs}",
        r"\begin{table}[t]",
        r"  \centering",
        rf"  \caption{{{escape_tex(caption)}}}",
        r"  \label{tab:last-evaluations}",
        rf"  \begin{{tabular}}{{l{'r' * len(table.columns)}}}",
        r"    \toprule",
        rf"    {heads} \\",
        r"    \midrule",
        *(f"    {_latex_row(env, cells, table, best=best)}" for env, cells in table.cells),
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def escape_tex(text: str) -> str:
    r"""Return plain text as LaTeX source: ``ppo_lstm`` becomes ``ppo\_lstm``."""
    return "".join(_TEX_CHARACTERS.get(character, character) for character in text)


def _latex_row(
    env: str, cells: Sequence[Cell | None], table: ResultsTable, *, best: bool = False
) -> str:
    chosen = _highest(cells) if best else set()
    steps = says_steps(cells)
    texts = [
        escape_tex(EMPTY_CELL)
        if cell is None
        else _latex_cell(cell, table, bold=i in chosen, steps=steps)
        for i, cell in enumerate(cells)
    ]
    return " & ".join([escape_tex(env), *texts]) + r" \\"


def _latex_cell(cell: Cell, table: ResultsTable, *, bold: bool, steps: bool) -> str:
    value, spread = number_texts(cell, intervals=table.shows_intervals)
    value = rf"\mathbf{{{value}}}" if bold else value
    if spread:
        value += rf"\;{spread}" if table.shows_intervals else rf" \pm {spread}"
    ends = steps_text(cell, always=steps)
    notes = f"$n={cell.n}$" + (f", {escape_tex(ends)} steps" if ends else "")
    return f"${value}$ ({notes})"


def _highest(cells: Sequence[Cell | None]) -> set[int]:
    """Return the columns of the highest value of a row that compares at least two."""
    values = {i: cell.value for i, cell in enumerate(cells) if cell is not None}
    if len(values) < 2:
        return set()
    highest = max(values.values())
    return {i for i, value in values.items() if value == highest}
