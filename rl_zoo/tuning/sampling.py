"""Samplers and pruners by name."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState


def make_sampler(
    name: str, seed: int, n_startup_trials: int, first_point: Mapping[str, Any]
) -> BaseSampler:
    """Return the sampler called ``name``; ``auto`` is ``tpe``."""
    if name == "random":
        return SeededSampler(lambda number: RandomSampler(seed=number), seed, first_point)
    options: dict[str, Any] = {"n_startup_trials": n_startup_trials}
    if int(optuna.__version__.split(".")[0]) < 5:  # the defaults since then
        options.update(multivariate=True, constant_liar=True)
    return SeededSampler(lambda number: TPESampler(seed=number, **options), seed, first_point)


def make_pruner(name: str, n_startup_trials: int, n_evaluations: int) -> optuna.pruners.BasePruner:
    """Return the pruner called ``name``; the median pruner spares the first third of a trial."""
    if name == "halving":
        return optuna.pruners.SuccessiveHalvingPruner(
            min_resource=1, reduction_factor=4, min_early_stopping_rate=0
        )
    if name == "median":
        return optuna.pruners.MedianPruner(
            n_startup_trials=n_startup_trials, n_warmup_steps=n_evaluations // 3
        )
    return optuna.pruners.NopPruner()


def trial_seed(seed: int, number: int) -> int:
    """Return the seed of trial ``number`` in a study of ``seed``; different for every pair."""
    return int(np.random.SeedSequence([seed, number]).generate_state(1)[0]) & 0x7FFFFFFF


class SeededSampler(BaseSampler):
    """Draw every trial with a sampler seeded by the study's seed and the trial's number.

    The storage gives each number once, so workers that were started with the same seed draw
    different trials; one worker alone draws the same trials whenever it is run. Trial 0 gets given
    values for the same reason: Optuna's queue can hand a trial to two workers on SQLite.

    Args:
        make: Builds a sampler from a seed.
        seed: Seed of the study.
        first_point: Values of trial 0 by study name; others are drawn.
    """

    def __init__(
        self, make: Callable[[int], BaseSampler], seed: int, first_point: Mapping[str, Any]
    ) -> None:
        self._make = make
        self._seed = seed
        self._first_point = first_point
        self._by_thread = threading.local()

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Seed the sampler for this trial."""
        self._by_thread.sampler = self._make(trial_seed(self._seed, trial.number))
        self._by_thread.sampler.before_trial(study, trial)

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return the parameters that are drawn together."""
        if trial.number == 0:
            return {}
        return self._sampler().infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Draw the parameters of ``search_space`` together."""
        return self._sampler().sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Draw one parameter alone."""
        if trial.number == 0 and param_name in self._first_point:
            return self._first_point[param_name]
        return self._sampler().sample_independent(study, trial, param_name, param_distribution)

    def after_trial(self, study: Study, trial: FrozenTrial, state: TrialState, values: Any) -> None:
        """Tell the sampler how the trial ended."""
        self._sampler().after_trial(study, trial, state, values)

    def _sampler(self) -> BaseSampler:
        if not hasattr(self._by_thread, "sampler"):  # asked about a trial of another thread
            self._by_thread.sampler = self._make(self._seed)
        sampler: BaseSampler = self._by_thread.sampler
        return sampler
