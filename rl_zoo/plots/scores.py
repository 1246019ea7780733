"""Normalised scores of several methods on several environments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rl_zoo.plots.statistics import Floats

Method = tuple[str, str]
"""Algorithm (lower case) and label of the log folder ("" if there is one)."""


@dataclass(frozen=True)
class Scores:
    """Last evaluations, normalised per environment; seeds of environments are independent.

    Attributes:
        env_names: Environments in order.
        last: Method -> one array (n_seeds,) per environment, in the order of ``env_names``; numbers
            of seeds may differ. Only methods that have runs on every environment.
        curves: Method -> one array (n_seeds, k) per environment, the evaluations on ``x``; finite.
            Empty if the curves have no common grid.
        x: The common grid of all curves, (k,); empty likewise.
        axis_label: What the scores are, e.g. ``Score (0 = random, 1 = reference)``; never
            "normalised" without saying how.
        notes: One sentence for everything that was left out or cut.
    """

    env_names: tuple[str, ...]
    last: Mapping[Method, tuple[Floats, ...]]
    curves: Mapping[Method, tuple[Floats, ...]]
    x: Floats
    axis_label: str
    notes: tuple[str, ...] = ()
