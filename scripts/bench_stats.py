"""Time of our bootstrap estimators beside rliable's, and whether the intervals are the same.

Ten seeds of five algorithms on six environments, random scores. The two take turns, algorithm by
algorithm, in one process on one thread. rliable's times grow with the number of resamples, so that
it does fewer of them where 50 000 would take hours; times are then compared per resample.

    python scripts/bench_stats.py

Writes the table into docs/benchmarks.md. Exit code 1 below a floor, or where an interval differs by
more than Monte-Carlo error.
"""

from __future__ import annotations

import dataclasses
import itertools
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from rl_zoo.console import message
from rl_zoo.plots import aggregates, efficiency, improvement, profiles, rliable_engine
from rl_zoo.plots.statistics import Bootstrap
from rl_zoo.plots.stratified import Estimate, Floats

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts.conclusion import conclude  # noqa: E402

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
N_SEEDS, N_ENVS, N_POINTS = 10, 6, 20
ALGORITHMS = ("a", "b", "c", "d", "e")
RESAMPLES = 50_000
TAUS = np.linspace(0.0, 2.0, 81)
REPEATS = 20
"""Times an interval is computed with rliable's number of resamples, to see how far it scatters."""
LIMIT = 5.0
"""Standard errors by which the worst of all ends of intervals may differ."""

Interval = tuple[Floats, Floats]


@dataclass(frozen=True)
class Case:
    """An estimator and the data it is measured on.

    Attributes:
        name: In the table.
        ours: Returns the ends of the intervals, (m,) each.
        rliables: The same by rliable.
        inputs: Arguments before the settings; one call each.
        rliable_resamples: Of rliable.
        floor: Times that ours must be faster per resample.
        step: Smallest difference between two values of the estimate: intervals of discrete
            estimates agree to that.
    """

    name: str
    ours: Callable[..., Interval]
    rliables: Callable[..., Interval]
    inputs: Sequence[tuple[Any, ...]]
    rliable_resamples: int
    floor: float
    step: float = 0.0


@dataclass(frozen=True)
class Timing:
    """Seconds of one call.

    Attributes:
        cpu: Processor time.
        wall: Wall time.
    """

    cpu: float
    wall: float


@dataclass(frozen=True)
class Outcome:
    """What was measured of one case.

    Attributes:
        ours: Of every input.
        rliables: Of every input, interleaved with ours.
        worst: Largest difference between ends of intervals, in standard errors.
        ends: Number of ends compared.
    """

    ours: list[Timing]
    rliables: list[Timing]
    worst: float
    ends: int


def make_cases() -> list[Case]:
    """Return the four estimators with random scores, the same in every process."""
    rng = np.random.default_rng(0)
    levels = {name: 0.7 + 0.1 * position for position, name in enumerate(ALGORITHMS)}
    scores = {
        name: [rng.normal(level, 0.3, N_SEEDS) for _ in range(N_ENVS)]
        for name, level in levels.items()
    }
    rise = np.linspace(0.0, 1.0, N_POINTS)
    curves = {
        name: [rise * level + rng.normal(0.0, 0.2, (N_SEEDS, N_POINTS)) for _ in range(N_ENVS)]
        for name, level in levels.items()
    }
    pairs = [(scores[x], scores[y]) for x, y in itertools.permutations(ALGORITHMS, 2)]
    one_run = 1.0 / (N_SEEDS * N_ENVS)
    return [
        Case(
            "median, IQM, mean, optimality gap",
            lambda *given: _ends_of_aggregates(aggregates.aggregate_scores(*given)),
            lambda *given: _ends_of_aggregates(rliable_engine.aggregate_scores(*given)),
            [(scores[name],) for name in ALGORITHMS],
            RESAMPLES,
            floor=20.0,
        ),
        Case(
            "probability of improvement",
            lambda *given: _ends_of_estimate(improvement.probability_of_improvement(*given)),
            lambda *given: _ends_of_estimate(rliable_engine.probability_of_improvement(*given)),
            pairs,
            100,
            floor=100.0,
            step=one_run / N_SEEDS,
        ),
        Case(
            f"sample efficiency, {N_POINTS} points",
            lambda *given: efficiency.sample_efficiency(*given)[1:],
            lambda *given: rliable_engine.sample_efficiency(*given)[1:],
            [(curves[name],) for name in ALGORITHMS],
            500,
            floor=20.0,
        ),
        Case(
            f"performance profile, {len(TAUS)} scores",
            lambda *given: profiles.score_profile(*given)[1:],
            lambda *given: rliable_engine.score_profile(*given)[1:],
            [(scores[name], TAUS) for name in ALGORITHMS],
            2000,
            floor=20.0,
            step=one_run,
        ),
    ]


def _ends_of_aggregates(found: aggregates.Aggregates) -> Interval:
    rows = np.array(dataclasses.astuple(found))
    return rows[:, 1], rows[:, 2]


