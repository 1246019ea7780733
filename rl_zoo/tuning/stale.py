"""Trials whose worker died: notice them, fail them, and queue each once again."""

from __future__ import annotations

import time
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages._heartbeat import BaseHeartbeat, is_heartbeat_enabled
from optuna.trial import FrozenTrial, TrialState

from rl_zoo import console
from rl_zoo.tuning.attributes import LOST_ATTRIBUTE
from rl_zoo.tuning.failures import queue_again
from rl_zoo.tuning.heartbeat import PROCESS_ATTRIBUTE
from rl_zoo.tuning.options import TuneOptions
from rl_zoo.tuning.process import parse_process
from rl_zoo.tuning.storage import FAIL_STALE_MINUTES

_UNSIGNED_LIMITS = 5
"""Times the limit that a trial may be silent whose process did not sign it: another program's."""
_LONGEST_GAP = 60.0
"""Seconds between two looks that count as silence; more may be a pause of this process itself."""


@dataclass
class _Observation:
    """What this process has seen of a running trial."""

    content: tuple[Any, ...]
    looked_at: float
    silent_for: float = 0.0
    """Seconds in which nothing about it changed."""


_SEEN: weakref.WeakKeyDictionary[optuna.Study, dict[int, _Observation]] = (
    weakref.WeakKeyDictionary()
)


def fail_stale(study: optuna.Study, options: TuneOptions, *, queue: bool = True) -> list[int]:
    """Fail the trials whose worker is dead, and queue each of them once again.

    A process of this machine is asked about directly: one that is stopped lives, one that ended is
    noticed at once. For another machine the silence counts: as the database measures it, else as
    this process sees it, so that clocks need not agree. Only one of several workers that notice
    the same trial fails it, which the storage decides, and only that one queues it.

    Args:
        study: The study; call this every few seconds, or before each trial.
        options: Say how long another machine may be silent.
        queue: Queue them; otherwise the caller sees to them.

    Returns:
        Numbers of the trials that this call failed.
    """
    running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
    seen = _SEEN.setdefault(study, {})
    for number in seen.keys() - {trial.number for trial in running}:
        del seen[number]
    minutes = FAIL_STALE_MINUTES if options.fail_stale is None else options.fail_stale
    silent = _silent_in_database(study)
    given_up = []
    for trial in running:
        reason = _why_lost(trial, seen, silent, minutes)
        if reason is not None and _give_up(study, trial, reason, queue=queue):
            given_up.append(trial.number)
    return given_up


def _why_lost(
    trial: FrozenTrial,
    seen: dict[int, _Observation],
    silent_in_database: frozenset[int] | None,
    minutes: float,
) -> str | None:
    process = parse_process(trial.system_attrs.get(PROCESS_ATTRIBUTE))
    if process is None:
        minutes *= _UNSIGNED_LIMITS
        is_silent = _watch(trial, seen) > 60 * minutes
    elif process.is_of_this_machine():
        return None if process.is_alive() else f"process {process.pid} ended"
    elif silent_in_database is not None:
        is_silent = trial._trial_id in silent_in_database
    else:
        is_silent = _watch(trial, seen) > 60 * minutes
    worker = "its worker" if process is None else process.describe()
    return f"no sign of life of {worker} for {minutes:g} min" if is_silent else None


def _watch(trial: FrozenTrial, seen: dict[int, _Observation]) -> float:
    """Return for how many seconds nothing of ``trial`` has changed while this process looked."""
    now = time.monotonic()
    content = _content(trial)
    observation = seen.get(trial.number)
    if observation is None or observation.content != content:
        seen[trial.number] = _Observation(content, now)
        return 0.0
    observation.silent_for += min(now - observation.looked_at, _LONGEST_GAP)
    observation.looked_at = now
    return observation.silent_for


def _content(trial: FrozenTrial) -> tuple[Any, ...]:
    parts: tuple[Mapping[Any, Any], ...] = (
        trial.params,
        trial.user_attrs,
        trial.system_attrs,
        trial.intermediate_values,
    )
    return tuple(repr(part) for part in parts)


def _silent_in_database(study: optuna.Study) -> frozenset[int] | None:
    storage = study._storage
    if not is_heartbeat_enabled(storage):
        return None
    assert isinstance(storage, BaseHeartbeat)
    return frozenset(storage._get_stale_trial_ids(study._study_id))


def _give_up(study: optuna.Study, trial: FrozenTrial, reason: str, *, queue: bool) -> bool:
    storage = study._storage
    try:
        storage.set_trial_user_attr(trial._trial_id, LOST_ATTRIBUTE, reason)
        if not storage.set_trial_state_values(trial._trial_id, state=TrialState.FAIL):
            return False
    except (UpdateFinishedTrialError, KeyError):  # it ended, or another worker was faster
        return False
    if queue:
        queue_again(study, storage.get_trial(trial._trial_id))
        console.message(f"trial {trial.number} was lost ({reason})")
    return True
