"""When a real-time run evaluates and saves."""

from __future__ import annotations

import time
from typing import Any

from rl_zoo.realtime.preparation import OpenedRun
from rl_zoo.realtime.run_books import RunBooks
from rl_zoo.train_options import TrainOptions

CHECKPOINT_PERIOD = 120.0
"""Seconds after which a checkpoint is due however few the steps: a learner that dies has to do the
updates after it again."""
_LAST_EVALUATION_EARLY = 0.05
"""Of the steps between two evaluations: how early one that is due at the very end is asked for."""


class Requests:
    """Asks the actor for evaluations and the learner for checkpoints, through the board.

    Args:
        options: How often.
        books: Knows which evaluations are over.
        part: Of the supervisor on the board.
        run: Where the run stands.
    """

    def __init__(self, options: TrainOptions, books: RunBooks, part: Any, run: OpenedRun) -> None:
        self._options, self._books, self._part = options, books, part
        self._last_checkpoint, self._last_time = run.n_rows, time.monotonic()

    def ask(self, n_rows: int, policy_version: int) -> None:
        """Ask for what is due.

        Args:
            n_rows: Transitions stored.
            policy_version: Of the policy that acts; 0: none yet, there is nothing to evaluate.
        """
        if policy_version > 0 and self._is_evaluation_due(n_rows):
            self._part["evaluation"] += 1
        if self._is_checkpoint_due(n_rows):
            self._last_checkpoint, self._last_time = n_rows, time.monotonic()
            self._part["checkpoint"] += 1

    def _is_checkpoint_due(self, n_rows: int) -> bool:
        frequency, n_new = self._options.save_freq, n_rows - self._last_checkpoint
        # The one at the very end is part of the final files.
        if frequency <= 0 or n_new == 0 or n_rows >= self._options.config.n_timesteps:
            return False
        return n_new >= frequency or time.monotonic() - self._last_time >= CHECKPOINT_PERIOD

    def _is_evaluation_due(self, n_rows: int) -> bool:
        frequency, books = self._options.eval_freq, self._books
        if frequency <= 0 or books.gave_up_evaluating:
            return False
        if int(self._part["evaluation"]) > books.evaluation:  # one is under way
            return False
        budget, last_step = self._options.config.n_timesteps, books.history.last_step
        due = (last_step // frequency + 1) * frequency
        early = budget - int(_LAST_EVALUATION_EARLY * frequency)
        if due == budget and last_step < early:  # the actor will not be there afterwards
            due = early
        return n_rows >= due and due < budget
