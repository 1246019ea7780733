"""Estimates over environments with the engine that was chosen, each computed once."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from types import ModuleType
from typing import Literal, NamedTuple

import numpy as np

from rl_zoo.errors import NothingFoundError, UsageError
from rl_zoo.plots import aggregates, efficiency, improvement, profiles
from rl_zoo.plots.aggregates import Aggregates
from rl_zoo.plots.results import Method
from rl_zoo.plots.scores import Scores
from rl_zoo.plots.statistics import Floats
from rl_zoo.plots.stratified import Bootstrap, Estimate

_N_TAUS = 301
_WIDEST = (-1.0, 10.0)
"""Profiles are shown within these scores, whatever a diverged run reached."""


class Line(NamedTuple):
    """A curve with its interval, (k,) each."""

    x: Floats
    value: Floats
    low: Floats
    high: Floats


class ScoreEstimates:
    """Aggregates, profiles, probabilities of improvement and sample efficiency of all methods.

    Args:
        scores: Normalised scores.
        settings: Coverage, resamples and seed of the intervals.
        engine: Who computes them: ours, or rliable.
    """

    def __init__(
        self, scores: Scores, settings: Bootstrap, engine: Literal["numpy", "rliable"] = "numpy"
    ) -> None:
        self.scores = scores
        self.settings = settings
        self.engine = engine

    @cached_property
    def aggregates(self) -> dict[Method, Aggregates]:
        """Median, IQM, mean and optimality gap of every method."""
        compute = self._module(aggregates).aggregate_scores
        return {method: compute(last, self.settings) for method, last in self.scores.last.items()}

    @cached_property
    def improvements(self) -> dict[tuple[Method, Method], Estimate]:
        """Probability that a run of the first method scores higher than one of the second.

        Raises:
            NothingFoundError: If there is no pair of methods.
        """
        methods = list(self.scores.last)
        if len(methods) < 2:
            raise NothingFoundError(
                "-vs: a probability of improvement needs two methods with runs on every "
                f"environment, there is {len(methods)}"
            )
        compute = self._module(improvement).probability_of_improvement
        last = self.scores.last
        return {
            (first, second): compute(last[first], last[second], self.settings)
            for place, first in enumerate(methods)
            for second in methods[place + 1 :]
        }

    @cached_property
    def profiles(self) -> dict[Method, Line]:
        """Share of runs whose score is above x."""
        taus = profile_range(list(self.scores.last.values()))
        compute = self._module(profiles).score_profile
        return {
            method: Line(taus, *compute(last, taus, self.settings))
            for method, last in self.scores.last.items()
        }

    @cached_property
    def efficiency(self) -> dict[Method, Line]:
        """Interquartile mean of the scores over the x axis of the results.

        Raises:
            NothingFoundError: If no method has curves.
        """
        if not self.scores.curves:
            raise NothingFoundError(
                "-iqm: there are no evaluations of single seeds over a common x axis, so there is "
                "no sample-efficiency curve to draw"
            )
        compute = self._module(efficiency).sample_efficiency
        lines = {}
        for method, curves in self.scores.curves.items():
            known = np.isfinite(curves[0][0])
            shown = [curve[:, known] for curve in curves]
            lines[method] = Line(self.scores.x[known], *compute(shown, self.settings))
        return lines

    def _module(self, ours: ModuleType) -> ModuleType:
        if self.engine == "numpy":
            return ours
        from rl_zoo.plots import rliable_engine

        self._check_equal_seeds()
        return rliable_engine

    def _check_equal_seeds(self) -> None:
        for method, last in self.scores.last.items():
            if len({len(values) for values in last}) > 1:
                named = zip(self.scores.env_names, last, strict=True)
                counts = ", ".join(f"{len(values)} on {env}" for env, values in named)
                raise UsageError(
                    "--engine rliable: it needs the same number of seeds on every environment; "
                    f"{' '.join(method).upper().strip()} has {counts}; use --engine numpy"
                )


def profile_range(scores: Sequence[Sequence[Floats]]) -> Floats:
    """Return the scores at which profiles are computed: 0, 1 and all but extreme ones within."""
    values = np.concatenate([of_env for last in scores for of_env in last])
    low = max(min(0.0, float(values.min())), _WIDEST[0])
    high = min(max(1.0, float(values.max())), _WIDEST[1])
    margin = 0.04 * (high - low)
    return np.linspace(low - margin if low < 0.0 else low, high + margin, _N_TAUS)
