"""The models of evaluations: the learner writes each, and the best of them is kept."""

from __future__ import annotations

import json
import math
import time
from dataclasses import dataclass

from rl_zoo import console
from rl_zoo.runs.atomic import write_text
from rl_zoo.runs.folder import RunFolder

PATIENCE = 30.0
"""Seconds that the learner has to write the model of an evaluation that is over."""


@dataclass(frozen=True)
class _Waiting:
    number: int
    step: int
    best_mean: float | None
    """Mean return if it is the best so far."""
    until: float


class Candidates:
    """Decides about the model of each evaluation once it is written.

    Args:
        folder: The run.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._waiting: list[_Waiting] = []

    def add(self, number: int, step: int, best_mean: float | None) -> None:
        """Take note of an evaluation.

        Args:
            number: Of the evaluation.
            step: Transitions stored before it.
            best_mean: Its mean return if that is the best so far, else None.
        """
        self._waiting.append(_Waiting(number, step, best_mean, time.monotonic() + PATIENCE))

    def settle(self, *, is_over: bool = False) -> bool:
        """Keep or delete the models that are there by now; return whether the best one is lost.

        Args:
            is_over: Whether no more of them will be written.
        """
        is_lost = False
        for item in list(self._waiting):
            if self._folder.candidate_model(item.number).is_file():
                self._decide(item)
            elif not is_over and time.monotonic() < item.until:
                continue
            elif item.best_mean is not None:
                is_lost = True
                console.warn(
                    f"the best model so far, of step {item.step}, was not saved by the learner"
                )
            self._waiting.remove(item)
        return is_lost

    def saved_mean(self) -> float:
        """Return the mean return of the best model that is on disk; -inf if there is none."""
        try:
            return float(json.loads(self._folder.best_record.read_text())["mean_return"])
        except (OSError, ValueError, KeyError, TypeError):
            return -math.inf

    def _decide(self, item: _Waiting) -> None:
        folder = self._folder
        model, normalizer = (
            folder.candidate_model(item.number),
            folder.candidate_normalizer(item.number),
        )
        try:
            if item.best_mean is not None:
                if normalizer.is_file():
                    normalizer.replace(folder.best_normalizer)
                model.replace(folder.best_model)
                content = {"steps": item.step, "mean_return": item.best_mean}
                write_text(folder.best_record, json.dumps(content) + "\n")
            model.unlink(missing_ok=True)
            normalizer.unlink(missing_ok=True)
        except OSError as error:
            console.warn(f"{folder.best_model}: not saved ({error.strerror or error})")
