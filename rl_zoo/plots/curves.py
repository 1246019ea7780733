"""Evaluation curves: one per seed, brought to a common grid, summarised over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rl_zoo.errors import DamagedFileError, NothingFoundError, UnsafeFileError
from rl_zoo.plots.results import AlignedSeries, XAxis
from rl_zoo.plots.statistics import Bootstrap, Floats, Statistic, summarize_seeds
from rl_zoo.plots.x_axis import Start, read_clock
from rl_zoo.runs.lineage import Lineage, Segment, group_lineages
from rl_zoo.runs.results import load_evaluations
from rl_zoo.runs.search import FoundRun

_FEWEST_TO_TELL_TWINS = 4
"""Different returns that two seeds do not have in common by chance."""
_MOST_GAPS = 2_000
"""Finer than any figure; a run a million times as long as the others must not fill the memory."""


@dataclass(frozen=True)
class Curve:
    """One number per evaluation: the mean over its episodes.

    Attributes:
        timesteps: Environment steps, strictly ascending, (k,).
        values: Mean over the episodes of each evaluation, (k,).
        x: Place of each on the x axis, strictly ascending, (k,): the steps, or what else is
            counted.
    """

    timesteps: Floats
    values: Floats
    x: Floats


@dataclass(frozen=True)
class SeedCurve:
    """The evaluations of one independently started training.

    Attributes:
        lineage: The runs it consists of.
        branches: One curve per branch; several only where a run was continued more than once.
    """

    lineage: Lineage
    branches: tuple[Curve, ...]

    @property
    def last_step(self) -> int:
        """Step of the last evaluation."""
        return int(max(curve.timesteps[-1] for curve in self.branches))

    @property
    def last_value(self) -> float:
        """Value of the last evaluation (mean over branches)."""
        return float(np.mean([curve.values[-1] for curve in self.branches]))

    def resampled(self, grid: Floats) -> Floats:
        """Return the values at ``grid`` by linear interpolation, NaN beyond the evaluations.

        The first and last values hold for half a grid spacing beyond their steps, so that
        evaluations that fall some steps beside the grid still count.
        """
        margin = float(np.median(np.diff(grid))) / 2 if len(grid) > 1 else 0.0
        rows = np.stack([_interpolate(curve, grid, margin) for curve in self.branches])
        present = np.isfinite(rows)
        total = np.where(present, rows, 0.0).sum(axis=0)
        count = present.sum(axis=0)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)


@dataclass(frozen=True)
class Series:
    """The seeds of one algorithm (and label) on one environment, each with its own steps.

    Attributes:
        env_name: Environment.
        algo: Algorithm, lower case.
        label: Label of the log folder; "" if there is only one.
        seeds: At least one.
    """

    env_name: str
    algo: str
    label: str
    seeds: tuple[SeedCurve, ...]


@dataclass(frozen=True)
class CurveRequest:
    """Which numbers to read and which part of them to keep.

    Attributes:
        key: Array of ``evaluations.npz``.
        max_timesteps: Evaluations after this step are cut off; None keeps all.
        min_timesteps: A seed whose last evaluation is before this step is left out.
        x_axis: What is counted along the x axis; the limits above are steps all the same.
    """

    key: str = "results"
    max_timesteps: int | None = None
    min_timesteps: int = -1
    x_axis: XAxis = "steps"


def load_series(
    runs: Sequence[FoundRun], label: str, request: CurveRequest
) -> tuple[Series | None, list[str]]:
    """Read the runs of one algorithm, environment and log folder as seeds.

    Returns:
        The series, None if the runs hold no evaluation, and one sentence for everything that was
        joined, cut or left out.
    """
    notes: list[str] = []
    seeds = []
    for lineage in group_lineages(runs):
        notes.extend(_describe_lineage(lineage))
        seed = _load_seed(lineage, request, notes)
        if seed is not None:
            seeds.append(seed)
    if not seeds:
        return None, notes
    notes.extend(_describe_twins(seeds))
    return Series(runs[0].env_name, runs[0].algo, label, tuple(seeds)), notes


def align(
    series: Series,
    statistic: Statistic = "mean",
    settings: Bootstrap | None = None,
    grid: Floats | None = None,
) -> AlignedSeries:
    """Bring the seeds of ``series`` to a common grid and summarise them.

    Args:
        series: At least one seed.
        statistic: What is computed over seeds.
        settings: How intervals are computed.
        grid: Where on the x axis, ascending, (k,); None for a grid made of the curves' own places.
    """
    if grid is None:
        grid = common_grid([curve.x for seed in series.seeds for curve in seed.branches])
    per_seed = np.stack([seed.resampled(grid) for seed in series.seeds])
    return AlignedSeries(
        series.env_name,
        series.algo,
        series.label,
        grid,
        per_seed,
        summarize_seeds(per_seed, statistic, settings),
        np.array([seed.last_value for seed in series.seeds]),
        tuple(seed.last_step for seed in series.seeds),
        tuple(tuple(str(run.folder.path) for run in seed.lineage.runs) for seed in series.seeds),
    )


def common_grid(places: Sequence[Floats]) -> Floats:
    """Return where on the x axis curves evaluated at ``places`` are compared.

    Their own places where the curves share them (runs of unequal length, or one evaluated at every
    tenth step of another); otherwise regular ones, as far apart as the evaluations of the curve
    that was evaluated most often, so that no curve loses its shape.
    """
    union = np.unique(np.concatenate(places)).astype(float)
    longest = max(len(own) for own in places)
    if len(union) <= 1.25 * longest:
        return union
    gaps = [float(np.median(np.diff(own))) for own in places if len(own) > 1]
    span = float(union[-1] - union[0])
    n_gaps = max(1.0, span / min(gaps)) if gaps else 1.0
    return np.linspace(union[0], union[-1], round(min(n_gaps, _MOST_GAPS)) + 1)


def latest_rows(timesteps: NDArray[np.int64]) -> NDArray[np.intp]:
    """Return the rows that a later session of the same run did not repeat.

    A run that was killed and resumed from an earlier checkpoint may hold the evaluations after that
    checkpoint twice; the later ones belong to the policy that trained on.
    """
    if len(timesteps) == 0:
        return np.zeros(0, dtype=np.intp)
    smallest_after = np.minimum.accumulate(timesteps[::-1])[::-1]
    keep = np.append(timesteps[:-1] < smallest_after[1:], True)
    return np.flatnonzero(keep)


def _load_seed(lineage: Lineage, request: CurveRequest, notes: list[str]) -> SeedCurve | None:
    loaded = {run: _load_run(run, request.key, notes) for run in lineage.runs}
    if not any(curve is not None and len(curve.values) for curve in loaded.values()):
        return None
    name = lineage.runs[0].name
    try:
        branches = [_join(branch, loaded, request.x_axis) for branch in lineage.branches]
    except (NothingFoundError, DamagedFileError, UnsafeFileError) as error:
        notes.append(f"{name}: left out of -x {request.x_axis}: {error}")
        return None
    branches = [curve for curve in branches if len(curve.timesteps)]
    if not branches:
        return None
    notes.extend(_describe_replaced(lineage, loaded))
    last = int(max(curve.timesteps[-1] for curve in branches))
    if last < request.min_timesteps:
        notes.append(f"{name}: left out, it ends at step {last:,} (-min {request.min_timesteps:,})")
        return None
    limit = request.max_timesteps
    if limit is not None and last > limit:
        notes.append(f"{name}: cut at step {limit:,} of {last:,} (-max)")
        branches = [_cut(curve, limit) for curve in branches]
        branches = [curve for curve in branches if len(curve.timesteps)]
    return SeedCurve(lineage, tuple(branches)) if branches else None


def _load_run(run: FoundRun, key: str, notes: list[str]) -> Curve | None:
    try:
        evaluations = load_evaluations(run.folder.evaluations)
        scores = evaluations.scores(key)
    except (NothingFoundError, DamagedFileError) as error:
        reason = str(error)
        if not run.folder.evaluations.exists():
            reason = "no evaluations.npz"
        notes.append(f"{run.name}: left out: {reason}")
        return None
    if scores.size == 0:
        notes.append(f"{run.name}: left out: its evaluations hold no episode")
        return None
    rows = latest_rows(evaluations.timesteps)
    steps, values = evaluations.timesteps[rows].astype(float), scores[rows].mean(axis=1)
    finite = np.isfinite(values)
    if not finite.all():
        counted = f"the last that counts is at step {steps[finite].max(initial=0):,.0f}"
        notes.append(
            f"{run.name}: {np.sum(~finite)} of {len(finite)} evaluations are not numbers; "
            f"{counted if finite.any() else 'left out'}"
        )
    return Curve(steps[finite], values[finite], steps[finite])


def _join(branch: Sequence[Segment], loaded: dict[FoundRun, Curve | None], x_axis: XAxis) -> Curve:
    parts: list[Curve] = []
    count = 0.0  # what the segments before counted
    for segment in branch:
        first = segment.start - segment.offset
        clock = read_clock(segment.run, x_axis, Start(first, count))
        curve = loaded[segment.run]
        if curve is not None:
            shifted = curve.timesteps + segment.offset
            keep = shifted > segment.start if segment.start else np.ones(len(shifted), dtype=bool)
            if segment.until is not None:
                keep &= shifted <= segment.until
            x = count + clock.at(shifted - segment.start)
            parts.append(Curve(shifted[keep], curve.values[keep], x[keep]))
        if segment.until is not None:
            count += float(clock.at(np.array([segment.until - segment.start], dtype=float))[0])
    return _concatenate(parts)


def _concatenate(parts: Sequence[Curve]) -> Curve:
    columns = [(part.timesteps, part.values, part.x) for part in parts] or [(np.zeros(0),) * 3]
    steps, values, x = (np.concatenate(arrays) for arrays in zip(*columns, strict=True))
    # Of evaluations between which nothing was counted the later one stands.
    later = np.append(x[:-1] < x[1:], True)[: len(x)]
    return Curve(steps[later], values[later], x[later])


def _cut(curve: Curve, limit: int) -> Curve:
    keep = curve.timesteps <= limit
    return Curve(curve.timesteps[keep], curve.values[keep], curve.x[keep])


def _interpolate(curve: Curve, grid: Floats, margin: float) -> Floats:
    values = np.interp(grid, curve.x, curve.values)
    covered = (grid >= curve.x[0] - margin) & (grid <= curve.x[-1] + margin)
    return np.where(covered, values, np.nan)


def _describe_twins(seeds: Sequence[SeedCurve]) -> list[str]:
    """Say which seeds have the same evaluations: a copied folder, or trained with one seed."""
    first_with: dict[bytes, str] = {}
    notes = []
    for seed in seeds:
        values = np.concatenate([curve.values for curve in seed.branches])
        if len(np.unique(values)) < _FEWEST_TO_TELL_TWINS:
            continue  # seeds that solve a task have the same returns
        name = seed.lineage.runs[0].name
        twin = first_with.setdefault(values.tobytes(), name)
        if twin != name:
            notes.append(
                f"{name}: has the very evaluations of {twin}; if it is a copy of it, or was "
                "trained with the same seed, n is too large"
            )
    return notes


def _describe_replaced(lineage: Lineage, loaded: Mapping[FoundRun, Curve | None]) -> list[str]:
    """Say which evaluations of a run come after the checkpoint from which others continued it."""
    until: dict[FoundRun, int] = {}
    for segment in (segment for branch in lineage.branches for segment in branch):
        if segment.until is not None:
            own = segment.until - segment.offset
            until[segment.run] = max(own, until.get(segment.run, own))
    notes = []
    for run, step in until.items():
        curve = loaded[run]
        n_after = 0 if curve is None else int(np.sum(curve.timesteps > step))
        if n_after:
            notes.append(
                f"{run.name}: continued from its step {step:,}, so {n_after} evaluations after it "
                "do not count"
            )
    return notes


def _describe_lineage(lineage: Lineage) -> list[str]:
    notes = []
    if len(lineage.runs) > 1:
        names = " -> ".join(run.name for run in lineage.runs)
        fork = f" ({len(lineage.branches)} branches, averaged)" if len(lineage.branches) > 1 else ""
        notes.append(f"{names}: a run and its continuation{fork}, counted as one seed")
    if lineage.origin is not None:
        notes.append(
            f"{lineage.runs[0].name}: started from {lineage.origin.parent}, which is not part of "
            "this curve; counted as a seed of its own"
        )
    return notes
