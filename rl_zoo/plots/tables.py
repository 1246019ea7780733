"""The table of last evaluations: what stands in its cells, for people and in the zoo's lists.

``rl_zoo.plots.table_files`` writes it as Markdown, CSV and LaTeX.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rl_zoo.plots.results import AlignedSeries, Method
from rl_zoo.plots.statistics import Bootstrap, Statistic, summarize_seeds

EMPTY_CELL = "–"
"""What stands in a cell for which there are no runs: never a number."""

STATISTIC_NAMES: dict[str, str] = {
    "mean": "mean",
    "median": "median",
    "iqm": "interquartile mean",
}
"""Statistic -> its name in captions."""


@dataclass(frozen=True)
class Cell:
    """The last evaluations of the seeds of one method on one environment.

    Attributes:
        value: Mean, median or interquartile mean over seeds.
        error: Standard error of the mean; NaN for one seed.
        low: Lower end of the bootstrap interval of ``value``; NaN for one seed.
        high: Upper end likewise.
        n: Number of seeds.
        steps: Smallest and largest environment step of the seeds' last evaluations; None if
            unknown.
    """

    value: float
    error: float
    low: float
    high: float
    n: int
    steps: tuple[int, int] | None = None


@dataclass(frozen=True)
class ResultsTable:
    """Last evaluations: one row per environment, one column per method.

    Attributes:
        columns: (algorithm, label) of each column; the label is "" if there is only one log folder.
        titles: Name of each column.
        cells: Environment name and its cells, None where there are no runs.
        statistic: What ``Cell.value`` is.
        confidence: Coverage of the intervals.
        shows_intervals: Whether ``[low, high]`` is shown instead of ``± error``.
    """

    columns: tuple[Method, ...]
    titles: tuple[str, ...]
    cells: tuple[tuple[str, tuple[Cell | None, ...]], ...]
    statistic: Statistic = "mean"
    confidence: float = 0.95
    shows_intervals: bool = False

    @property
    def rows(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """Environment name and its cells as text."""
        return tuple((env, self._texts(cells)) for env, cells in self.cells)

    def what(self) -> str:
        """Return what the cells are: ``mean ± standard error over n seeds``."""
        interval = f"[{self.confidence * 100:g} % CI]"
        spread = interval if self.shows_intervals else "± standard error"
        return f"{STATISTIC_NAMES[self.statistic]} {spread} over n seeds"

    def to_markdown(self) -> str:
        """Return the table as GitHub-flavoured Markdown."""
        lines = [["Environment", *self.titles], *([env, *cells] for env, cells in self.rows)]
        return markdown_lines(lines)

    def to_zoo(self, zoo_labels: Mapping[str, str]) -> dict[str, list[str] | list[list[str]]]:
        """Return headers and cells in the nested lists of the zoo's pickle.

        Args:
            zoo_labels: Our label -> the label the zoo would show ("" -> the log folder).
        """
        labels = ["", *(zoo_labels.get(label, label) for _, label in self.columns)]
        rows = [[env, *cells] for env, cells in self.rows]
        headers = ["Environments", *(algo.upper() for algo, _ in self.columns)]
        return {"headers": headers, "value_matrix": [labels, *rows]}

    def _texts(self, cells: Sequence[Cell | None]) -> tuple[str, ...]:
        steps = says_steps(cells)
        return tuple(
            EMPTY_CELL
            if cell is None
            else cell_text(cell, intervals=self.shows_intervals, steps=steps)
            for cell in cells
        )


def results_table(
    series: Sequence[AlignedSeries],
    statistic: Statistic = "mean",
    algos: Sequence[str] = (),
    settings: Bootstrap | None = None,
) -> ResultsTable:
    """Make the table of last evaluations: mean ± standard error, or another statistic [interval].

    Args:
        series: All series; a missing pair of environment and column becomes an empty cell.
        statistic: What is computed over seeds.
        algos: Algorithms in the order of their columns; those not named come after these.
        settings: How the intervals are computed.
    """
    settings = settings or Bootstrap()
    algos = list(dict.fromkeys([*algos, *(item.algo for item in series)]))
    labels = list(dict.fromkeys(item.label for item in series))
    titles = {item.method: item.title for item in series}
    wanted = ((algo, label) for algo in algos for label in labels)
    columns = tuple(column for column in wanted if column in titles)
    found = {(item.env_name, item.method): item for item in series}
    rows = []
    for env in dict.fromkeys(item.env_name for item in series):
        items = [found.get((env, column)) for column in columns]
        cells = (None if item is None else make_cell(item, statistic, settings) for item in items)
        rows.append((env, tuple(cells)))
    return ResultsTable(
        columns,
        tuple(titles[column] for column in columns),
        tuple(rows),
        statistic,
        settings.confidence,
        shows_intervals=statistic != "mean",
    )


def make_cell(
    series: AlignedSeries, statistic: Statistic = "mean", settings: Bootstrap | None = None
) -> Cell:
    """Summarise the last evaluations of the seeds of one series."""
    summary = summarize_seeds(series.last_values[:, None], statistic, settings)
    numbers = (summary.center, summary.standard_error, summary.low, summary.high)
    value, error, low, high = (float(array[0]) for array in numbers)
    steps = series.last_steps
    ends = (min(steps), max(steps)) if steps else None
    return Cell(value, error, low, high, series.n, ends)


def format_cell(series: AlignedSeries, statistic: Statistic = "mean") -> str:
    """Return the last evaluation of a series: ``83 ± 12 (n=3)``, without ± for one seed.

    The steps are added where the seeds end at different ones.
    """
    return cell_text(make_cell(series, statistic), intervals=statistic != "mean")


def cell_text(cell: Cell, *, intervals: bool, steps: bool = False) -> str:
    """Return the text of a cell: ``83 ± 12 (n=3)`` or ``83 [61, 99] (n=3)``.

    Args:
        cell: The numbers.
        intervals: Show the interval instead of the standard error.
        steps: Say the steps even if all seeds end at about the same.
    """
    value, spread = number_texts(cell, intervals=intervals)
    joined = f"{value} {spread}" if intervals else f"{value} ± {spread}"
    ends = steps_text(cell, always=steps)
    notes = f"n={cell.n}" + (f", at {ends} steps" if ends else "")
    return f"{joined if spread else value} ({notes})"


def number_texts(cell: Cell, *, intervals: bool) -> tuple[str, str]:
    """Return the value and its error (``[low, high]``), "" for one seed."""
    value = format_number(cell.value, cell.error)
    if not math.isfinite(cell.low if intervals else cell.error):
        return value, ""
    if not intervals:
        return value, _error_text(value, cell.error)
    low, high = (format_number(end, cell.error) for end in (cell.low, cell.high))
    return value, f"[{low}, {high}]"


def _error_text(value: str, error: float) -> str:
    """Return an error with the decimals of its value, more where these would show zeros only."""
    text = format_number(error, error)
    same = f"{error:.{len(value.partition('.')[2])}f}"
    return text if "e" in value + text or float(same) == 0.0 else same


def says_steps(cells: Sequence[Cell | None]) -> bool:
    """Say whether the cells of a row end at different steps, so that each must say its own."""
    ends = [step for cell in cells if cell is not None and cell.steps for step in cell.steps]
    return bool(ends) and max(ends) - min(ends) > 0.02 * max(ends)


def steps_text(cell: Cell, *, always: bool = False) -> str:
    """Return the steps of the last evaluations, "" where nothing is worth saying.

    Args:
        cell: The numbers.
        always: Say them even if all seeds end at about the same step.
    """
    if cell.steps is None:
        return ""
    first, last = cell.steps
    if last - first > 0.02 * last:
        return f"{format_steps(first)}–{format_steps(last)}"
    return format_steps(last) if always else ""


def format_number(value: float, error: float = math.nan) -> str:
    """Return ``value`` with the decimals that ``error`` leaves meaningful, at most three.

    More where three would show zeros only; a power of ten for what is tiny or huge.
    """
    known = math.isfinite(error) and error > 0
    size = max(abs(value), error if known else 0.0)
    if not math.isfinite(size) or 0.0 < size < 1e-4 or size >= 1e12:
        return f"{value:.3g}"
    if known:
        decimals = 1 - math.floor(math.log10(error))
    else:
        decimals = 3 - math.floor(math.log10(abs(value))) if value else 0
    most = max(3, 1 - math.floor(math.log10(size))) if size else 0
    text = f"{value:.{min(most, max(0, decimals))}f}"
    return text if float(text) != 0 else text.lstrip("-")


def format_steps(steps: int) -> str:
    """Return a number of steps for a person: ``8k``, ``1.5M``."""
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if steps >= size:
            return f"{steps / size:.3g}{unit}"
    return str(steps)


def markdown_lines(lines: Sequence[Sequence[str]]) -> str:
    """Return a header and rows as a Markdown table, the first column left, others right-aligned."""
    cells = [[cell.replace("|", "\\|") for cell in line] for line in lines]
    widths = [max(len(line[i]) for line in cells) for i in range(len(cells[0]))]
    text = [_markdown_line(line, widths) for line in cells]
    rule = [f"{'-' * (width - 1)}{':' if i else '-'}" for i, width in enumerate(widths)]
    return "\n".join([text[0], _markdown_line(rule, widths), *text[1:]])


def _markdown_line(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = (
        cell.ljust(width) if i == 0 else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return f"| {' | '.join(padded)} |"
