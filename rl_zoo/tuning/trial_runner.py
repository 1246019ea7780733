"""Run trials of a study one after another, in one or several threads of this process."""

from __future__ import annotations

import contextlib
import gc
import os
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState

from rl_zoo import console
from rl_zoo.stop_signals import StopSignals
from rl_zoo.tuning.attributes import (
    ERROR_ATTRIBUTE,
    INTERRUPTED_ATTRIBUTE,
    LOST_ATTRIBUTE,
    SURPLUS_ATTRIBUTE,
)
from rl_zoo.tuning.failures import counted_trials, keep_error, queue_again
from rl_zoo.tuning.heartbeat import Heartbeat
from rl_zoo.tuning.options import TuneOptions
from rl_zoo.tuning.stale import fail_stale

TrialFunction = Callable[[optuna.Trial], float | Sequence[float]]
_WAIT_SECONDS = 0.5


@dataclass(frozen=True)
class TrialRunner:
    """Run trials until there are enough of them or one of the reasons to stop holds.

    ``Study.optimize`` would do, but for workers that die: it cannot tell a trial that another
    worker has given up, sends no signs of life to files, and may run more trials than asked for.
    """

    study: optuna.Study
    function: TrialFunction
    """Runs a trial and returns its values; ``TrialPruned`` prunes it, another error fails it."""
    options: TuneOptions
    stop: StopSignals
    on_end: Callable[[FrozenTrial], None]
    """Told of every trial that has ended here; one thread at a time."""
    why_stop: Callable[[], str | None] = lambda: None
    """Asked before every trial: a reason to begin no more."""

    def run(self, n_trials: int) -> None:
        """Run trials here, at most ``n_trials``; fewer if the study is full."""
        budget = _Budget(n_trials)
        lock = threading.Lock()
        self.study._stop_flag = False

        def look_for_lost_trials() -> None:
            with lock:
                fail_stale(self.study, self.options)

        with Heartbeat(self.study, look_for_lost_trials) as heartbeat:
            if self.options.n_jobs == 1:
                self._run_one_after_another(budget, heartbeat, lock)
                return
            with ThreadPoolExecutor(self._n_threads()) as pool:
                work = [
                    pool.submit(self._run_one_after_another, budget, heartbeat, lock)
                    for _ in range(self._n_threads())
                ]
                try:
                    for thread in work:
                        thread.result()
                except BaseException:
                    self.stop.request("interrupted")
                    raise

    def wait_for_others(self) -> None:
        """Wait until no trial runs any more, and give up those whose worker died."""
        is_told = False
        while self.stop.reason() is None:
            fail_stale(self.study, self.options)
            running = self.study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
            if not running:
                return
            if not is_told:
                console.message(f"waiting for {len(running)} trials of other workers")
                is_told = True
            time.sleep(_WAIT_SECONDS)

    def is_full(self) -> bool:
        """Say whether the study has its trials, counting those that still run."""
        total = self.options.max_total_trials
        return total is not None and len(counted_trials(self.study)) >= total

    def _n_threads(self) -> int:
        return (os.cpu_count() or 1) if self.options.n_jobs == -1 else self.options.n_jobs

    def _run_one_after_another(
        self, budget: _Budget, heartbeat: Heartbeat, lock: threading.Lock
    ) -> None:
        in_this_thread = self.study._thread_local
        in_this_thread.in_optimize_loop = True  # allows Study.stop
        try:
            while budget.take() and self.stop.reason() is None:
                with lock:
                    fail_stale(self.study, self.options)
                    if self.is_full() or self.study._stop_flag or self.why_stop() is not None:
                        return
                ended = self._run_trial(heartbeat)
                gc.collect()  # environments and agents hold cycles
                if ended is None:
                    budget.give_back()
                    continue
                with lock:
                    self.on_end(ended)
        finally:
            in_this_thread.in_optimize_loop = False
            self.study._storage.remove_session()

    def _run_trial(self, heartbeat: Heartbeat) -> FrozenTrial | None:
        """Run a queued or new trial; return None if it was not run or is not ours any more."""
        trial = self.study.ask()
        with heartbeat.of(trial):
            if self._is_surplus(trial):
                trial.set_user_attr(SURPLUS_ATTRIBUTE, True)
                self.study.tell(trial, state=TrialState.FAIL, skip_if_finished=True)
                return None
            state, values = self._call(trial)
            self.study.tell(trial, values, state, skip_if_finished=True)
        ended = self.study._storage.get_trial(trial._trial_id)
        if LOST_ATTRIBUTE in ended.user_attrs and ended.state == TrialState.FAIL:
            console.warn(
                f"trial {trial.number} was given up by another worker, which runs it again: "
                f"{ended.user_attrs[LOST_ATTRIBUTE]}"
            )
            return None
        if ended.user_attrs.get(INTERRUPTED_ATTRIBUTE):
            queue_again(self.study, ended)
        return ended

    def _call(
        self, trial: optuna.Trial
    ) -> tuple[TrialState | None, float | Sequence[float] | None]:
        try:
            return None, self.function(trial)
        except optuna.TrialPruned:
            return TrialState.PRUNED, None
        except KeyboardInterrupt:
            trial.set_user_attr(INTERRUPTED_ATTRIBUTE, True)
            self.stop.request("SIGINT")
        except (Exception, SystemExit) as error:
            interrupted = INTERRUPTED_ATTRIBUTE in trial.user_attrs
            if not interrupted and ERROR_ATTRIBUTE not in trial.user_attrs:
                with contextlib.suppress(UpdateFinishedTrialError):  # given up by another worker
                    keep_error(trial, error, self.options)
        return TrialState.FAIL, None

    def _is_surplus(self, trial: optuna.Trial) -> bool:
        """Say whether other workers have begun the study's last trial at the same moment."""
        total = self.options.max_total_trials
        if total is None:
            return False
        before = [other for other in counted_trials(self.study) if other.number < trial.number]
        return len(before) >= total


class _Budget:
    """Trials that the threads of this process may still run."""

    def __init__(self, left: int) -> None:
        self._left = left
        self._lock = threading.Lock()

    def take(self) -> bool:
        with self._lock:
            self._left -= 1
            return self._left >= 0

    def give_back(self) -> None:
        with self._lock:
            self._left += 1
