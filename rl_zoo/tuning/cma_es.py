"""CMA-ES over the numeric parameters of a study, rebuilt from its trials whenever it is asked.

Optuna's own sampler keeps its state as a pickle in the study, which would run code from whoever
wrote the storage, and cannot start from a given point any more from version 6 on. This one stores
only the generation of each trial; the state follows from the values of the trials.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.search_space import intersection_search_space
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState

GENERATION_ATTRIBUTE = "rl_zoo:generation"
SIGMA = 1 / 6
"""First standard deviation, as a share of each range."""


class CmaEsSampler(BaseSampler):
    """Draw a trial of the present generation; categorical parameters are drawn at random.

    A generation ends when as many of its trials are complete as the population has members; those
    that finish later are not counted, as are pruned ones.

    Args:
        seed: Seed of this trial.
        start: Values by study name at which the search begins; the middle of the range for others.
    """

    def __init__(self, seed: int, start: Mapping[str, Any]) -> None:
        self._seed = seed
        self._start = start
        self._random = RandomSampler(seed=seed)

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return the numeric parameters that all completed trials have."""
        space = intersection_search_space(study.get_trials(deepcopy=False))
        numeric: dict[str, BaseDistribution] = {
            name: distribution
            for name, distribution in space.items()
            if isinstance(distribution, (FloatDistribution, IntDistribution))
            and not distribution.single()
        }
        return numeric if len(numeric) > 1 else {}  # the covariance of one number is no matrix

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Draw the numeric parameters together."""
        if not search_space:
            return {}
        digest = _digest(search_space)
        optimizer = self._optimizer(study, search_space, digest)
        label = f"{digest}:{optimizer.generation}"
        study._storage.set_trial_system_attr(trial._trial_id, GENERATION_ATTRIBUTE, label)
        numbers = optimizer.ask()
        return {
            name: from_unit(distribution, float(number))
            for (name, distribution), number in zip(search_space.items(), numbers, strict=True)
        }

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Draw one parameter at random."""
        return self._random.sample_independent(study, trial, param_name, param_distribution)

    def _optimizer(
        self, study: Study, search_space: Mapping[str, BaseDistribution], digest: str
    ) -> Any:
        """Return the optimizer after all generations that are complete."""
        import cmaes

        n = len(search_space)
        mean = [
            to_unit(distribution, self._start[name]) if name in self._start else 0.5
            for name, distribution in search_space.items()
        ]
        optimizer = cmaes.CMA(
            mean=np.array(mean),
            sigma=SIGMA,
            bounds=np.tile([0.0, 1.0], (n, 1)),
            n_max_resampling=10 * n,
            seed=self._seed % 2**32,
        )
        generations = _generations(study, digest)
        while len(found := generations.get(optimizer.generation, [])) >= optimizer.population_size:
            optimizer.tell(
                [_solution(study, t, search_space) for t in found[: optimizer.population_size]]
            )
        return optimizer


def to_unit(distribution: BaseDistribution, value: float) -> float:
    """Return where ``value`` lies in its range, from 0 to 1."""
    low, high = _ends(distribution)
    number = math.log(value) if _is_log(distribution) else float(value)
    return min(max((number - low) / (high - low), 0.0), 1.0)


def from_unit(distribution: BaseDistribution, share: float) -> float | int:
    """Return the value at ``share`` (from 0 to 1) of the range."""
    assert isinstance(distribution, (FloatDistribution, IntDistribution))
    low, high = _ends(distribution)
    number = low + share * (high - low)
    value = math.exp(number) if _is_log(distribution) else number
    if distribution.step and not _is_log(distribution):
        step = distribution.step
        value = distribution.low + step * round((value - distribution.low) / step)
    value = min(max(value, distribution.low), distribution.high)
    return round(value) if isinstance(distribution, IntDistribution) else float(value)


def _ends(distribution: BaseDistribution) -> tuple[float, float]:
    """Return the ends of the range; those of integers reach half a step further."""
    assert isinstance(distribution, (FloatDistribution, IntDistribution))
    half = 0.5 * (distribution.step or 0.0)
    low, high = distribution.low - half, distribution.high + half
    return (math.log(low), math.log(high)) if _is_log(distribution) else (low, high)


def _is_log(distribution: BaseDistribution) -> bool:
    return bool(getattr(distribution, "log", False))


def _generations(study: Study, digest: str) -> dict[int, list[FrozenTrial]]:
    """Return the completed trials of each generation in the order in which they ended."""
    generations: dict[int, list[FrozenTrial]] = {}
    completed = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    for trial in sorted(completed, key=_ended):
        space, _, number = trial.system_attrs.get(GENERATION_ATTRIBUTE, "").partition(":")
        if space == digest:
            generations.setdefault(int(number), []).append(trial)
    return generations


def _ended(trial: FrozenTrial) -> tuple[float, int]:
    end = trial.datetime_complete
    return (0.0 if end is None else end.timestamp()), trial.number


def _solution(
    study: Study, trial: FrozenTrial, search_space: Mapping[str, BaseDistribution]
) -> tuple[np.ndarray, float]:
    assert trial.value is not None
    loss = -trial.value if study.direction == StudyDirection.MAXIMIZE else trial.value
    numbers = [to_unit(item, trial.params[name]) for name, item in search_space.items()]
    return np.array(numbers), loss


def _digest(search_space: Mapping[str, BaseDistribution]) -> str:
    text = repr(sorted((name, str(item)) for name, item in search_space.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
