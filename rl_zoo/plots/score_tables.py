"""The numbers of the figures over environments as Markdown tables."""

from __future__ import annotations

import math

from rl_zoo.plots.catalog import Comparison
from rl_zoo.plots.results import X_UNITS
from rl_zoo.plots.scores import Scores
from rl_zoo.plots.stratified import Estimate
from rl_zoo.plots.tables import EMPTY_CELL, format_number, markdown_lines

AGGREGATE_NAMES = ("Median", "IQM", "Mean", "Optimality gap")
"""In the order of the fields of ``Aggregates``."""


def scale_table(scores: Scores) -> str:
    """Return what is 0 and what is 1 on each environment."""
    header = ["Environment", f"0 ({scores.zero_name})", f"1 ({scores.one_name})"]
    lines = [
        [env, format_number(scale.zero), format_number(scale.one)]
        for env, scale in zip(scores.env_names, scores.scales, strict=True)
    ]
    return markdown_lines([header, *lines])


def aggregate_table(comparison: Comparison) -> str:
    """Return the aggregates of every method with their intervals and numbers of seeds."""
    results, estimates = comparison.results, comparison.estimates
    lines = [["Method", "seeds", *AGGREGATE_NAMES]]
    for method, found in estimates.aggregates.items():
        numbers = (found.median, found.iqm, found.mean, found.optimality_gap)
        seeds = estimates.scores.seeds_text(method)
        lines.append([results.title(method), seeds, *(estimate_text(each) for each in numbers)])
    return markdown_lines(lines)


def improvement_table(comparison: Comparison) -> str:
    """Return the probability of improvement of every pair with its interval."""
    results = comparison.results
    lines = [["X", "Y", "P(X > Y)"]]
    for (first, second), estimate in comparison.estimates.improvements.items():
        lines.append([results.title(first), results.title(second), estimate_text(estimate)])
    return markdown_lines(lines)


def efficiency_table(comparison: Comparison) -> str:
    """Return the interquartile mean at the end of every curve, and where that is."""
    results = comparison.results
    lines = [["Method", f"last point ({X_UNITS[results.x_axis]})", "IQM there"]]
    for method, line in comparison.estimates.efficiency.items():
        last = float(line.x[-1])
        end_text = f"{last:,.0f}" if last >= 1000 else f"{last:.3g}"
        end = Estimate(float(line.value[-1]), float(line.low[-1]), float(line.high[-1]))
        lines.append([results.title(method), end_text, estimate_text(end)])
    return markdown_lines(lines)


def estimate_text(estimate: Estimate) -> str:
    """Return ``0.84 [0.71, 0.93]``, without an interval where there is none."""
    if not math.isfinite(estimate.value):
        return EMPTY_CELL
    if not math.isfinite(estimate.low):
        return f"{estimate.value:.3f}"
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"
