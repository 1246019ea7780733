"""The table of last evaluations, for people (Markdown) and in the zoo's nested lists."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rl_zoo.plots.results import AlignedSeries
from rl_zoo.plots.statistics import Statistic, standard_error

EMPTY_CELL = "–"
"""What stands in a cell for which there are no runs: never a number."""


@dataclass(frozen=True)
class ResultsTable:
    """Last evaluations: one row per environment, one column per algorithm and label.

    Attributes:
        columns: (algorithm, label) of each column; the label is "" if there is only one log folder.
        rows: Environment name and its cells.
    """

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]

    def to_markdown(self) -> str:
        """Return the table as GitHub-flavoured Markdown."""
        titles = [f"{algo.upper()} {label}".strip() for algo, label in self.columns]
        lines = [["Environment", *titles], *([env, *cells] for env, cells in self.rows)]
        widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
        text = [_markdown_line(line, widths) for line in lines]
        rule = [f"{'-' * (width - 1)}{':' if i else '-'}" for i, width in enumerate(widths)]
        return "\n".join([text[0], _markdown_line(rule, widths), *text[1:]])

    def to_zoo(self, zoo_labels: Mapping[str, str]) -> dict[str, list[str] | list[list[str]]]:
        """Return headers and cells in the nested lists of the zoo's pickle.

        Args:
            zoo_labels: Our label -> the label the zoo would show ("" -> the log folder).
        """
        labels = ["", *(zoo_labels.get(label, label) for _, label in self.columns)]
        rows = [[env, *cells] for env, cells in self.rows]
        headers = ["Environments", *(algo.upper() for algo, _ in self.columns)]
        return {"headers": headers, "value_matrix": [labels, *rows]}


def results_table(
    series: Sequence[AlignedSeries], statistic: Statistic = "mean", algos: Sequence[str] = ()
) -> ResultsTable:
    """Make the table of last evaluations.

    Args:
        series: All series; a missing pair of environment and column becomes an empty cell.
        statistic: Mean (with standard error over seeds) or median.
        algos: Algorithms in the order of their columns; those not named come after these.
    """
    algos = list(dict.fromkeys([*algos, *(item.algo for item in series)]))
    labels = list(dict.fromkeys(item.label for item in series))
    existing = {(item.algo, item.label) for item in series}
    wanted = ((algo, label) for algo in algos for label in labels)
    columns = tuple(column for column in wanted if column in existing)
    envs = dict.fromkeys(item.env_name for item in series)
    found = {(item.env_name, item.algo, item.label): item for item in series}
    rows = []
    for env in envs:
        cells = [found.get((env, *column)) for column in columns]
        texts = (EMPTY_CELL if cell is None else format_cell(cell, statistic) for cell in cells)
        rows.append((env, tuple(texts)))
    return ResultsTable(columns, tuple(rows))


def format_cell(series: AlignedSeries, statistic: Statistic = "mean") -> str:
    """Return the last evaluation of a series: ``83 ± 12 (n=3)``, without ± for one seed.

    The steps are added where the seeds end at different ones.
    """
    values = series.last_values
    notes = [f"n={series.n}"]
    steps = series.last_steps
    if steps and max(steps) - min(steps) > 0.02 * max(steps):
        notes.append(f"at {format_steps(min(steps))}–{format_steps(max(steps))} steps")
    error = float(standard_error(values)) if len(values) > 1 else math.nan
    if statistic == "median":
        number = format_number(float(np.median(values)), error)
    else:
        number = format_number(float(np.mean(values)), error)
        if math.isfinite(error):
            number += f" ± {format_number(error, error)}"
    return f"{number} ({', '.join(notes)})"


def format_number(value: float, error: float = math.nan) -> str:
    """Return ``value`` with the decimals that ``error`` leaves meaningful, at most three."""
    if math.isfinite(error) and error > 0:
        decimals = 1 - math.floor(math.log10(error))
    else:
        decimals = 3 - math.floor(math.log10(abs(value))) if value else 0
    text = f"{value:.{min(3, max(0, decimals))}f}"
    return text if float(text) != 0 else text.lstrip("-")


def format_steps(steps: int) -> str:
    """Return a number of steps for a person: ``8k``, ``1.5M``."""
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if steps >= size:
            return f"{steps / size:.3g}{unit}"
    return str(steps)


def _markdown_line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (
        cell.ljust(width) if i == 0 else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return f"| {' | '.join(padded)} |"
