"""Train and evaluate one configuration with one seed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import optuna
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecEnv

from rl_zoo import console
from rl_zoo.agents.backends import backend_of, tell_once
from rl_zoo.agents.build import BuildSettings, build_agent
from rl_zoo.agents.checkpoint import RestoredRun
from rl_zoo.agents.weights import has_finite_weights
from rl_zoo.callbacks.clean_stop import CleanStopCallback
from rl_zoo.callbacks.evaluation import EvaluationSettings
from rl_zoo.callbacks.registry import CALLBACKS
from rl_zoo.callbacks.safe_points import SafePointAction, safe_point_callback
from rl_zoo.config.model import RunConfig
from rl_zoo.envs.guarded import find_guard
from rl_zoo.errors import NonFiniteError, TrainingInterrupted
from rl_zoo.finite import is_finite_number
from rl_zoo.runs.folder import RunFolder
from rl_zoo.stop_signals import StopSignals
from rl_zoo.tuning.episodes import TrainingTally
from rl_zoo.tuning.judge import Judge
from rl_zoo.tuning.judgement import Judgement
from rl_zoo.tuning.measures import parse_constraints, parse_objectives
from rl_zoo.tuning.options import TuneOptions
from rl_zoo.tuning.pruning import (
    JudgedEvaluator,
    OnEvaluation,
    PruningAction,
    PruningCallback,
    TrialProgress,
    evaluate_now,
    evaluate_on_train_env,
    stop_evaluation_when,
)
from rl_zoo.tuning.trial_checkpoint import PATIENCE, PatientStop, StopAction, TrainingState
from rl_zoo.tuning.trial_environments import TrialEnvironments


@dataclass(frozen=True)
class Training:
    """One training of a study."""

    config: RunConfig
    seed: int
    folder: RunFolder | None = None
    """Where best model and evaluations go; None: nowhere."""
    on_evaluation: OnEvaluation | None = None
    """Called with the number of each evaluation (from 1 to ``options.evaluations``; numbers may be
    skipped), the first objective and violations so far; may raise ``TrialPruned``."""
    name: str = "training"
    """What messages call it, e.g. ``trial 3``."""
    checkpoint: RunFolder | None = None
    """Where it is saved if it is interrupted; None: nowhere."""
    source: RunFolder | None = None
    """Where an earlier part of it was saved, with which it goes on; None: it begins."""
    minutes: float | None = None
    """Wall time after which it is given up as too slow; None: it may take as long as it takes."""


class TooSlowError(optuna.TrialPruned):
    """A training took longer than it may."""


def train_once(
    training: Training, options: TuneOptions, environments: TrialEnvironments, stop: StopSignals
) -> Judgement:
    """Train a fresh agent, evaluate it and return its judgement.

    The environments are released afterwards, whatever happened.

    Args:
        training: What to train.
        options: The study.
        environments: Where environments come from.
        stop: Says whether the study is being stopped.

    Raises:
        NonFiniteError: If a number, or the weights, are not finite any more.
        TrainingInterrupted: If the study is being stopped.
        RobotFault: If the environment fails.
        TooSlowError: If it takes longer than it may.
        optuna.TrialPruned: If ``on_evaluation`` raises it.
    """
    try:
        return _Run(training, options, stop).run(environments)
    finally:
        environments.release()


class _Run:
    """The state of one training."""

    def __init__(self, training: Training, options: TuneOptions, stop: StopSignals) -> None:
        self.training = training
        self.config = training.config
        self.options = options
        self.stop = stop
        can_wait = training.checkpoint is not None and not options.one_robot
        self.pause = PatientStop(stop, PATIENCE if can_wait else 0.0)
        self.stopped_by_callback: str | None = None
        minutes = training.minutes
        self.deadline = math.inf if minutes is None else time.monotonic() + 60.0 * minutes

    def run(self, environments: TrialEnvironments) -> Judgement:
        """Train and evaluate."""
        options, training = self.options, self.training
        env, eval_env = environments.open(self.config, training.seed, training.name)
        guard, period = find_guard(env), control_period_of(env)
        steps_before = guard.steps
        agent = build_agent(
            self.config,
            env,
            BuildSettings(
                seed=training.seed,
                device=options.device,
                tensorboard_log=options.tensorboard_log,
                backend=options.backend,
            ),
        )
        tell_once(backend_of(agent, options.backend))
        settings = EvaluationSettings(
            frequency=max(self.config.n_timesteps // options.evaluations, 1),
            n_episodes=options.eval_episodes,
            seed=options.seed,
            announce=False,
        )
        judge = Judge(
            parse_objectives(options.objective),
            parse_constraints(options.constraints),
            self.config.env_id,
            period,
        )
        evaluator = JudgedEvaluator(agent, training.folder, settings, judge)
        progress = TrialProgress(training.on_evaluation, evaluator, options.evaluations)
        guard.stop_when(self._stop_reason)
        counter = TrainingTally(guard)
        judge.tally = counter.tally
        state = TrainingState(agent, env, evaluator, progress, counter.tally)
        restored = None if training.source is None else state.restore(training.source)
        try:
            self._learn(agent, [counter, *self._callbacks(state, eval_env, restored)])
            if eval_env is not None:
                evaluate_now(evaluator, eval_env)
            else:
                stop_evaluation_when(env, self.pause.reason)
                evaluate_on_train_env(evaluator, env)
        except TrainingInterrupted:
            state.save(training.checkpoint, training.name)
            raise
        judgement = judge.judgement(
            agent.num_timesteps, _minutes((guard.steps - steps_before) * env.num_envs, period)
        )
        progress.report_latest(final=True)
        return judgement

    def _callbacks(
        self, state: TrainingState, eval_env: VecEnv | None, restored: RestoredRun | None
    ) -> list[BaseCallback]:
        actions: list[SafePointAction] = []
        if self.training.checkpoint is not None:
            actions.append(StopAction(self.pause, self._saver(state)))
        if eval_env is None:
            actions.append(PruningAction(state.progress, state.env))
        guard = find_guard(state.env)
        callbacks: list[BaseCallback] = [safe_point_callback(state.agent, guard, actions, restored)]
        if eval_env is not None:
            callbacks.append(PruningCallback(state.progress, eval_env, self.pause.reason))
        user = [CALLBACKS.load(item.name)(**item.kwargs) for item in self.config.callbacks]
        if user:
            callbacks.append(CleanStopCallback(user, self._stop_by_callback))
        return callbacks

    def _saver(self, state: TrainingState) -> Callable[[], object]:
        return lambda: state.save(self.training.checkpoint, self.training.name)

    def _learn(self, agent: BaseAlgorithm, callbacks: list[BaseCallback]) -> None:
        try:
            agent.learn(
                self.config.n_timesteps - agent.num_timesteps,
                callback=callbacks,
                reset_num_timesteps=self.training.source is None,
            )
        except TrainingInterrupted as error:
            stopped = self.stop.reason() or self.stopped_by_callback
            if stopped is None and self._is_too_slow():
                raise TooSlowError(f"slower than {self.training.minutes:g} min") from error
            if self.stop.reason() is not None or self.stopped_by_callback is None:
                raise
        except (optuna.TrialPruned, NonFiniteError):
            raise
        except Exception as error:
            if not has_finite_weights(agent):
                raise NonFiniteError("the policy's weights are not finite any more") from error
            raise
        if not has_finite_weights(agent):
            raise NonFiniteError("the policy's weights are not finite any more")

    def _stop_reason(self) -> str | None:
        stopped = self.pause.reason() or self.stopped_by_callback
        return stopped or ("too slow" if self._is_too_slow() else None)

    def _is_too_slow(self) -> bool:
        return time.monotonic() > self.deadline

    def _stop_by_callback(self, reason: str) -> None:
        console.message(f"{self.training.name}: {reason}")
        self.stopped_by_callback = reason


def control_period_of(env: VecEnv) -> float | None:
    """Return the duration of a step in s, None if the environment does not tell it (``dt``)."""
    period = env.get_attr("dt", 0)[0] if env.has_attr("dt") else None
    return float(period) if is_finite_number(period) and period > 0 else None


def _minutes(n_steps: int, control_period: float | None) -> float | None:
    return None if control_period is None else n_steps * control_period / 60.0
