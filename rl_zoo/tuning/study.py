"""A study from opening to report: run trials, tell how each ended, stop cleanly."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from rl_zoo import console
from rl_zoo.agents.build import check_action_space
from rl_zoo.agents.matmul import enable_fast_matmul
from rl_zoo.envs.stack import StackSettings, check_stack, make_vec_env
from rl_zoo.errors import ConfigError, DamagedFileError
from rl_zoo.stop_signals import StopSignals
from rl_zoo.tuning.load_trial import ALGORITHM_ATTRIBUTE
from rl_zoo.tuning.objective import (
    ENTRY_ATTRIBUTE,
    ERROR_ATTRIBUTE,
    FAULT_ATTRIBUTE,
    INTERRUPTED_ATTRIBUTE,
    Objective,
)
from rl_zoo.tuning.options import TuneOptions
from rl_zoo.tuning.sampling import make_pruner, make_sampler
from rl_zoo.tuning.storage import open_storage, quiet, study_names
from rl_zoo.tuning.values import EntryPoint, entry_point, space_of
from rl_zoo.wrappers.fault_report import describe

MAX_FAILURES_IN_A_ROW = 5
ENVIRONMENT_ATTRIBUTE = "env"
_COUNTED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)


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


def run_study(options: TuneOptions) -> StudyEnd:
    """Run the trials.

    Raises:
        ConfigError: If the configuration, the storage or the study cannot be used; the study is
            then untouched.
    """
    check_environment(options)
    point = entry_point(space_of(options.config, tuple(options.fixed)), options.config)
    study = open_study(options, point)
    if not study.get_trials(deepcopy=False):
        tell_first_trial(point)
    end = StudyEnd(study)
    n_trials = _trials_to_run(study, options)
    if n_trials <= 0:
        console.message(f"the study has its {options.max_total_trials} trials already")
        return end
    enable_fast_matmul()
    with StopSignals() as stop:
        objective = Objective(options, stop)
        reporter = TrialReporter(options, end, n_trials, stop)
        study.optimize(
            objective,
            n_trials=n_trials,
            n_jobs=options.n_jobs,
            catch=(Exception,),
            callbacks=[reporter],
            gc_after_trial=True,
        )
        end.interrupted = stop.reason()
    return end


def check_environment(options: TuneOptions) -> None:
    """Check what every trial would fail on.

    The environment is opened once for it, unless there is only one of it (a robot).

    Raises:
        ConfigError: If the environment cannot be made or does not suit the algorithm.
    """
    check_stack(options.config, options.gym_packages)
    if options.eval_on_train_env:
        return
    env = make_vec_env(options.config, StackSettings(gym_packages=options.gym_packages))
    try:
        check_action_space(options.config, env)
    finally:
        with contextlib.suppress(Exception):  # the check has its answer
            env.close()


def open_study(options: TuneOptions, point: EntryPoint) -> optuna.Study:
    """Create the study, or open the one of that name.

    Args:
        options: The study.
        point: What trial 0 is.

    Raises:
        ConfigError: If it is a study of another algorithm or environment.
        DamagedFileError: If the storage cannot be read.
    """
    quiet()
    config = options.config
    storage = None
    if options.storage is not None:
        storage = open_storage(options.storage, must_exist=False)
    parts: dict[str, Any] = {
        "study_name": options.study_name,
        "storage": storage,
        "sampler": make_sampler(
            options.sampler, options.seed, options.n_startup_trials, point.params
        ),
        "pruner": make_pruner(options.pruner, options.n_startup_trials, options.evaluations),
    }
    try:
        if storage is not None and options.study_name in study_names(storage):
            study = optuna.load_study(**parts)
        else:
            study = optuna.create_study(**parts, direction="maximize", load_if_exists=True)
    except Exception as error:  # the journal reader and every database have their own
        raise DamagedFileError(f"--storage {options.storage}: {describe(error)}") from error
    wanted: dict[str, str] = {
        ALGORITHM_ATTRIBUTE: config.algo,
        ENVIRONMENT_ATTRIBUTE: config.env_id,
    }
    known = study.user_attrs
    for name, value in wanted.items():
        if known.get(name, value) != value:
            raise ConfigError(
                f"--study-name {options.study_name}: is a study of {known[name]}, not of {value}; "
                "choose another name"
            )
    record = {**wanted, "command": options.command, "seed": options.seed}
    for name, content in record.items():
        if name not in known:
            study.set_user_attr(name, content)
    return study


def tell_first_trial(point: EntryPoint) -> None:
    """Tell what trial 0 of a new study is."""
    console.message("trial 0 trains the configuration as it is, so that the others have a baseline")
    if point.inexact:
        console.message(
            f"note: its {', '.join(point.inexact)} cannot be drawn from the search space; trial 0 "
            "uses them, and the sampler takes the nearest values for them"
        )


class TrialReporter:
    """Tell how each trial ended; stop the study after a signal or too many failures in a row.

    Args:
        options: The study.
        end: Gets the reason of a stop.
        n_trials: Trials that this process will run.
        stop: Requested stops.
    """

    def __init__(
        self, options: TuneOptions, end: StudyEnd, n_trials: int, stop: StopSignals
    ) -> None:
        self.options = options
        self.end = end
        self.n_trials = n_trials
        self.stop = stop
        self._finished = 0
        self._failures = 0
        self._lock = threading.Lock()
        self._started = time.monotonic()

    def __call__(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """React to the end of ``trial``."""
        with self._lock:
            self._finished += 1
            if trial.user_attrs.get(INTERRUPTED_ATTRIBUTE) and not self._has_racing_queue():
                self._queue_again(study, trial)
            self._tell(study, trial)
            self._count_failure(study, trial)
            if self.stop.reason() is not None or self._is_full(study):
                study.stop()

    def _tell(self, study: optuna.Study, trial: FrozenTrial) -> None:
        trials = study.get_trials(deepcopy=False)
        states = Counter(other.state for other in trials)
        done = [t for t in trials if t.state == TrialState.COMPLETE and t.value is not None]
        best = max(done, key=lambda t: t.value or 0.0, default=None)
        best_text = "none yet" if best is None else f"{best.value:.2f} (trial {best.number})"
        console.message(
            f"trial {trial.number} ({self._finished} of {self.n_trials}): {_outcome(trial)}; "
            f"best {best_text}; {states[TrialState.COMPLETE]} done, "
            f"{states[TrialState.PRUNED]} pruned, {_count_failed(trials)} failed; "
            f"{time.monotonic() - self._started:.0f} s"
        )

    def _count_failure(self, study: optuna.Study, trial: FrozenTrial) -> None:
        failed = trial.state == TrialState.FAIL
        if failed and trial.user_attrs.get(INTERRUPTED_ATTRIBUTE):
            return
        self._failures = self._failures + 1 if failed else 0
        if self._failures >= MAX_FAILURES_IN_A_ROW:
            reason = trial.user_attrs.get(ERROR_ATTRIBUTE, "unknown reason")
            self.end.failure = f"{MAX_FAILURES_IN_A_ROW} trials failed in a row; the last: {reason}"
            self.end.robot_fault = bool(trial.user_attrs.get(FAULT_ATTRIBUTE))
            study.stop()

    def _queue_again(self, study: optuna.Study, trial: FrozenTrial) -> None:
        attributes = {"retry_of": trial.number}
        if ENTRY_ATTRIBUTE in trial.user_attrs:
            attributes[ENTRY_ATTRIBUTE] = True
        study.enqueue_trial(dict(trial.params), user_attrs=attributes)

    def _has_racing_queue(self) -> bool:
        """Say whether two workers may get the same queued trial: SQLite locks no rows."""
        return (self.options.storage or "").startswith("sqlite")

    def _is_full(self, study: optuna.Study) -> bool:
        total = self.options.max_total_trials
        return total is not None and _count(study) >= total


def _count_failed(trials: list[FrozenTrial]) -> int:
    failed = (trial for trial in trials if trial.state == TrialState.FAIL)
    return sum(INTERRUPTED_ATTRIBUTE not in trial.user_attrs for trial in failed)


def _outcome(trial: FrozenTrial) -> str:
    error = trial.user_attrs.get(ERROR_ATTRIBUTE)
    if trial.state == TrialState.COMPLETE:
        own = " with the configuration's own values" if ENTRY_ATTRIBUTE in trial.user_attrs else ""
        return f"{trial.value:.2f}{own}"
    if trial.user_attrs.get(INTERRUPTED_ATTRIBUTE):
        return "interrupted"
    if trial.state == TrialState.PRUNED:
        last = next(reversed(trial.intermediate_values.values()), None)
        return f"pruned ({error})" if error else f"pruned at {last:.2f}"
    return f"failed ({error})"


def _trials_to_run(study: optuna.Study, options: TuneOptions) -> int:
    if options.max_total_trials is None:
        return options.n_trials
    return options.max_total_trials - _count(study)


def _count(study: optuna.Study) -> int:
    return len(study.get_trials(deepcopy=False, states=_COUNTED))
