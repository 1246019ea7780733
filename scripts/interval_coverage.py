"""How often intervals hold the truth, by number of seeds; writes the table of docs/statistics.md.

    python scripts/interval_coverage.py

Scores are drawn from distributions whose mean, median and interquartile mean are known. One minute.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from rl_zoo.console import result
from rl_zoo.plots.statistics import Bootstrap, Floats, Statistic, bootstrap_interval

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts.page_markers import write_between  # noqa: E402

STUDIES = 4000
"""Studies drawn for every number of seeds; the standard error of a coverage of 0.9 is 0.005."""
SEEDS = (3, 5, 10, 20, 30)
FAILURES = 0.2
PAGE = ROOT / "docs" / "statistics.md"


def coverage(scores: Floats, truth: float, statistic: Statistic) -> float:
    """Return the share of studies, (n_seeds, n_studies), whose 95 % interval holds the truth."""
    low, high = bootstrap_interval(scores, statistic, Bootstrap(resamples=2000))
    return float(np.mean((low <= truth) & (truth <= high)))


def table_row(n_seeds: int) -> str:
    """Return the row of one number of seeds."""
    rng = np.random.default_rng(n_seeds)
    normal = rng.normal(size=(n_seeds, STUDIES))
    failing = (rng.random((n_seeds, STUDIES)) >= FAILURES) + rng.normal(0.0, 0.1, normal.shape)
    shares = [
        coverage(normal, 0.0, "mean"),
        coverage(normal, 0.0, "iqm"),
        coverage(normal, 0.0, "median"),
        coverage(failing, 1.0 - FAILURES, "mean"),
    ]
    return f"| {n_seeds} | " + " | ".join(f"{100 * share:.0f} %" for share in shares) + " |\n"


def main() -> int:
    """Write the table between the markers of the page and show it."""
    text = (
        "| seeds | mean | IQM | median | mean, one seed in five fails |\n|---|---|---|---|---|\n"
    ) + "".join(map(table_row, SEEDS))
    result(text)
    write_between(PAGE, "coverage", text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
