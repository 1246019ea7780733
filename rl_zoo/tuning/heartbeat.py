"""Signs of life of the trials that this process runs."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages._heartbeat import BaseHeartbeat, is_heartbeat_enabled

from rl_zoo.tuning.process import this_process

if TYPE_CHECKING:
    from typing_extensions import Self

HEARTBEAT_SECONDS = 20.0
PROCESS_ATTRIBUTE = "rl_zoo:process"
"""System attribute of a trial: the process that runs it."""
ALIVE_ATTRIBUTE = "rl_zoo:alive"
"""System attribute of a trial: a number that grows while it runs."""


class Heartbeat:
    """Sign the trials of this process, at once and every 20 seconds, while active.

    Databases get Optuna's own heartbeat, which goes by the server's clock. In the other storages a
    number grows, and whoever watches goes by his own clock: clocks of machines may differ. Unlike
    Optuna's thread, this one goes on after an error of the storage: a server that was away for a
    moment costs no trial.

    Args:
        study: The study; its storage is used from a thread of its own.
        on_beat: Called by that thread after each sign.
    """

    def __init__(self, study: optuna.Study, on_beat: Callable[[], object] = lambda: None) -> None:
        self._storage = study._storage
        self._on_beat = on_beat
        self._trials: set[int] = set()
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over.set()
        self._thread.join(timeout=HEARTBEAT_SECONDS)

    @contextlib.contextmanager
    def of(self, trial: optuna.Trial) -> Iterator[None]:
        """Sign ``trial`` meanwhile."""
        identity = trial._trial_id
        self._storage.set_trial_system_attr(identity, PROCESS_ATTRIBUTE, str(this_process()))
        self._sign(identity, 0)
        with self._lock:
            self._trials.add(identity)
        try:
            yield
        finally:
            with self._lock:
                self._trials.discard(identity)

    def _beat(self) -> None:
        number = 0
        while not self._is_over.wait(HEARTBEAT_SECONDS):
            number += 1
            with self._lock:
                trials = sorted(self._trials)
            for identity in trials:
                # The storage may be away, or another worker have given the trial up: the trial
                # itself meets that when it reports.
                with contextlib.suppress(Exception):
                    self._sign(identity, number)
            with contextlib.suppress(Exception):  # whoever asks in the other threads is told
                self._on_beat()
        self._storage.remove_session()

    def _sign(self, identity: int, number: int) -> None:
        if is_heartbeat_enabled(self._storage):
            assert isinstance(self._storage, BaseHeartbeat)
            self._storage.record_heartbeat(identity)
        elif number > 0:
            with contextlib.suppress(UpdateFinishedTrialError):  # it ended at this moment
                self._storage.set_trial_system_attr(identity, ALIVE_ATTRIBUTE, number)