def _ends_of_estimate(found: Estimate) -> Interval:
    return np.array([found.low]), np.array([found.high])


def measure(case: Case) -> Outcome:
    """Let the two take turns over all inputs, and compare what they say."""
    settings = Bootstrap(resamples=RESAMPLES)
    fewer = Bootstrap(resamples=case.rliable_resamples, seed=1)
    case.ours(*case.inputs[0], fewer)  # imports, first use of memory
    case.rliables(*case.inputs[0], Bootstrap(resamples=2))
    ours, rliables, distances = [], [], []
    for given in case.inputs:
        timing, interval = _timed(case.ours, *given, settings)
        ours.append(timing)
        timing, reference = _timed(case.rliables, *given, fewer)
        rliables.append(timing)
        distances.append(
            _distance(case, given, np.concatenate(interval), np.concatenate(reference))
        )
    distance = np.concatenate(distances)
    return Outcome(ours, rliables, float(distance.max()), len(distance))


def _timed(function: Callable[..., Interval], *given: object) -> tuple[Timing, Interval]:
    """Call once."""
    cpu, wall = time.process_time(), time.perf_counter()
    found = function(*given)
    return Timing(time.process_time() - cpu, time.perf_counter() - wall), found


def _distance(case: Case, given: Sequence[object], ours: Floats, rliables: Floats) -> Floats:
    """Return how far the ends are apart, in standard errors of their difference.

    How far ends scatter is seen from our estimator with rliable's number of resamples and several
    seeds; with ours it is less by the square root of the ratio.
    """
    repeated = [
        np.concatenate(case.ours(*given, Bootstrap(resamples=case.rliable_resamples, seed=seed)))
        for seed in range(2, 2 + REPEATS)
    ]
    scatter = np.std(repeated, axis=0, ddof=1) * np.sqrt(1.0 + case.rliable_resamples / RESAMPLES)
    beyond = np.maximum(np.abs(ours - rliables) - case.step - 1e-9, 0.0)
    return np.where(beyond > 0.0, beyond / np.maximum(scatter, 1e-12), 0.0)


def ratio_of(case: Case, outcome: Outcome) -> float:
    """Return how many times ours is faster per resample: median over the turns, processor time."""
    scale = RESAMPLES / case.rliable_resamples
    turns = zip(outcome.ours, outcome.rliables, strict=True)
    return statistics.median(theirs.cpu * scale / mine.cpu for mine, theirs in turns)


def table_row(case: Case, outcome: Outcome) -> str:
    """Return one row of the table."""
    calls = len(case.inputs)
    return (
        f"| {case.name} | {calls} | {_total(outcome.ours)} | {case.rliable_resamples} | "
        f"{_total(outcome.rliables)} | **{ratio_of(case, outcome):.0f}x** | {case.floor:.0f}x | "
        f"{outcome.worst:.1f} ({outcome.ends}) |\n"
    )


def _total(timings: Sequence[Timing]) -> str:
    """Return calls x the median call, processor and wall time in seconds."""
    seconds = [
        len(timings) * statistics.median(times)
        for times in ([timing.cpu for timing in timings], [timing.wall for timing in timings])
    ]
    return "{:.2f} ({:.2f})".format(*seconds)


def describe_machine() -> str:
    """Return what the times depend on besides the code."""
    load = "/".join(f"{value:.1f}" for value in os.getloadavg())
    core = os.environ.get("OPENBLAS_CORETYPE", "not set")
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), one thread used, load {load} at the end, "
        f"OPENBLAS_CORETYPE {core}, Python {platform.python_version()}, NumPy {np.__version__}, "
        f"rliable {version('rliable')}"
    )


def main() -> int:
    """Measure, write the table, and return the exit code."""
    rows, failures = [], []
    for case in make_cases():
        message(f"{case.name} ...")
        outcome = measure(case)
        rows.append(table_row(case, outcome))
        if ratio_of(case, outcome) < case.floor:
            failures.append(f"{case.name}: {ratio_of(case, outcome):.1f}x is below {case.floor:g}x")
        if outcome.worst > LIMIT:
            failures.append(f"{case.name}: an interval is {outcome.worst:.1f} standard errors off")
    text = (
        f"{describe_machine()}.\n\n"
        f"| estimator | calls | ours, {RESAMPLES} resamples: CPU (wall) s | rliable's resamples | "
        "rliable: CPU (wall) s | ratio per resample | floor | worst difference, SE (ends) |\n"
        "|---|---|---|---|---|---|---|---|\n" + "".join(rows)
    )
    return conclude("bench_stats", text, failures)


if __name__ == "__main__":
    if not ONE_THREAD.items() <= os.environ.items():
        # Read once, when NumPy is imported.
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ONE_THREAD})
    sys.exit(main())
