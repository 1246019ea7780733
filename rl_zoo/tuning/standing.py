"""What each trial was worth in the search and on fresh seeds, and which one is the best."""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from rl_zoo.config.model import EMPTY
from rl_zoo.tuning.attributes import (
    ENTRY_ATTRIBUTE,
    INTERRUPTED_ATTRIBUTE,
    MEASURES_ATTRIBUTE,
    SEED_ATTRIBUTE,
)
from rl_zoo.tuning.ranking import is_feasible, ranked
from rl_zoo.tuning.wear import REEVALUATION

if TYPE_CHECKING:
    from rl_zoo.tuning.options import TuneOptions

OF_TRIAL_ATTRIBUTE = "trial"
"""Of a re-evaluation: the trial whose configuration it trains."""


@dataclass(frozen=True)
class Reevaluated:
    """One training of a trial's configuration on a seed that the search did not use."""

    trial: int
    seed: int
    values: tuple[float, ...]
    """One per objective."""
    measures: Mapping[str, float] = field(default_factory=lambda: EMPTY)
    constraints: Mapping[str, float] = field(default_factory=lambda: EMPTY)
    """Constraint -> violation; zero or less: it is respected."""


@dataclass(frozen=True)
class BestTrial:
    """A completed trial with all that is known about its worth."""

    trial: FrozenTrial
    fresh: tuple[Reevaluated, ...] = ()
    n_failed: int = 0
    """Trainings on fresh seeds that failed or diverged."""

    @property
    def value(self) -> float:
        """The (first) objective in the search."""
        return float(self.trial.values[0])

    @property
    def n(self) -> int:
        """Fresh seeds."""
        return len(self.fresh)

    @property
    def mean(self) -> float | None:
        """The mean of the (first) objective over fresh seeds; None if there are none."""
        return self.mean_of(0)

    @property
    def std(self) -> float | None:
        """The standard deviation over fresh seeds; None below two of them."""
        return self.std_of(0)

    @property
    def seeds(self) -> tuple[int, ...]:
        """The fresh seeds."""
        return tuple(item.seed for item in self.fresh)

    @property
    def seed(self) -> int | None:
        """The seed of its (first) training in the search."""
        seed = self.trial.user_attrs.get(SEED_ATTRIBUTE)
        return seed if isinstance(seed, int) else None

    @property
    def is_entry(self) -> bool:
        """Whether it trained the configuration's own values."""
        return ENTRY_ATTRIBUTE in self.trial.user_attrs

    @property
    def is_feasible(self) -> bool:
        """Whether it respects all constraints, in the search and in the mean of fresh seeds."""
        return is_feasible(self.trial) and all(by <= 0.0 for by in self.fresh_violations().values())

    def mean_of(self, objective: int) -> float | None:
        """Return the mean of one objective over fresh seeds; None if there are none."""
        return statistics.fmean(r.values[objective] for r in self.fresh) if self.fresh else None

    def std_of(self, objective: int) -> float | None:
        """Return its standard deviation; None below two seeds."""
        return statistics.stdev(r.values[objective] for r in self.fresh) if self.n > 1 else None

    def fresh_violations(self) -> dict[str, float]:
        """Return by how much each constraint is violated in the mean over fresh seeds."""
        names = {name: None for result in self.fresh for name in result.constraints}
        return {
            name: statistics.fmean(r.constraints[name] for r in self.fresh if name in r.constraints)
            for name in names
        }


def reevaluation_study(study: optuna.Study) -> optuna.Study | None:
    """Return the study that holds the re-evaluations of ``study``, if there is one."""
    try:
        return optuna.load_study(
            study_name=f"{study.study_name}{REEVALUATION}", storage=study._storage
        )
    except KeyError:
        return None


def reevaluations(study: optuna.Study) -> dict[int, list[Reevaluated]]:
    """Return what was trained again, by trial, in the order of the fresh seeds' numbers."""
    fresh = reevaluation_study(study)
    found: dict[int, dict[int, Reevaluated]] = defaultdict(dict)
    complete = fresh.get_trials(deepcopy=False, states=[TrialState.COMPLETE]) if fresh else []
    for item in complete:
        known = item.user_attrs
        result = Reevaluated(
            trial=known[OF_TRIAL_ATTRIBUTE],
            seed=known[SEED_ATTRIBUTE],
            values=tuple(item.values),
            measures=known.get(MEASURES_ATTRIBUTE, {}),
            constraints=item.constraints,
        )
        found[result.trial].setdefault(result.seed, result)
    return {number: list(by_seed.values()) for number, by_seed in found.items()}


def standings(study: optuna.Study, options: TuneOptions | None = None) -> list[BestTrial]:
    """Return all completed trials, best first.

    Those that respect the constraints come first; among them those that were trained again, by
    their mean over fresh seeds; then the others as the search ranks them; last those of which a
    training on a fresh seed failed. With several objectives the order is that of the search.
    """
    results, failed = reevaluations(study), _failures(study)
    known = [
        BestTrial(t, tuple(results.get(t.number, ())), failed.get(t.number, 0))
        for t in ranked(study, options)
    ]
    if len(study.directions) > 1:
        return sorted(known, key=lambda item: not item.is_feasible)
    sign = -1.0 if study.direction == StudyDirection.MAXIMIZE else 1.0

    def rank(item: BestTrial) -> tuple[bool, int, float]:
        if item.n_failed:
            return not item.is_feasible, 2, 0.0
        if item.mean is None:
            return not item.is_feasible, 1, 0.0
        return not item.is_feasible, 0, sign * item.mean

    return sorted(known, key=rank)


def best_trial(study: optuna.Study, options: TuneOptions | None = None) -> BestTrial | None:
    """Return the best trial; None if none was completed."""
    return next(iter(standings(study, options)), None)


def entry_trial(trials: Sequence[BestTrial]) -> BestTrial | None:
    """Return the completed trial of the configuration's own values, None if there is none."""
    return next((item for item in trials if item.is_entry), None)


def _failures(study: optuna.Study) -> dict[int, int]:
    """Return how many seeds of each trial were tried in vain."""
    fresh = reevaluation_study(study)
    if fresh is None:
        return {}
    tried: dict[int, set[int]] = defaultdict(set)
    done: dict[int, set[int]] = defaultdict(set)
    for item in fresh.get_trials(deepcopy=False):
        number, seed = (item.user_attrs.get(k) for k in (OF_TRIAL_ATTRIBUTE, SEED_ATTRIBUTE))
        if number is None or seed is None:
            continue
        if item.state == TrialState.COMPLETE:
            done[number].add(seed)
        elif item.state == TrialState.FAIL and INTERRUPTED_ATTRIBUTE not in item.user_attrs:
            tried[number].add(seed)
    return {number: len(seeds - done[number]) for number, seeds in tried.items()}
