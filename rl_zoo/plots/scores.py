"""Normalised scores of several methods on several environments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rl_zoo.plots.results import Method
from rl_zoo.plots.statistics import Floats


@dataclass(frozen=True)
class Scale:
    """What becomes 0 and what becomes 1 on one environment, in units of its returns."""

    zero: float
    one: float

    def apply(self, values: Floats) -> Floats:
        """Return normalised ``values``."""
        scores: Floats = (values - self.zero) / (self.one - self.zero)
        return scores


@dataclass(frozen=True)
class Scores:
    """Last evaluations, normalised per environment; seeds of environments are independent.

    Attributes:
        env_names: Environments in order.
        last: Method -> one array (n_seeds,) per environment, in the order of ``env_names``; numbers
            of seeds may differ. Only methods that have runs on every environment.
        curves: Method -> one array (n_seeds, k) per environment, the evaluations on ``x``. A column
            is finite where all runs of the method have evaluations, else NaN in all of them. Only
            methods that have such columns.
        x: The common grid of all curves, (k,); empty if there is none.
        axis_label: What the scores are, e.g. ``Score (0 = random, 1 = reference)``; never
            "normalised" without saying how.
        notes: One sentence for everything that was left out or cut.
        curve_notes: The same for the curves alone.
        scales: What is 0 and 1 on each environment.
        zero_name: What 0 is, in a few words.
        one_name: What 1 is, likewise.
    """

    env_names: tuple[str, ...]
    last: Mapping[Method, tuple[Floats, ...]]
    curves: Mapping[Method, tuple[Floats, ...]]
    x: Floats
    axis_label: str
    notes: tuple[str, ...] = ()
    curve_notes: tuple[str, ...] = ()
    scales: tuple[Scale, ...] = ()
    zero_name: str = "0"
    one_name: str = "1"

    def seeds_text(self, method: Method) -> str:
        """Return the number of seeds per environment: ``n=5``, or ``n=3–5`` where they differ."""
        sizes = [len(values) for values in self.last[method]]
        least, most = min(sizes), max(sizes)
        return f"n={least}" if least == most else f"n={least}–{most}"
