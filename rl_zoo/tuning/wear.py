"""How long the trials of a study have used its one robot, and how long they may."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import optuna
from optuna.trial import FrozenTrial, TrialState

from rl_zoo import console
from rl_zoo.finite import is_finite_number
from rl_zoo.runs.robot_use import ROBOT_USE
from rl_zoo.stop_signals import StopSignals
from rl_zoo.tuning.options import TuneOptions
from rl_zoo.wrappers.fault_report import describe

USE_ATTRIBUTE = "robot_use"
"""Attribute of a trial: what it used the robot for."""
MINUTES = "minutes"
"""Part of it that counts towards the wear budget."""
REEVALUATION = "/reevaluation"
"""Ending of the name of the study that holds the re-evaluations of another one."""

_NOTE_EVERY = 1.0  # min, within an episode; each reset notes too
_RESERVE = 0.5  # of the budget, at most, is kept back for re-evaluation
_UNKNOWN = ("max_temperature", "min_battery_voltage", "cadence")  # no sums


def robot_minutes(study: optuna.Study) -> float | None:
    """Return the minutes that all trials and re-evaluations of a study used the robot.

    None if no trial has recorded any. Trials that failed, were pruned, interrupted or killed count.
    """
    known = [use[MINUTES] for use in map(trial_use, _all_trials(study)) if use is not None]
    return sum(known) if known else None


def trial_use(trial: FrozenTrial) -> Mapping[str, Any] | None:
    """Return what a trial used the robot for: minutes, falls, prompts ...; None if unknown."""
    return trial.user_attrs.get(USE_ATTRIBUTE)


def typical_minutes(study: optuna.Study) -> float | None:
    """Return the median of the minutes that complete trials of the search took."""
    complete = study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])
    known = [use[MINUTES] for use in map(trial_use, complete) if use is not None]
    return statistics.median(known) if known else None


class UseCounter:
    """Counts what an open environment is used for, from now on.

    Minutes are those under power of an environment that meters itself (``robot_use``), else steps
    times the control period ``dt`` (simulations), else the time that steps and resets take.

    Args:
        env: The environment.
    """

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        self._env = env.unwrapped
        period = getattr(self._env, "dt", None)
        self._period = float(period) if is_finite_number(period) and period > 0 else None
        self._counts = {"episodes": 0, "falls": 0}
        self._seconds = 0.0
        self._before = self._metered()

    def add_step(self, seconds: float, info: Mapping[str, Any]) -> None:
        """Take in a step that took ``seconds``."""
        self._seconds += seconds if self._period is None else self._period
        self._counts["falls"] += info.get("termination_reason") == "fall"

    def add_reset(self, seconds: float) -> None:
        """Take in a reset that took ``seconds``."""
        self._seconds += seconds if self._period is None else 0.0
        self._counts["episodes"] += 1

    def report(self) -> dict[str, Any]:
        """Return everything since the start as plain data; ``minutes`` count as wear."""
        if self._before is None:
            return {MINUTES: round(self._seconds / 60.0, 4), **self._counts}
        now = self._metered() or {}
        use = combined(now, self._before, -1)
        return {MINUTES: use.get("minutes_powered", 0.0), **use}

    def _metered(self) -> dict[str, Any] | None:
        use = getattr(self._env, ROBOT_USE, None)
        if not isinstance(use, Mapping):
            return None
        return {name: value for name, value in use.items() if name not in _UNKNOWN}


class Wear:
    """What the trials use the one robot for, kept with each of them, and whether they may go on.

    Args:
        options: The study.
        stop: Is asked to stop when the budget is used up.

    Attributes:
        is_used_up: Whether the budget has ended a trial of this process.
    """

    def __init__(self, options: TuneOptions, stop: StopSignals | None = None) -> None:
        self.options = options
        self.stop = stop
        self.is_used_up = False
        self._trial: optuna.Trial | None = None
        self._counter: UseCounter | None = None
        self._use: dict[str, Any] = {}
        self._used_before = 0.0
        self._noted = 0.0
        self._is_storage_told = False

    def begin_trial(self, trial: optuna.Trial) -> None:
        """Count what follows for ``trial``."""
        self._trial, self._use, self._noted = trial, {}, 0.0
        self._used_before = robot_minutes(trial.study) or 0.0

    def begin_training(self, env: gym.Env[Any, Any]) -> None:
        """Count what ``env`` is used for."""
        self._counter = UseCounter(env)

    def add_step(self, seconds: float, info: Mapping[str, Any]) -> None:
        """Take in a step; ask for a stop if the budget is used up."""
        if self._counter is None:
            return
        self._counter.add_step(seconds, info)
        use = self.use()
        if use[MINUTES] - self._noted >= _NOTE_EVERY:
            self._note(use)
        self._check(use)

    def add_reset(self, seconds: float) -> None:
        """Take in a reset, after which a robot stands and waits: time to write down its use."""
        if self._counter is None:
            return
        self._counter.add_reset(seconds)
        use = self.use()
        self._note(use)
        self._check(use)

    def end_training(self) -> None:
        """Write down the use of the training that has ended; a second call does nothing."""
        if self._counter is None:
            return
        use = self.use()
        self._use, self._counter = use, None
        self._note(use)

    def use(self) -> dict[str, Any]:
        """Return what the trial has used the robot for so far."""
        now = {MINUTES: 0.0} if self._counter is None else self._counter.report()
        return combined(self._use, now)

    def refusal(self, study: optuna.Study, *, reevaluation: bool = False) -> str | None:
        """Return why no further trial (or training on fresh seeds) is begun; None: go on.

        A trial is expected to take as long as the median of those that were completed. The search
        leaves what re-evaluating the best trials will take, at most half of the budget.

        Args:
            study: The search.
            reevaluation: Ask about a training on fresh seeds, not about a trial.
        """
        budget = self.options.wear_budget
        if budget is None:
            return None
        used = robot_minutes(study) or 0.0
        told = f"the robot was used for {used:.3g} of the {budget:g} minutes of --wear-budget"
        if used >= budget:
            return told
        trial = typical_minutes(study)
        if trial is None:
            return None
        training = trial / self.options.seeds_per_trial
        if reevaluation:
            if budget - used >= training:
                return None
            return f"{told}; another training takes about {training:.3g}"
        kept = min(self._reevaluation_minutes(study, training), _RESERVE * budget)
        if budget - used >= trial + kept:
            return None
        reserve = f", re-evaluating the best {kept:.3g}" if kept > 0.0 else ""
        return f"{told}; another trial takes about {trial:.3g}{reserve}"

    def _reevaluation_minutes(self, study: optuna.Study, training: float) -> float:
        """Return what re-evaluating the best trials is going to take."""
        from rl_zoo.tuning.reevaluation import n_reevaluated  # it imports this module

        n_complete = len(study.get_trials(deepcopy=False, states=[TrialState.COMPLETE]))
        n_best = n_reevaluated(self.options, n_complete + 1)
        n_trained = n_best + 1 if n_best else 0  # the entry, too
        done = _minutes_of(_reevaluation_trials(study))
        return max(n_trained * self.options.reevaluate_seeds * training - done, 0.0)

    def _check(self, use: Mapping[str, Any]) -> None:
        budget = self.options.wear_budget
        if budget is None or self.is_used_up or self._used_before + use[MINUTES] < budget:
            return
        self.is_used_up = True
        if self.stop is not None:
            self.stop.request(f"the wear budget of {budget:g} minutes is used up")

    def _note(self, use: dict[str, Any]) -> None:
        self._noted = use[MINUTES]
        if self._trial is None:
            return
        try:
            self._trial.set_user_attr(USE_ATTRIBUTE, use)
        except Exception as error:  # every storage has its own; the robot is not to blame
            if not self._is_storage_told:
                console.warn(f"the robot's use could not be stored: {describe(error)}")
            self._is_storage_told = True


def combined(one: Mapping[str, Any], two: Mapping[str, Any], sign: int = 1) -> dict[str, Any]:
    """Return two uses added, or (``sign`` -1) the second taken from the first."""
    result: dict[str, Any] = {}
    for name in dict.fromkeys((*one, *two)):
        first, second = one.get(name), two.get(name)
        if isinstance(first, Mapping) or isinstance(second, Mapping):
            counts = combined(first or {}, second or {}, sign)
            result[name] = {key: value for key, value in counts.items() if value}
        else:
            result[name] = round((first or 0) + sign * (second or 0), 4)
    return result


def describe_wear(study: optuna.Study, budget: float | None) -> str | None:
    """Return in one sentence how long the robot was used; None if that is unknown."""
    minutes = robot_minutes(study)
    if minutes is None:
        return None
    of_budget = "" if budget is None else f" of {budget:g}"
    uses = [use for use in map(trial_use, _all_trials(study)) if use is not None]
    falls = sum(use.get("falls", 0) for use in uses)
    prompts = sum(use.get("operator_prompts", 0) for use in uses)
    return (
        f"the study used the robot for {minutes:.3g}{of_budget} minutes: {falls} falls, "
        f"{prompts} prompts"
    )


def _all_trials(study: optuna.Study) -> list[FrozenTrial]:
    return [*study.get_trials(deepcopy=False), *_reevaluation_trials(study)]


def _reevaluation_trials(study: optuna.Study) -> list[FrozenTrial]:
    """Return the trials of the study that belongs to a search, wherever one asks from."""
    storage = study._storage
    name = study.study_name
    other = name.removesuffix(REEVALUATION) if name.endswith(REEVALUATION) else name + REEVALUATION
    try:
        number = storage.get_study_id_from_name(other)
    except KeyError:
        return []
    return storage.get_all_trials(number, deepcopy=False)


def _minutes_of(trials: list[FrozenTrial]) -> float:
    return float(sum(use[MINUTES] for use in map(trial_use, trials) if use is not None))
