"""Evaluate a trial while it trains, and end it early if the pruner gives it up."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import optuna
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecEnv, sync_envs_normalization

from rl_zoo.callbacks.evaluation import EvaluationOnTrainEnvAction, Evaluator
from rl_zoo.envs.guarded import find_guard
from rl_zoo.errors import NonFiniteError, TrainingInterrupted

StopReason = Callable[[], str | None]


class TrialProgress:
    """Report every evaluation of a trial to the study.

    Evaluations count by the share of the budget they come after, so that the pruner compares
    trials at the same age, also where one had to wait for the end of an episode or rollout.

    Args:
        trial: The trial.
        evaluator: Runs the evaluations.
        n_evaluations: Evaluations in all; the last one happens after training.
    """

    def __init__(self, trial: optuna.Trial, evaluator: Evaluator, n_evaluations: int) -> None:
        self.trial = trial
        self.evaluator = evaluator
        self.n_evaluations = n_evaluations
        self._number = 0

    def is_due(self, num_timesteps: int) -> bool:
        """Say whether an evaluation during training is due."""
        return self._number_at(num_timesteps) > self._number

    def report_latest(self, *, final: bool = False) -> float:
        """Report the mean return of the latest evaluation under its number, and return it.

        Args:
            final: Training is over.

        Raises:
            NonFiniteError: If it is not finite.
        """
        mean = float(np.mean(self.evaluator.history.results[-1]))
        if not math.isfinite(mean):
            raise NonFiniteError(f"the mean return of an evaluation is {mean}")
        steps = self.evaluator.history.timesteps[-1]
        self._number = self.n_evaluations if final else self._number_at(steps)
        self.trial.report(mean, self._number)
        return mean

    def prune_if_hopeless(self) -> None:
        """Raise TrialPruned if the pruner gives the trial up."""
        if self.trial.should_prune():
            raise optuna.TrialPruned(
                f"at evaluation {self._number} of {self.n_evaluations}: worse than the others"
            )

    def _number_at(self, num_timesteps: int) -> int:
        passed = num_timesteps // self.evaluator.settings.frequency
        return min(passed, self.n_evaluations - 1)


class PruningCallback(BaseCallback):
    """Evaluate on an environment of its own.

    Args:
        progress: Where results go.
        env: The evaluation stack.
        stop_reason: Says why training is to stop; an evaluation under way is then abandoned.
    """

    def __init__(self, progress: TrialProgress, env: VecEnv, stop_reason: StopReason) -> None:
        super().__init__()
        self.progress = progress
        self.env = env
        stop_evaluation_when(env, stop_reason)

    def _on_step(self) -> bool:
        if self.progress.is_due(self.num_timesteps):
            evaluate_now(self.progress.evaluator, self.env)
            self.progress.report_latest()
            self.progress.prune_if_hopeless()
        return True


class PruningAction(EvaluationOnTrainEnvAction):
    """Evaluate between episodes on the training environment, for a robot there is one of.

    Args:
        progress: Where results go.
        env: The training stack.
    """

    def __init__(self, progress: TrialProgress, env: VecEnv) -> None:
        super().__init__(progress.evaluator, env)
        self.progress = progress

    def is_due(self, num_timesteps: int) -> bool:
        """Say whether an evaluation is due."""
        return self.progress.is_due(num_timesteps)

    def run(self) -> None:
        """Evaluate, report, and hand the fresh episode to the agent."""
        super().run()
        self.progress.report_latest()
        self.progress.prune_if_hopeless()


def evaluate_now(evaluator: Evaluator, env: VecEnv) -> None:
    """Evaluate on an environment of its own, from the same episodes in every trial."""
    agent = evaluator.agent
    training_env: Any = agent.get_env()
    if agent.get_vec_normalize_env() is not None:
        sync_envs_normalization(training_env, env)
    env.seed(evaluator.settings.seed)
    evaluator.run(env)


def evaluate_on_train_env(evaluator: Evaluator, env: VecEnv) -> None:
    """Evaluate on the training environment when training is over."""
    normalizer = evaluator.agent.get_vec_normalize_env()
    if normalizer is not None:
        normalizer.training, normalizer.norm_reward = False, False
    env.env_method("pause_recording")
    evaluator.run(env)


def stop_evaluation_when(env: VecEnv, stop_reason: StopReason) -> None:
    """Abandon an evaluation on ``env`` at the next step once there is a reason to stop."""

    def stop_now() -> str | None:
        reason = stop_reason()
        if reason is not None:
            raise TrainingInterrupted(reason)
        return None

    find_guard(env).stop_when(stop_now)
