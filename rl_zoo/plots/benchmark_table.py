"""The table of a folder of evaluations in Markdown, CSV and LaTeX."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import astuple

from rl_zoo.plots.table_files import escape_tex
from rl_zoo.runs.benchmark_folder import BenchmarkEntry

COLUMNS = ("algo", "env_id", "mean_reward", "std_reward", "eval_timesteps", "eval_episodes")
"""Names of the columns, as the zoo publishes them."""

CAPTION = "Mean and standard deviation of the return over the evaluation episodes of one agent each"


def render_benchmark(entries: Sequence[BenchmarkEntry], table_format: str) -> str:
    """Return the table as ``md``, ``csv`` (full precision) or ``latex``."""
    if table_format == "csv":
        return _to_csv(entries)
    rows = [_texts(entry) for entry in entries]
    return _to_latex(rows) if table_format == "latex" else _to_markdown(rows)


def _texts(entry: BenchmarkEntry) -> list[str]:
    numbers = (entry.mean_reward, entry.std_reward)
    rounded = (f"{number:.3f}" for number in numbers)
    whole = (entry.eval_timesteps, entry.eval_episodes)
    return [entry.algo, entry.env_name, *rounded, *map(str, whole)]


def _to_csv(entries: Sequence[BenchmarkEntry]) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(astuple(entry) for entry in entries)
    return stream.getvalue()


def _to_markdown(rows: Sequence[Sequence[str]]) -> str:
    lines = [list(COLUMNS), *rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(COLUMNS))]
    rule = ["-" * width if i < 2 else "-" * (width - 1) + ":" for i, width in enumerate(widths)]
    padded = [
        [cell.ljust(width) if i < 2 else cell.rjust(width) for i, (cell, width) in pairs]
        for pairs in (enumerate(zip(line, widths, strict=True)) for line in [lines[0], rule, *rows])
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in padded) + "\n"


def _to_latex(rows: Sequence[Sequence[str]]) -> str:
    heads = ("Algorithm", "Environment", "Mean", "Standard deviation", "Steps", "Episodes")
    body = [f"    {escape_tex(algo.upper())} & {escape_tex(env)} & " for algo, env, *_ in rows]
    numbers = [" & ".join(f"${number}$" for number in row[2:]) + r" \\" for row in rows]
    lines = [
        r"% \usepackage{booktabs}",
        r"\begin{table}[t]",
        r"  \centering",
        rf"  \caption{{{CAPTION}.}}",
        r"  \label{tab:benchmark}",
        r"  \begin{tabular}{llrrrr}",
        r"    \toprule",
        rf"    {' & '.join(heads)} \\",
        r"    \midrule",
        *(start + end for start, end in zip(body, numbers, strict=True)),
        r"    \bottomrule",
        r"  \end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"
