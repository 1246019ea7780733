"""What a person sees of a running study: one line per trial, and a bar on a terminal."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from rl_zoo import console
from rl_zoo.tuning.attributes import (
    ENTRY_ATTRIBUTE,
    ERROR_ATTRIBUTE,
    INTERRUPTED_ATTRIBUTE,
    LOST_ATTRIBUTE,
    SURPLUS_ATTRIBUTE,
)
from rl_zoo.tuning.failures import is_failure
from rl_zoo.tuning.ranking import is_feasible, pareto_front, ranked
from rl_zoo.tuning.standing import OF_TRIAL_ATTRIBUTE

if TYPE_CHECKING:
    from typing_extensions import Self

    from rl_zoo.tuning.options import TuneOptions

_BAR_WIDTH = 24


@dataclass(frozen=True)
class Snapshot:
    """Where a study stands."""

    done: int
    pruned: int
    failed: int
    running: int
    best: str
    """The best value so far and its trial, in words."""

    @property
    def finished(self) -> int:
        """Trials that have ended."""
        return self.done + self.pruned + self.failed

    def text(self) -> str:
        """Return it in one line."""
        running = f", {self.running} running" if self.running else ""
        return f"{self.best}; {self.done} done, {self.pruned} pruned, {self.failed} failed{running}"


def take_snapshot(study: optuna.Study) -> Snapshot:
    """Read where ``study`` stands from its storage; what was interrupted or lost is not counted."""
    trials = study.get_trials(deepcopy=False)
    states = Counter(trial.state for trial in trials)
    return Snapshot(
        done=states[TrialState.COMPLETE],
        pruned=states[TrialState.PRUNED],
        failed=sum(map(is_failure, trials)),
        running=states[TrialState.RUNNING],
        best=_best_text(study),
    )


def outcome(trial: FrozenTrial) -> str:
    """Return in a few words how ``trial`` ended."""
    error = trial.user_attrs.get(ERROR_ATTRIBUTE)
    if trial.state == TrialState.COMPLETE:
        own = " with the configuration's own values" if ENTRY_ATTRIBUTE in trial.user_attrs else ""
        broken = "" if is_feasible(trial) else ", violates a constraint"
        return f"{values_text(trial.values)}{own}{broken}"
    if trial.user_attrs.get(INTERRUPTED_ATTRIBUTE):
        return "interrupted"
    if trial.state == TrialState.PRUNED:
        last = next(reversed(trial.intermediate_values.values()), None)
        at = "" if last is None else f" at {last:.2f}"
        return f"pruned ({error})" if error else f"pruned{at}"
    if trial.user_attrs.get(SURPLUS_ATTRIBUTE):
        return "not run: the study was full"
    lost = trial.user_attrs.get(LOST_ATTRIBUTE)
    return f"failed ({error})" if lost is None else f"lost ({lost})"


def values_text(values: Any) -> str:
    """Return the objectives' values as a person reads them."""
    return ", ".join(f"{value:.2f}" if abs(value) < 1e5 else f"{value:.3g}" for value in values)


def duration_text(seconds: float) -> str:
    """Return a duration as ``42 s``, ``3:07 min`` or ``2:30 h``."""
    whole = max(round(seconds), 0)
    if whole < 100:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 100:
        return f"{minutes}:{rest:02d} min"
    return f"{minutes // 60}:{minutes % 60:02d} h"


