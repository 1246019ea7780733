"""Which trials of a study are better: constraints first, then the objectives."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from rl_zoo.tuning.options import TuneOptions


def is_feasible(trial: FrozenTrial) -> bool:
    """Say whether ``trial`` respects all constraints (also if it has none)."""
    return violation(trial) <= 0.0


def violation(trial: FrozenTrial) -> float:
    """Return the sum of what ``trial`` violates; 0 if it respects all constraints."""
    return sum(max(value, 0.0) for value in trial.constraints.values())


def ranked(study: optuna.Study, options: TuneOptions | None = None) -> list[FrozenTrial]:
    """Return the completed trials, best first.

    Feasible trials come first, then the others by what they violate. With one objective feasible
    trials are ordered by its value; with several, the Pareto front comes first, then the front of
    the rest, and so on, each in the order of the first objective. Equal trials keep their order.

    Args:
        study: The study.
        options: Not needed; the study knows its directions.
    """
    completed = _completed(study)
    feasible = [trial for trial in completed if is_feasible(trial)]
    others = sorted((t for t in completed if not is_feasible(t)), key=violation)
    ordered: list[FrozenTrial] = []
    if len(study.directions) == 1:  # its fronts are single trials: sorting is the same, but faster
        return sorted(feasible, key=lambda trial: _losses(trial, study.directions)) + others
    while feasible:
        front = non_dominated(feasible, study.directions)
        ordered += front
        in_front = {trial.number for trial in front}
        feasible = [trial for trial in feasible if trial.number not in in_front]
    return ordered + others


def pareto_front(study: optuna.Study) -> list[FrozenTrial]:
    """Return the feasible trials that no other feasible trial beats, by the first objective."""
    feasible = [trial for trial in _completed(study) if is_feasible(trial)]
    return non_dominated(feasible, study.directions)


def non_dominated(
    trials: Sequence[FrozenTrial], directions: Sequence[StudyDirection]
) -> list[FrozenTrial]:
    """Return the trials that no other equals in all objectives and beats in one.

    They come in the order of the first objective.

    Args:
        trials: Completed trials.
        directions: Those of their study.
    """
    by_losses = sorted(trials, key=lambda trial: _losses(trial, directions))
    front: list[FrozenTrial] = []
    for trial in by_losses:  # whoever dominates a trial comes before it
        losses = _losses(trial, directions)
        if not any(_dominates(_losses(other, directions), losses) for other in front):
            front.append(trial)
    return front


def infeasible_sentence(study: optuna.Study) -> str | None:
    """Return the sentence for a study in which no trial respects the constraints.

    Returns:
        None if some completed trial does, or none is completed.
    """
    completed = _completed(study)
    if not completed or any(map(is_feasible, completed)):
        return None
    nearest = min(completed, key=violation)
    told = ", ".join(f"{name} by {by:.4g}" for name, by in nearest.constraints.items() if by > 0.0)
    return (
        f"no trial respects the constraints; trial {nearest.number} comes nearest, it violates "
        f"{told}"
    )


def _completed(study: optuna.Study) -> list[FrozenTrial]:
    trials: Iterable[FrozenTrial] = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return list(trials)


def _losses(trial: FrozenTrial, directions: Sequence[StudyDirection]) -> tuple[float, ...]:
    return tuple(
        -value if direction == StudyDirection.MAXIMIZE else value
        for value, direction in zip(trial.values, directions, strict=True)
    )


def _dominates(losses: tuple[float, ...], others: tuple[float, ...]) -> bool:
    return losses != others and all(a <= b for a, b in zip(losses, others, strict=True))
