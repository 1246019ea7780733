"""A study from opening to its end: search until it is full, re-evaluate, stop cleanly."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import optuna
from optuna.trial import FrozenTrial, TrialState

from rl_zoo import console
from rl_zoo.agents.matmul import enable_fast_matmul
from rl_zoo.stop_signals import StopSignals
from rl_zoo.tuning.attributes import INTERRUPTED_ATTRIBUTE
from rl_zoo.tuning.display import StudyDisplay
from rl_zoo.tuning.failures import FailuresInARow, counted_trials
from rl_zoo.tuning.objective import Objective
from rl_zoo.tuning.open_study import open_study, tell_first_trial
from rl_zoo.tuning.options import TuneOptions
from rl_zoo.tuning.reevaluation import reevaluate
from rl_zoo.tuning.search_space import space_of
from rl_zoo.tuning.storage import MEMORY, lost_storage, storage_error
from rl_zoo.tuning.trial_environments import TrialEnvironments
from rl_zoo.tuning.trial_runner import TrialRunner
from rl_zoo.tuning.values import entry_point

__all__ = ["StudyEnd", "check_environment", "open_study", "run_study"]


@dataclass
class StudyEnd:
    """How the trials of this process ended."""

    study: optuna.Study
    interrupted: str | None = None
    """Why the study was stopped early by a signal."""
    failure: str | None = None
    """Why it was given up: too many failures in a row."""
    robot_fault: bool = False
    """Whether the last of those failures was the robot's (or environment's)."""
    worn: str | None = None
    """Why no more was run on the one robot there is: its wear budget."""


def run_study(options: TuneOptions, on_trial: Callable[[], object] = lambda: None) -> StudyEnd:
    """Run the trials, and train the best again on fresh seeds.

    Args:
        options: The study.
        on_trial: Called when a trial of this process has ended.

    Raises:
        ConfigError: If the configuration, the storage or the study cannot be used; the study is
            then untouched.
        ZooError: If the storage is lost; what it held is kept.
    """
    if not options.one_robot:
        check_environment(options)
    space = space_of(options.config, options.fixed, options.search_space)
    point = entry_point(space, options.config)
    study = open_study(options, point)
    if not study.get_trials(deepcopy=False):
        tell_first_trial(point)
    end = StudyEnd(study)
    enable_fast_matmul()
    with StopSignals() as stop:
        environments = TrialEnvironments(options, stop)
        work = _Work(options, end, environments, stop, on_trial)
        try:
            work.run(parameter.config_key for parameter in space)
        except lost_storage() as error:
            raise storage_error(options.storage or MEMORY, error, is_open=True) from error
        finally:
            stop.hold()  # a robot sits down now
            environments.close()
    return end


def check_environment(options: TuneOptions) -> None:
    """Check what every trial would fail on; the environment is opened for it.

    Raises:
        ConfigError: If the environment cannot be made or does not suit the algorithm.
    """
    TrialEnvironments(options).check()


@dataclass
class _Work:
    """What this process does for a study."""

    options: TuneOptions
    end: StudyEnd
    environments: TrialEnvironments
    stop: StopSignals
    on_trial: Callable[[], object]

    def run(self, searched: Iterable[str]) -> None:
        """Search, then take part in the re-evaluation; say in ``end`` what stopped it."""
        n_trials = self._n_trials()
        study = self.end.study
        self.end.worn = self.environments.refusal(study, reevaluation=True)
        if self.end.worn is None:
            self.end.worn = self.environments.refusal(study)
            if self.options.one_robot and n_trials > 0 and self.end.worn is None:
                self.environments.check(searched)  # only now: the robot stays open for the trials
            with StudyDisplay(self.options, n_trials) as display:
                self._search(n_trials, display)
                if self.end.failure is None and self.stop.reason() is None:
                    self._reevaluate(display)
        if self.environments.is_used_up:
            self.end.worn = self.stop.reason()
        else:
            self.end.interrupted = self.stop.reason()

    def _search(self, n_trials: int, display: StudyDisplay) -> None:
        failures = FailuresInARow(self.options.max_failures)
        objective = Objective(self.options, self.stop, self.environments)

        def ended(trial: FrozenTrial) -> None:
            if not trial.user_attrs.get(INTERRUPTED_ATTRIBUTE):  # else the same command runs it
                self.on_trial()
            display.trial_ended(self.end.study, trial)
            failures.add(trial)

        def why_stop() -> str | None:
            self.end.worn = self.environments.refusal(self.end.study)
            return failures.reason or self.end.worn

        runner = TrialRunner(
            self.end.study, objective, self.options, self.stop, ended, why_stop=why_stop
        )
        while not self._is_over(runner, why_stop):
            runner.run(n_trials)
            if objective.refused is not None:
                raise objective.refused
            if self.options.max_total_trials is None:
                break
            if why_stop() is None:
                runner.wait_for_others()
        self.end.failure, self.end.robot_fault = failures.reason, failures.is_robot_fault

    def _is_over(self, runner: TrialRunner, why_stop: Callable[[], str | None]) -> bool:
        """Say whether nothing is left: all trials of a full study have ended, too."""
        if self.stop.reason() is not None:
            return True
        if runner.is_full() and not self._n_running():
            return True
        return why_stop() is not None

    def _reevaluate(self, display: StudyDisplay) -> None:
        n_running = self._n_running()
        if n_running:
            console.message(
                f"{n_running} trials of other workers still run: the last worker trains the best "
                "trials again on fresh seeds"
            )
            return
        failure = reevaluate(
            self.end.study, self.options, self.environments, self.stop, display=display
        )
        if failure is not None and self.stop.reason() is None:
            console.warn(failure)

    def _n_trials(self) -> int:
        """Return how many trials this process may run."""
        total = self.options.max_total_trials
        if total is None:
            return self.options.n_trials
        n_trials = total - len(counted_trials(self.end.study))
        if n_trials <= 0:
            console.message(f"the study has its {total} trials already")
        return max(n_trials, 0)

    def _n_running(self) -> int:
        running = self.end.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        return len(running)
