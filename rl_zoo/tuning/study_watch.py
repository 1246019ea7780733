"""Watch a study that other processes run: show it, count its trials, notice what went wrong."""

from __future__ import annotations

from dataclasses import dataclass, field

import optuna
from optuna.trial import FrozenTrial, TrialState

from rl_zoo.tuning.attributes import REFUSED_ATTRIBUTE
from rl_zoo.tuning.display import StudyDisplay, take_snapshot
from rl_zoo.tuning.failures import FailuresInARow, counted_trials, is_failure
from rl_zoo.tuning.options import TuneOptions
from rl_zoo.tuning.reevaluation import reevaluation_jobs
from rl_zoo.tuning.stale import fail_stale
from rl_zoo.tuning.standing import reevaluation_study
from rl_zoo.tuning.study_folder import Session

_ENDED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)


def n_missing(study: optuna.Study, total: int) -> int:
    """Return how many trials a study needs to have ``total`` of them.

    Args:
        study: The study.
        total: Trials that it is to have.
    """
    return max(total - len(_that_count(study)), 0)


@dataclass
class StudyWatch:
    """Look at a study every now and then."""

    study: optuna.Study
    options: TuneOptions
    session: Session
    total: int
    """Trials that the study is to have."""
    display: StudyDisplay
    failures: FailuresInARow = field(init=False)
    """Of all workers, in the order in which their trials ended."""
    refused: str | None = field(init=False, default=None)
    """Why no trial can be judged."""

    def __post_init__(self) -> None:
        self.failures = FailuresInARow(self.options.max_failures)
        self._n_before = take_snapshot(self.study).finished
        self._n_counted = len(_that_count(self.study))
        self._known = {trial.number for trial in self._ended(self.study)}
        self._fresh: optuna.Study | None = None
        self._known_fresh: set[int] = set()

    def look(self) -> int:
        """Give up the trials of dead workers, count and show the others.

        Returns:
            A number that grows whenever a trial or a re-evaluation has ended by itself.
        """
        fail_stale(self.study, self.options)
        for trial in self._new(self.study, self._known):
            self.failures.add(trial)
            self.refused = trial.user_attrs.get(REFUSED_ATTRIBUTE, self.refused)
        n_counted = len(_that_count(self.study))
        for _ in range(n_counted - self._n_counted):
            self.session.trial_ended()
        self._n_counted = max(n_counted, self._n_counted)
        if self.is_full():
            self._look_at_fresh()
        else:
            self.display.refresh(self.study, self._n_before)
        return n_counted + len(self._known_fresh) + sum(map(is_failure, self._ended(self.study)))

    def is_full(self) -> bool:
        """Say whether the study has all its trials, and none runs any more."""
        running = self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        return not running and len(counted_trials(self.study)) >= self.total

    def _look_at_fresh(self) -> None:
        if self._fresh is None:
            self.display.refresh(self.study, self._n_before)
            self._fresh = reevaluation_study(self.study)
            if self._fresh is None:
                return
            n_jobs = len(reevaluation_jobs(self.study, self.options))
            self._known_fresh = {trial.number for trial in self._ended(self._fresh)}
            self.display.begin_reevaluation(self._fresh, n_jobs)
        for item in self._new(self._fresh, self._known_fresh):
            if item.state == TrialState.COMPLETE or is_failure(item):
                self.display.reevaluation_ended(self._fresh, item)

    def _new(self, study: optuna.Study, known: set[int]) -> list[FrozenTrial]:
        new = [trial for trial in self._ended(study) if trial.number not in known]
        known |= {trial.number for trial in new}
        return sorted(new, key=lambda trial: str(trial.datetime_complete))

    def _ended(self, study: optuna.Study) -> list[FrozenTrial]:
        return study.get_trials(deepcopy=False, states=_ENDED)


def _that_count(study: optuna.Study) -> list[FrozenTrial]:
    """Return the trials that have ended and that ``--max-total-trials`` counts."""
    return [trial for trial in counted_trials(study) if trial.state.is_finished()]
