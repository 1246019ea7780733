"""What figures and tables are drawn from: evaluations of several seeds on a common grid.

``all_plots`` makes it from run folders, ``plot_from_file`` reads it from a file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from rl_zoo.plots.statistics import Floats, SeedStatistics, Statistic

XAxis = Literal["steps", "episodes", "time", "robot-minutes", "gradient-steps"]
"""What is counted along the x axis: environment steps, training episodes, hours of training,
minutes of robot time, gradient steps."""

X_UNITS: dict[XAxis, str] = {
    "steps": "steps",
    "episodes": "episodes",
    "time": "h",
    "robot-minutes": "min",
    "gradient-steps": "gradient steps",
}
"""Units in which they are counted."""

Method = tuple[str, str]
"""Algorithm (lower case) and label of the log folder ("" if there is one)."""


@dataclass(frozen=True)
class AlignedSeries:
    """The seeds of one algorithm (and label) on one environment: one line of a figure.

    Attributes:
        env_name: Environment.
        algo: Algorithm, lower case.
        label: Label of the log folder; "" if there is only one.
        x: The common grid, (k,), strictly ascending, in units of ``Results.x_axis``.
        per_seed: Mean of every evaluation, (n_seeds, k), NaN where a seed has none. (0, k) where a
            file holds the summary only.
        statistics: Summary over seeds at each grid point.
        last_values: Last evaluation of every seed, (n_seeds,).
        last_steps: Environment step of each of them, (n_seeds,); empty if unknown.
        runs: The run folders of every seed; empty if unknown.
        name: Name in legends and tables that was asked for; "" for algorithm and label.
    """

    env_name: str
    algo: str
    label: str
    x: Floats
    per_seed: Floats
    statistics: SeedStatistics
    last_values: Floats
    last_steps: tuple[int, ...] = ()
    runs: tuple[tuple[str, ...], ...] = ()
    name: str = ""

    @property
    def n(self) -> int:
        """Number of seeds."""
        return len(self.last_values)

    @property
    def title(self) -> str:
        """Name in legends and tables, without n."""
        return self.name or f"{self.algo.upper()} {self.label}".strip()

    @property
    def method(self) -> Method:
        """What the seeds were trained with, for lookups."""
        return (self.algo, self.label)


@dataclass(frozen=True)
class Results:
    """Everything that a set of figures and tables is drawn from.

    Attributes:
        series: At least one, in the order in which they are shown.
        key: Array of ``evaluations.npz`` the values come from.
        x_axis: What ``AlignedSeries.x`` counts.
        statistic: What the statistics of the series estimate.
        confidence: Coverage of their intervals.
        resamples: Bootstrap resamples behind these.
    """

    series: tuple[AlignedSeries, ...]
    key: str = "results"
    x_axis: XAxis = "steps"
    statistic: Statistic = "mean"
    confidence: float = 0.95
    resamples: int = 10_000

    def env_names(self) -> list[str]:
        """Return the environments, in order."""
        return list(dict.fromkeys(item.env_name for item in self.series))

    def of_env(self, env_name: str) -> list[AlignedSeries]:
        """Return the series of one environment."""
        return [item for item in self.series if item.env_name == env_name]

    def methods(self) -> list[Method]:
        """Return (algorithm, label) of every method, in order."""
        return list(dict.fromkeys(item.method for item in self.series))

    def title(self, method: Method) -> str:
        """Return the name of a method in legends and tables."""
        found = (item.title for item in self.series if item.method == method)
        return next(found, f"{method[0].upper()} {method[1]}".strip())


def find_series(
    series: Sequence[AlignedSeries], env_name: str, method: Method
) -> AlignedSeries | None:
    """Return the series of a method on an environment; None if there is none."""
    found = (item for item in series if item.method == method)
    return next((item for item in found if item.env_name == env_name), None)
