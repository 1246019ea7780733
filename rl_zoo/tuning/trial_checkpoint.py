"""Save a training that is being stopped, and go on with it later, here or in another process."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.vec_env import VecEnv

from rl_zoo import console
from rl_zoo.agents.checkpoint import RestoredRun, restore_checkpoint, save_checkpoint
from rl_zoo.agents.normalizer_file import load_normalizer
from rl_zoo.agents.weights import has_finite_weights
from rl_zoo.callbacks.evaluation_history import EvaluationHistory
from rl_zoo.envs.guarded import find_guard, layer_of
from rl_zoo.envs.normalize import RawTerminalVecNormalize
from rl_zoo.errors import TrainingInterrupted
from rl_zoo.runs.checkpoints import latest_resumable
from rl_zoo.runs.folder import RunFolder
from rl_zoo.stop_signals import StopSignals
from rl_zoo.tuning.episodes import EpisodeTally
from rl_zoo.tuning.pruning import JudgedEvaluator, TrialProgress

PATIENCE = 10.0
"""Seconds that a training may take, once a stop is requested, to reach the end of an episode."""


class PatientStop:
    """A requested stop that waits for a point from which training can go on exactly.

    Args:
        stop: The request.
        patience: Seconds from the request until it is obeyed at any step; 0: at once.
    """

    def __init__(self, stop: StopSignals, patience: float) -> None:
        self._stop = stop
        self._patience = patience
        self._since: float | None = None

    def requested(self) -> str | None:
        """Return why a stop was requested, or None."""
        return self._stop.reason()

    def reason(self) -> str | None:
        """Return why training must stop at its next step, None while it may go on."""
        reason = self._stop.reason()
        if reason is None:
            return None
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        return reason if now - self._since >= self._patience else None


class StopAction:
    """A safe-point action that saves and stops the training, if that is requested.

    Args:
        stop: The request.
        save: Saves the training.
    """

    reason = "interrupted"

    def __init__(self, stop: PatientStop, save: Callable[[], object]) -> None:
        self._stop = stop
        self._save = save

    def is_due(self, num_timesteps: int) -> bool:
        """Say whether a stop is requested."""
        return self._stop.requested() is not None

    def run(self) -> None:
        """Save and stop.

        Raises:
            TrainingInterrupted: Always.
        """
        self._save()
        raise TrainingInterrupted(self._stop.requested() or self.reason)


@dataclass(frozen=True)
class TrainingState:
    """Everything that decides how a training goes on and what it is judged by."""

    agent: BaseAlgorithm
    env: VecEnv
    evaluator: JudgedEvaluator
    progress: TrialProgress
    tally: EpisodeTally

    def save(self, folder: RunFolder | None, name: str) -> bool:
        """Write a complete checkpoint; say whether there is one now.

        Args:
            folder: Where, None: nowhere.
            name: What the message calls the training.
        """
        if folder is None or self.agent.num_timesteps == 0 or not has_finite_weights(self.agent):
            return False
        extra = {
            "evaluations": asdict(self.evaluator.history),
            "curve": [[step, dict(row)] for step, row in self.evaluator.judge.curve],
            "tally": self.tally.state(),
            "number": self.progress.number,
            "steps": find_guard(self.env).steps,
        }
        try:
            folder.path.mkdir(parents=True, exist_ok=True)
            if folder.checkpoint_manifest(self.agent.num_timesteps).is_file():
                return True  # it was saved when it reached a safe point
            steps = save_checkpoint(folder, self.agent, self.env, extra)
        except OSError as error:
            console.warn(f"{name} could not be saved: {error.strerror or error}; it starts anew")
            return False
        console.message(f"{name} is saved at step {steps}")
        return True

    def restore(self, folder: RunFolder) -> RestoredRun:
        """Take over the newest checkpoint in ``folder``; the environments are reset.

        Raises:
            DamagedFileError: If it does not fit the agent.
            UnsafeFileError: If its statistics would execute code.
            NothingFoundError: If there is none.
        """
        steps = latest_resumable(folder)
        normalizer = layer_of(self.env, RawTerminalVecNormalize)
        if normalizer is not None:
            normalizer.adopt(load_normalizer(folder.checkpoint_normalizer(steps)))
        restored = restore_checkpoint(folder, steps, self.agent, self.env)
        extra: dict[str, Any] = restored.extra
        self.evaluator.history = EvaluationHistory(**extra["evaluations"])
        self.evaluator.judge.curve[:] = [(step, row) for step, row in extra["curve"]]
        self.tally.restore(extra["tally"])
        self.progress.go_on_after(extra["number"])
        find_guard(self.env).steps = extra["steps"]
        return restored
