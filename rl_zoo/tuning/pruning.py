"""Evaluate a trial while it trains, and end it early if the pruner gives it up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecEnv, sync_envs_normalization

from rl_zoo.agents.evaluation import Evaluation
from rl_zoo.callbacks.evaluation import (
    EvaluationOnTrainEnvAction,
    EvaluationSettings,
    Evaluator,
)
from rl_zoo.callbacks.evaluation_history import EvaluationHistory
from rl_zoo.envs.guarded import find_guard
from rl_zoo.errors import TrainingInterrupted
from rl_zoo.runs.folder import RunFolder
from rl_zoo.tuning.judge import Judge

StopReason = Callable[[], str | None]
OnEvaluation = Callable[[int, float, Mapping[str, float]], None]
"""Gets number and value of an evaluation, and by how much each constraint is violated so far."""


class JudgedEvaluator(Evaluator):
    """An evaluator whose results go to the judge of the training, too.

    Args:
        agent: The agent in training.
        folder: Where best model and evaluations go, or None.
        settings: How to evaluate.
        judge: Gets every evaluation.
    """

    def __init__(
        self, agent: Any, folder: RunFolder | None, settings: EvaluationSettings, judge: Judge
    ) -> None:
        super().__init__(agent, folder, settings, EvaluationHistory())
        self.judge = judge

    def run(self, env: VecEnv, first_observations: Any = None) -> Evaluation:
        """Evaluate on ``env``, record the result and hand it to the judge."""
        evaluation = super().run(env, first_observations)
        self.judge.add(self.agent.num_timesteps, evaluation)
        return evaluation


class TrialProgress:
    """Pass on every evaluation of a training.

    Evaluations count by the share of the budget they come after, so that the pruner compares
    trials at the same age, also where one had to wait for the end of an episode or rollout.

    Args:
        on_evaluation: Told of each evaluation; may raise ``TrialPruned``.
        evaluator: Runs the evaluations.
        n_evaluations: Evaluations in all; the last one happens after training.
    """

    def __init__(
        self,
        on_evaluation: OnEvaluation | None,
        evaluator: JudgedEvaluator,
        n_evaluations: int,
    ) -> None:
        self.on_evaluation = on_evaluation
        self.evaluator = evaluator
        self.n_evaluations = n_evaluations
        self._number = 0
        self._n_judged = 0

    @property
    def number(self) -> int:
        """Return the number of the latest evaluation."""
        return self._number

    def go_on_after(self, number: int) -> None:
        """Count on after evaluation ``number`` of a training that is continued."""
        self._number, self._n_judged = number, len(self.evaluator.judge.curve)

    def is_due(self, num_timesteps: int) -> bool:
        """Say whether an evaluation during training is due."""
        return self._number_at(num_timesteps) > self._number

    def report_latest(self, *, final: bool = False) -> None:
        """Pass on the first objective after the latest evaluation, unless that was given up.

        Args:
            final: Training is over.

        Raises:
            NonFiniteError: If it is not finite.
            UnknownMeasureError: If the environment does not deliver what is asked for.
        """
        curve = self.evaluator.judge.curve
        steps = self.evaluator.agent.num_timesteps
        self._number = self.n_evaluations if final else self._number_at(steps)
        if len(curve) == self._n_judged:
            return
        self._n_judged = len(curve)
        judge = self.evaluator.judge
        value = judge.value_so_far()
        if value is not None and self.on_evaluation is not None:
            self.on_evaluation(self._number, value, judge.violations_so_far())

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