class StudyDisplay:
    """Tell how trials end; on a terminal, show a bar below what is told. Use as a context.

    Threads may share it.

    Args:
        options: The study.
        n_trials: Trials that are going to end while it is shown.
        live: Show a bar; None: if stderr is a terminal.
    """

    def __init__(self, options: TuneOptions, n_trials: int, *, live: bool | None = None) -> None:
        self.options = options
        self._total = n_trials
        self._ended = 0
        self._phase = "trials"
        self._text = ""
        self._lock = threading.RLock()
        self._started = time.monotonic()
        self._phase_started = self._started
        self._last_end = self._started
        self._bar: Any = None
        if live is None:
            live = console.use_color(sys.stderr) and sys.stderr.isatty()
        if live and not options.is_worker:
            self._bar = _make_bar(self._status)

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def trial_ended(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Tell how a trial of this process ended."""
        with self._lock:
            self._ended += 1
            self._last_end = time.monotonic()
            self._total = max(self._total, self._ended)  # trials that others lost come on top
            self._update(take_snapshot(study).text())
            told = f"trial {trial.number} ({self._ended} of {self._total}): {outcome(trial)}"
            self._tell(told, self._text)

    def refresh(self, study: optuna.Study, n_before: int = 0) -> None:
        """Show where a study stands that other processes run; tell of new ends.

        Args:
            study: The study.
            n_before: Trials that had ended before they began.
        """
        with self._lock:
            snapshot = take_snapshot(study)
            ended = max(snapshot.finished - n_before, 0)
            is_new = ended > self._ended
            self._ended = ended
            if is_new:
                self._last_end = time.monotonic()
            self._update(snapshot.text())
            if is_new and self._bar is None:
                console.message(f"{ended} of {self._total} trials: {self._text}; {self._elapsed()}")

    def begin_reevaluation(self, fresh: optuna.Study, n_jobs: int) -> None:
        """Tell that the best trials are trained again from now on.

        Args:
            fresh: The study of re-evaluations.
            n_jobs: How many there are to be.
        """
        with self._lock:
            self._phase = "re-evaluations"
            self._total, self._ended = n_jobs, _n_complete(fresh)
            self._phase_started = self._last_end = time.monotonic()
            self._update("training the best trials again on fresh seeds")
            if self._ended < n_jobs:
                console.message(
                    "training the best trials again on fresh seeds: "
                    f"{n_jobs - self._ended} re-evaluations"
                )

    def reevaluation_ended(self, fresh: optuna.Study, item: FrozenTrial) -> None:
        """Tell how a re-evaluation of this process ended."""
        with self._lock:
            self._ended = min(_n_complete(fresh), self._total)
            self._last_end = time.monotonic()
            number = item.user_attrs.get(OF_TRIAL_ATTRIBUTE)
            told = f"re-evaluation of trial {number} ({self._ended} of {self._total}): "
            self._tell(told + outcome(item), "")

    def _tell(self, told: str, standing: str) -> None:
        rest = "" if self._bar is not None or not standing else f"; {standing}"
        console.message(f"{told}{rest}; {self._elapsed()}")

    def _elapsed(self) -> str:
        return duration_text(time.monotonic() - self._started)

    def _update(self, text: str) -> None:
        self._text = text
        if self._bar is not None:
            self._bar.refresh()

    def _status(self) -> tuple[float, str]:
        """Return the share done and the text beside the bar."""
        now = time.monotonic()
        share = min(self._ended / self._total, 1.0) if self._total else 0.0
        left = ""
        if 0.0 < share < 1.0 and self._last_end > self._phase_started:
            each = (self._last_end - self._phase_started) / self._ended
            seconds = each * (self._total - self._ended) - (now - self._last_end)
            left = f", about {duration_text(max(seconds, 0.0))} left"
        text = (
            f"{self._ended} of {self._total} {self._phase}, "
            f"{duration_text(now - self._started)}{left}; {self._text}"
        )
        return share, text


class _Line:
    """The bar and the text beside it, made anew whenever the terminal is drawn."""

    def __init__(self, status: Any) -> None:
        self.status = status

    def __rich_console__(self, terminal: Any, options: Any) -> Any:
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        share, text = self.status()
        grid = Table.grid(padding=(0, 1))
        grid.add_row(
            ProgressBar(total=1.0, completed=share, width=_BAR_WIDTH),
            Text(text, overflow="ellipsis", no_wrap=True),
        )
        yield grid


def _make_bar(status: Any) -> Any:
    from rich.console import Console
    from rich.live import Live

    terminal = Console(stderr=True)
    # Whatever is printed meanwhile, by whatever thread, appears above the bar.
    return Live(_Line(status), console=terminal, refresh_per_second=4, transient=True)


def _best_text(study: optuna.Study) -> str:
    if len(study.directions) > 1:
        n_front = len(pareto_front(study))
        return f"Pareto front of {n_front} trial{'' if n_front == 1 else 's'}"
    best = next((trial for trial in ranked(study) if is_feasible(trial)), None)
    if best is None:
        return "best none yet"
    return f"best {values_text(best.values)} (trial {best.number})"


def _n_complete(study: optuna.Study) -> int:
    return len(study.get_trials(deepcopy=False, states=[TrialState.COMPLETE]))
