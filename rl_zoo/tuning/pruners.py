"""Pruners by name: when a trial is given up early."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from optuna.pruners import (
    BasePruner,
    HyperbandPruner,
    MedianPruner,
    NopPruner,
    SuccessiveHalvingPruner,
    WilcoxonPruner,
)
from optuna.trial import FrozenTrial

from rl_zoo.tuning.ranking import is_feasible

WILCOXON_THRESHOLD = 0.1
MIN_WILCOXON_EVALUATIONS = 5
"""With fewer the test cannot reach its threshold before the last one: 2^-4 is the first below."""
HYPERBAND_FACTOR = 3


class SeededHyperbandPruner(HyperbandPruner):
    """Hyperband whose brackets depend on the study's seed, not on its name.

    Args:
        seed: Seed of the study.
        max_resource: Evaluations of a whole trial.
    """

    def __init__(self, seed: int, max_resource: int) -> None:
        super().__init__(
            min_resource=1, max_resource=max_resource, reduction_factor=HYPERBAND_FACTOR
        )
        self._seed = seed

    def _get_bracket_id(self, study: Any, trial: Any) -> int:
        return super()._get_bracket_id(SimpleNamespace(study_name=str(self._seed)), trial)  # type: ignore[arg-type]


class FeasibleMedianPruner(MedianPruner):
    """Median pruner for which trials that violate a constraint do not exist.

    What breaks the rules often earns more; respectable trials must not be given up for it.
    """

    def prune(self, study: Any, trial: FrozenTrial) -> bool:
        """Say whether ``trial`` is below the median of those that respect the constraints."""
        return super().prune(_FeasibleStudy(study), trial)  # type: ignore[arg-type]


def make_pruner(name: str, n_startup_trials: int, n_steps: int, seed: int) -> BasePruner:
    """Return the pruner called ``name``.

    Args:
        name: ``median``, ``halving``, ``hyperband``, ``wilcoxon`` or ``none``.
        n_startup_trials: Trials that the median pruner spares.
        n_steps: Evaluations of a whole trial, all its trainings together; the median and the
            Wilcoxon pruner spare the first third of them.
        seed: Seed of the study.
    """
    if name == "halving":
        return SuccessiveHalvingPruner(
            min_resource=1, reduction_factor=4, min_early_stopping_rate=0
        )
    if name == "hyperband":
        return SeededHyperbandPruner(seed, n_steps)
    if name == "wilcoxon":
        return WilcoxonPruner(p_threshold=WILCOXON_THRESHOLD, n_startup_steps=n_steps // 3)
    if name == "median":
        return FeasibleMedianPruner(n_startup_trials=n_startup_trials, n_warmup_steps=n_steps // 3)
    return NopPruner()


class _FeasibleStudy:
    """A study without the trials that violate a constraint."""

    def __init__(self, study: Any) -> None:
        self._study = study

    def get_trials(self, *arguments: Any, **choices: Any) -> list[FrozenTrial]:
        """Return the other trials."""
        return [t for t in self._study.get_trials(*arguments, **choices) if is_feasible(t)]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._study, name)
