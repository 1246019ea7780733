"""Samplers by name, each seeded anew for every trial."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import (
    BaseSampler,
    GPSampler,
    NSGAIISampler,
    QMCSampler,
    RandomSampler,
    TPESampler,
)
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from rl_zoo.tuning.attributes import ENTRY_ATTRIBUTE
from rl_zoo.tuning.cma_es import CmaEsSampler
from rl_zoo.tuning.seeds import trial_seed

ATTEMPTS = 3
"""How often a point that another trial has is drawn anew before it is drawn at random."""
POINT_ATTRIBUTE = "rl_zoo:point"
MIN_POPULATION = 4
_REDRAW_STREAM = 2_000_000
_SEQUENCE_STREAM = 3_000_000


@dataclass(frozen=True)
class SamplerSettings:
    """What a study's sampler is made of."""

    seed: int
    """Seed of the study."""
    n_startup_trials: int
    """Random trials before results count; the population of ``nsgaii``."""
    first_point: Mapping[str, Any]
    """Values of trial 0 by study name."""


MakeSampler = Callable[[SamplerSettings, int, int], BaseSampler]
"""From settings, the number of the trial and a seed for it to its sampler."""


@dataclass(frozen=True)
class SamplerKind:
    """A sampler and what it can do."""

    make: MakeSampler
    packages: tuple[str, ...] = ()
    """What it imports beside Optuna."""
    learns: bool = True
    """Whether results of trials decide what is drawn."""
    several_objectives: bool = True
    constraints: bool = True
    """Whether it learns to respect constraints."""
    categorical: bool = True
    """Whether it learns categorical parameters; else they are drawn at random."""
    repeats: bool = False
    """Whether it needs the points that it asks for, known ones included."""


class SeededSampler(BaseSampler):
    """Draw every trial with a sampler seeded by the study's seed and the trial's number.

    The storage gives each number once, so workers that were started with the same seed draw
    different trials; one worker alone draws the same trials whenever it is run. What the sampler
    learns from lives in the storage. Where it may draw a point twice (the best one it knows, with
    discrete parameters), each trial announces its point; who sees it at another one draws again,
    in the end at random.

    Args:
        kind: The sampler.
        settings: What it is made of.
    """

    def __init__(self, kind: SamplerKind, settings: SamplerSettings) -> None:
        self._kind = kind
        self._settings = settings
        self._by_thread = threading.local()

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Seed the sampler for this trial."""
        self._begin(study, trial, trial_seed(self._settings.seed, trial.number))

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return the parameters that are drawn together."""
        if _is_entry(trial):
            return {}
        return self._sampler().infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Draw the parameters of ``search_space`` together."""
        point = self._sampler().sample_relative(study, trial, search_space)
        if not self._kind.learns:
            return point
        for attempt in range(ATTEMPTS):
            if not point or _is_new(study, trial, point):
                return point
            seed = trial_seed(self._settings.seed, trial.number, _REDRAW_STREAM + attempt)
            self._begin(study, trial, seed)
            point = self._sampler().sample_relative(study, trial, search_space)
        return point if self._kind.repeats or _is_new(study, trial, point) else {}

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Draw one parameter alone."""
        if _is_entry(trial) and param_name in self._settings.first_point:
            return self._settings.first_point[param_name]
        return self._sampler().sample_independent(study, trial, param_name, param_distribution)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Any) -> None:
        """Tell the sampler how the trial ended."""
        self._sampler().after_trial(study, trial, state, values)

    def _begin(self, study: Study, trial: FrozenTrial, seed: int) -> None:
        self._by_thread.sampler = self._kind.make(self._settings, trial.number, seed)
        self._by_thread.sampler.before_trial(study, trial)

    def _sampler(self) -> BaseSampler:
        if not hasattr(self._by_thread, "sampler"):  # asked about a trial of another thread
            self._by_thread.sampler = self._kind.make(self._settings, 0, self._settings.seed)
        sampler: BaseSampler = self._by_thread.sampler
        return sampler


class NumberedQMCSampler(QMCSampler):
    """Take the point of a scrambled Sobol sequence whose index is the trial's number.

    Optuna's own counter in the storage can give one index to two workers.

    Args:
        number: The trial's.
        sequence_seed: The same for all trials of the study.
        trial_seed: Of what the sequence does not hold.
    """

    def __init__(self, number: int, sequence_seed: int, trial_seed: int) -> None:
        super().__init__(
            scramble=True,
            seed=sequence_seed,
            independent_sampler=RandomSampler(seed=trial_seed),
            warn_independent_sampling=False,
        )
        self._number = number

    def _find_sample_id(self, study: Study, search_space: dict[str, BaseDistribution]) -> int:
        return self._number


def make_sampler(name: str, settings: SamplerSettings) -> BaseSampler:
    """Return the sampler called ``name``."""
    return SeededSampler(SAMPLERS[name], settings)


def _random(settings: SamplerSettings, number: int, seed: int) -> BaseSampler:
    return RandomSampler(seed=seed)


def _tpe(settings: SamplerSettings, number: int, seed: int) -> BaseSampler:
    return TPESampler(seed=seed, n_startup_trials=settings.n_startup_trials)


def _gp(settings: SamplerSettings, number: int, seed: int) -> BaseSampler:
    return GPSampler(
        seed=seed,
        n_startup_trials=max(settings.n_startup_trials, 1),
        warn_independent_sampling=False,
    )


def _cma_es(settings: SamplerSettings, number: int, seed: int) -> BaseSampler:
    return CmaEsSampler(seed, settings.first_point)


def _qmc(settings: SamplerSettings, number: int, seed: int) -> BaseSampler:
    sequence_seed = trial_seed(settings.seed, 0, _SEQUENCE_STREAM)
    return NumberedQMCSampler(number, sequence_seed, seed)


def _nsga_ii(settings: SamplerSettings, number: int, seed: int) -> BaseSampler:
    population = max(settings.n_startup_trials, MIN_POPULATION)
    return NSGAIISampler(seed=seed, population_size=population)


SAMPLERS: Mapping[str, SamplerKind] = {
    "random": SamplerKind(_random, learns=False, constraints=False),
    "tpe": SamplerKind(_tpe),
    "gp": SamplerKind(_gp, ("scipy", "torch")),
    "cmaes": SamplerKind(
        _cma_es,
        ("cmaes",),
        several_objectives=False,
        constraints=False,
        categorical=False,
        repeats=True,
    ),
    "qmc": SamplerKind(_qmc, ("scipy",), learns=False, constraints=False),
    "nsgaii": SamplerKind(_nsga_ii),
    "auto": SamplerKind(_tpe),
}


def _is_new(study: Study, trial: FrozenTrial, point: Mapping[str, Any]) -> bool:
    """Announce ``point`` as the trial's and say whether no other trial has announced it.

    Announced before it is looked for: of two workers that draw it at once, one at least sees it.
    """
    digest = hashlib.sha256(json.dumps(point, sort_keys=True).encode()).hexdigest()
    study._storage.set_trial_system_attr(trial._trial_id, POINT_ATTRIBUTE, digest)
    others = study._storage.get_all_trials(study._study_id, deepcopy=False)
    return not any(
        other.number != trial.number and other.system_attrs.get(POINT_ATTRIBUTE) == digest
        for other in others
    )


def _is_entry(trial: FrozenTrial) -> bool:
    """Say whether ``trial`` is the entry's: the first one, or that again after it was lost."""
    return trial.number == 0 or ENTRY_ATTRIBUTE in trial.user_attrs
