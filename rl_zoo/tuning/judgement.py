"""What one training, or several of them, were worth."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from rl_zoo.config.model import EMPTY


@dataclass(frozen=True)
class Judgement:
    """The numbers of one training, or the medians of several."""

    values: tuple[float, ...]
    """One per objective, as measured: larger is better only where the objective says so."""
    measures: Mapping[str, float] = field(default_factory=lambda: EMPTY)
    """Every measure known: means over the last evaluation by name, those of training as
    ``train/<name>``."""
    constraints: Mapping[str, float] = field(default_factory=lambda: EMPTY)
    """Constraint as given -> by how much it is violated; zero or less: it is respected."""
    n_steps: int = 0
    """Environment steps of training, of all environments and trainings together."""
    robot_minutes: float | None = None
    """Time the environment was in use, evaluation on it included; None: it does not tell its
    control period."""


def median(judgements: Sequence[Judgement]) -> Judgement:
    """Return the medians over trainings with different seeds, each number for itself.

    A measure that some of them lack is the median of those that have it. Steps and minutes are
    added up.

    Args:
        judgements: At least one, of the same objectives and constraints.
    """
    if len(judgements) == 1:
        return judgements[0]
    minutes = [item.robot_minutes for item in judgements if item.robot_minutes is not None]
    return Judgement(
        values=tuple(
            map(statistics.median, zip(*(item.values for item in judgements), strict=True))
        ),
        measures=_medians(item.measures for item in judgements),
        constraints=_medians(item.constraints for item in judgements),
        n_steps=sum(item.n_steps for item in judgements),
        robot_minutes=sum(minutes) if minutes else None,
    )


def _medians(tables: Iterable[Mapping[str, float]]) -> dict[str, float]:
    numbers: dict[str, list[float]] = {}
    for table in tables:
        for name, value in table.items():
            numbers.setdefault(name, []).append(value)
    return {name: statistics.median(found) for name, found in numbers.items()}
