"""The kinds of figures that compare methods: the built-in ones and those of plug-ins.

A plot is a function ``(Comparison) -> {name: Figure}``: no figure of its own process state, no
reading of files, no writing. The name is appended to the file name ("" for a single figure). It is
added in a package's own pyproject.toml::

    [project.entry-points."rl_zoo.plots"]
    ranks = "my_package.plots:plot_ranks"
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Protocol

from rl_zoo.errors import UsageError
from rl_zoo.plots.evaluation_figure import FigureOptions
from rl_zoo.plots.results import Results
from rl_zoo.registry import Registry

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rl_zoo.plots.score_estimates import ScoreEstimates
    from rl_zoo.plots.scores import Scores

PLOTS = Registry(
    "plot",
    "rl_zoo.plots",
    {
        "curves": "rl_zoo.plots.evaluation_figure:plot_curves",
        "bars": "rl_zoo.plots.bar_figure:plot_bars",
        "boxes": "rl_zoo.plots.box_figure:plot_boxes",
        "aggregates": "rl_zoo.plots.aggregate_figure:plot_aggregates",
        "profiles": "rl_zoo.plots.profile_figure:plot_profiles",
        "improvement": "rl_zoo.plots.improvement_figure:plot_improvement",
        "efficiency": "rl_zoo.plots.efficiency_figure:plot_efficiency",
    },
)
"""Name -> function; ``package.module:function`` works as a name too."""


@dataclass(frozen=True)
class Comparison:
    """What a plot is given.

    Attributes:
        results: Evaluations of all methods on all environments.
        scores: The same normalised, where a plot compares across environments; None if it was not
            asked for.
        options: Looks.
        engine: Who computes the aggregates: ours or rliable, the oracle.
        resamples: Bootstrap resamples of the aggregates.
        confidence: Coverage of the intervals of the aggregates.
    """

    results: Results
    scores: Scores | None = None
    options: FigureOptions = field(default_factory=FigureOptions)
    engine: Literal["numpy", "rliable"] = "numpy"
    resamples: int = 50_000
    confidence: float = 0.95

    @cached_property
    def estimates(self) -> ScoreEstimates:
        """Estimates over environments with intervals, computed once for figures and tables.

        Raises:
            UsageError: If there are no scores.
        """
        from rl_zoo.plots.score_estimates import ScoreEstimates
        from rl_zoo.plots.stratified import Bootstrap

        if self.scores is None:
            raise UsageError(
                "a plot over environments needs normalised scores: --normalize table or min-max"
            )
        return ScoreEstimates(self.scores, Bootstrap(self.confidence, self.resamples), self.engine)


class Plot(Protocol):
    """Draws figures from results."""

    def __call__(self, comparison: Comparison) -> Mapping[str, Figure]:
        """Return the figures by the name that is appended to the file name.

        Raises:
            NothingFoundError: If there is nothing to draw, e.g. no pair of methods to compare.
            UsageError: If it needs scores that are not there.
        """
        ...
