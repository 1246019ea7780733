"""Evaluate while training: on a separate environment, or between episodes on the training one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecEnv, sync_envs_normalization

from rl_zoo import console
from rl_zoo.agents.episode_start import begin_episodes, frozen_normalizer
from rl_zoo.agents.evaluation import (
    Evaluation,
    EvaluationGivenUp,
    EvaluationInterrupted,
    evaluate,
    evaluate_running,
)
from rl_zoo.agents.weights import save_agent
from rl_zoo.callbacks.episode_metrics import excluded_from
from rl_zoo.callbacks.evaluation_history import EvaluationHistory
from rl_zoo.envs.guarded import find_guard
from rl_zoo.errors import RobotFault, TrainingInterrupted
from rl_zoo.runs.atomic import write_text
from rl_zoo.runs.folder import RunFolder
from rl_zoo.wrappers.episode_metrics import mean_metrics

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm

MAX_STEPS_PER_EPISODE = 50_000
"""An evaluation is given up after this many steps per episode asked for."""


@dataclass(frozen=True)
class EvaluationSettings:
    """How a run evaluates."""

    frequency: int
    """Environment steps between evaluations; zero or negative: never."""
    n_episodes: int = 5
    deterministic: bool = True
    seed: int = 0
    """Every evaluation starts from episodes drawn with this seed and the step it happens at."""
    announce: bool = True
    """Write a line about every evaluation."""


class Evaluator:
    """Run one evaluation and keep its results: history, best model, log.

    Args:
        agent: The agent in training.
        folder: The run, or None to keep nothing on disk.
        settings: How to evaluate.
        history: Results so far.
        on_baseline: Evaluate once before any learning, and call this with the result.
    """

    def __init__(
        self,
        agent: BaseAlgorithm,
        folder: RunFolder | None,
        settings: EvaluationSettings,
        history: EvaluationHistory,
        on_baseline: Callable[[Evaluation], None] | None = None,
    ) -> None:
        self.agent = agent
        self.folder = folder
        self.settings = settings
        self.history = history
        self.on_baseline = on_baseline
        self.gave_up = False

    def is_due(self, num_timesteps: int) -> bool:
        """Say whether an evaluation is due."""
        frequency = self.settings.frequency
        if self.gave_up or frequency <= 0:
            return False
        return self.on_baseline is not None or num_timesteps - self.history.last_step >= frequency

    def run(self, env: VecEnv, first_observations: Any = None) -> Evaluation:
        """Evaluate on ``env`` and record the result."""
        self.history.last_step = self.agent.num_timesteps
        on_baseline, self.on_baseline = self.on_baseline, None
        settings = self.settings
        limits: dict[str, Any] = {
            "deterministic": settings.deterministic,
            "max_steps": MAX_STEPS_PER_EPISODE * settings.n_episodes,
        }
        if first_observations is None:
            evaluation = evaluate(self.agent, env, settings.n_episodes, **limits)
        else:
            evaluation = evaluate_running(
                self.agent, env, first_observations, settings.n_episodes, **limits
            )
        self._record(evaluation)
        if on_baseline is not None:
            on_baseline(evaluation)
        return evaluation

    def give_up(self, error: EvaluationGivenUp) -> None:
        """Evaluate no more in this session, unless the next evaluation may end."""
        if isinstance(error, EvaluationInterrupted):
            console.warn(f"{error}; training goes on")
            return
        self.gave_up = True
        console.warn(f"{error}; no more evaluations in this session")

    def _record(self, evaluation: Evaluation) -> None:
        steps = self.agent.num_timesteps
        is_best = self.history.add(steps, evaluation)
        self._log(evaluation)
        best = " (best so far)" if is_best else ""
        if self.settings.announce:
            console.message(
                f"Evaluation at step {steps}: return {evaluation.mean_return:.2f} +/- "
                f"{evaluation.std_return:.2f}, length {np.mean(evaluation.lengths):.1f} "
                f"(n={len(evaluation.returns)}){best}"
            )
        if self.folder is None:
            return
        try:
            self.history.write(self.folder)
            if is_best:
                self._save_best(self.folder, evaluation)
        except OSError as error:
            console.warn(f"evaluation results not saved: {error.strerror or error}")

    def _log(self, evaluation: Evaluation) -> None:
        logger = self.agent.logger
        logger.record("eval/mean_reward", evaluation.mean_return)
        logger.record("eval/mean_ep_length", float(np.mean(evaluation.lengths)))
        if evaluation.successes is not None:
            logger.record("eval/success_rate", float(np.mean(evaluation.successes)))
        for name, value in mean_metrics(evaluation.metrics).items():
            logger.record(f"eval/{name}", value, exclude=excluded_from(name))
        logger.record("time/total_timesteps", self.agent.num_timesteps, exclude="tensorboard")
        logger.dump(self.agent.num_timesteps)

    def _save_best(self, folder: RunFolder, evaluation: Evaluation) -> None:
        save_agent(self.agent, folder.best_model, folder.best_normalizer)
        content = {"steps": self.agent.num_timesteps, "mean_return": evaluation.mean_return}
        write_text(folder.best_record, json.dumps(content) + "\n")


class EvaluationCallback(BaseCallback):
    """Evaluate on a separate environment.

    Args:
        evaluator: What to run.
        env: The evaluation stack.
        stop_reason: Says whether the run is being stopped; an evaluation under way is then
            abandoned.
    """

    def __init__(
        self, evaluator: Evaluator, env: VecEnv, stop_reason: Callable[[], str | None]
    ) -> None:
        super().__init__()
        self.evaluator = evaluator
        self.env = env
        self.stop_reason = stop_reason
        find_guard(env).stop_when(self._stop_now)

    def _on_training_start(self) -> None:
        if self.evaluator.on_baseline is not None:
            self._on_step()

    def _on_step(self) -> bool:
        if not self.evaluator.is_due(self.num_timesteps):
            return True
        # Before any learning the statistics are the old policy's, without the first observation.
        is_baseline = self.evaluator.on_baseline is not None
        if self.model.get_vec_normalize_env() is not None and not is_baseline:
            sync_envs_normalization(self.training_env, self.env)
        self.env.seed(self.evaluator.settings.seed + self.num_timesteps)
        try:
            self.evaluator.run(self.env)
        except TrainingInterrupted:
            console.message("Evaluation abandoned.")
        except EvaluationGivenUp as error:
            self.evaluator.give_up(error)
        except RobotFault as error:
            console.warn(f"evaluation at step {self.num_timesteps} failed: {error}")
        return True

    def _stop_now(self) -> str | None:
        reason = self.stop_reason()
        if reason is not None:
            raise TrainingInterrupted(reason)
        return None


class EvaluationOnTrainEnvAction:
    """A safe-point action that evaluates on the training environment, for a single robot.

    Evaluation episodes are not written to the monitor file and do not change the normaliser;
    training goes on with the episode that begins after the last of them.
    """

    reason = "evaluation"

    def __init__(self, evaluator: Evaluator, env: VecEnv) -> None:
        self.evaluator = evaluator
        self.env = env

    def is_due(self, num_timesteps: int) -> bool:
        """Say whether an evaluation is due."""
        return self.evaluator.is_due(num_timesteps)

    def run(self) -> None:
        """Evaluate, then hand the fresh episode to the agent."""
        agent = self.evaluator.agent
        observations: Any = agent._last_obs
        self.env.env_method("pause_recording")
        try:
            with frozen_normalizer(agent):
                try:
                    evaluation = self.evaluator.run(self.env, first_observations=observations)
                    observations = evaluation.last_observations
                except EvaluationGivenUp as error:
                    self.evaluator.give_up(error)
                if not find_guard(self.env).all_episodes_over:
                    observations = self.env.reset()
        finally:
            self.env.env_method("resume_recording")
        begin_episodes(agent, observations)
