"""Trials that did not come to their end: how many in a row, and which are run again."""

from __future__ import annotations

import traceback
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from rl_zoo.errors import RobotFault
from rl_zoo.runs.atomic import write_text
from rl_zoo.tuning.attributes import (
    ENTRY_ATTRIBUTE,
    ERROR_ATTRIBUTE,
    FAULT_ATTRIBUTE,
    INTERRUPTED_ATTRIBUTE,
    LOST_ATTRIBUTE,
    RETRY_ATTRIBUTE,
    SECOND_CHANCE_ATTRIBUTE,
    SURPLUS_ATTRIBUTE,
)
from rl_zoo.tuning.options import TuneOptions
from rl_zoo.wrappers.fault_report import describe

_NOBODYS_FAULT = (INTERRUPTED_ATTRIBUTE, LOST_ATTRIBUTE, SURPLUS_ATTRIBUTE)
_COUNTED = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING)


class FailuresInARow:
    """Count failed trials until one does not fail.

    Args:
        limit: Number that is too many.

    Attributes:
        reason: Why the study is to be stopped; None: it goes on.
        is_robot_fault: Whether the last failure was the robot's (or environment's).
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.reason: str | None = None
        self.is_robot_fault = False
        self._count = 0

    def add(self, trial: FrozenTrial) -> None:
        """Count a trial that has ended."""
        if is_failure(trial):
            self._count += 1
        elif trial.state != TrialState.FAIL:
            self._count = 0
        if self._count >= self.limit:
            last = trial.user_attrs.get(ERROR_ATTRIBUTE, "unknown reason")
            what = f"{self.limit} trials failed in a row; the last" if self.limit > 1 else "a trial"
            self.reason = f"{what}: {last}" if self.limit > 1 else f"{what} failed: {last}"
            self.is_robot_fault = bool(trial.user_attrs.get(FAULT_ATTRIBUTE))


def is_failure(trial: FrozenTrial) -> bool:
    """Say whether ``trial`` failed by itself: it was not interrupted, lost or surplus."""
    failed = trial.state == TrialState.FAIL
    return failed and not any(trial.user_attrs.get(name) for name in _NOBODYS_FAULT)


def counted_trials(study: optuna.Study) -> list[FrozenTrial]:
    """Return the trials that ``--max-total-trials`` counts: finished ones and those that run."""
    return study.get_trials(deepcopy=False, states=_COUNTED)


def keep_error(trial: optuna.Trial, error: BaseException, options: TuneOptions) -> None:
    """Keep why ``trial`` failed: a line in the study, the traceback in ``error.txt``."""
    trial.set_user_attr(ERROR_ATTRIBUTE, describe_error(error))
    trial.set_user_attr(FAULT_ATTRIBUTE, isinstance(error, RobotFault))
    folder = options.trials_folder
    if folder is None and options.study_folder is not None:
        folder = options.study_folder / "trials"
    if folder is not None:
        path = folder / f"trial_{trial.number}" / "error.txt"
        write_text(path, "".join(traceback.format_exception(error)))


def describe_error(error: BaseException) -> str:
    """Return ``error`` in one line."""
    if isinstance(error, SystemExit):
        return f"the environment or agent asked the program to exit ({error.code})"
    return describe(error) if isinstance(error, Exception) else type(error).__name__


def queue_again(study: optuna.Study, trial: FrozenTrial) -> None:
    """Let the next free worker run an interrupted or lost trial with the same values.

    A trial that was lost a second time is not run a third time: it may be what kills its worker.
    Values that were not drawn yet are drawn then; where none was, any other trial does as well.
    """
    is_lost = LOST_ATTRIBUTE in trial.user_attrs
    had_a_chance = bool(trial.user_attrs.get(SECOND_CHANCE_ATTRIBUTE))
    is_entry = trial.number == 0 or ENTRY_ATTRIBUTE in trial.user_attrs
    values = {**trial.system_attrs.get("fixed_params", {}), **trial.params}
    if (is_lost and had_a_chance) or not (values or is_entry):
        return
    attributes: dict[str, Any] = {RETRY_ATTRIBUTE: trial.number}
    if is_lost or had_a_chance:
        attributes[SECOND_CHANCE_ATTRIBUTE] = True
    if is_entry:
        attributes[ENTRY_ATTRIBUTE] = True
    study.enqueue_trial(values, user_attrs=attributes)
