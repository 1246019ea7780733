"""One trial: a configuration with sampled values, a fresh agent, its last evaluation."""

from __future__ import annotations

import contextlib
import os
import socket
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecEnv

from rl_zoo import console
from rl_zoo.agents.build import BuildSettings, build_agent
from rl_zoo.agents.weights import has_finite_weights
from rl_zoo.callbacks.clean_stop import CleanStopCallback
from rl_zoo.callbacks.evaluation import EvaluationHistory, EvaluationSettings, Evaluator
from rl_zoo.callbacks.registry import CALLBACKS
from rl_zoo.callbacks.safe_points import safe_point_callback
from rl_zoo.config.model import RunConfig
from rl_zoo.config.yaml import dump_yaml
from rl_zoo.envs.guarded import find_guard
from rl_zoo.envs.stack import StackSettings, make_vec_env
from rl_zoo.errors import NonFiniteError, RobotFault, TrainingInterrupted
from rl_zoo.runs.atomic import write_text
from rl_zoo.runs.folder import RunFolder, file_name_of
from rl_zoo.stop_signals import StopSignals
from rl_zoo.tuning.load_trial import VALUES_ATTRIBUTE
from rl_zoo.tuning.options import TuneOptions
from rl_zoo.tuning.pruning import (
    PruningAction,
    PruningCallback,
    TrialProgress,
    evaluate_now,
    evaluate_on_train_env,
    stop_evaluation_when,
)
from rl_zoo.tuning.sampling import trial_seed
from rl_zoo.tuning.values import space_of, suggest, to_config_values
from rl_zoo.wrappers.fault_report import describe

ENTRY_ATTRIBUTE = "entry"
"""Of a trial that trains the configuration's own values."""
ERROR_ATTRIBUTE = "error"
FAULT_ATTRIBUTE = "robot_fault"
INTERRUPTED_ATTRIBUTE = "interrupted"


class Objective:
    """Train and judge one trial; its value is the mean return of the evaluation after training.

    Args:
        options: The study.
        stop: Says whether the study is being stopped.
    """

    def __init__(self, options: TuneOptions, stop: StopSignals) -> None:
        self.options = options
        self.stop = stop
        self.space = space_of(options.config, tuple(options.fixed))

    def __call__(self, trial: optuna.Trial) -> float:
        """Run ``trial``.

        Raises:
            TrialPruned: If the pruner gives it up or a number is not finite.
            TrainingInterrupted: If the study is being stopped; the trial is queued again.
        """
        sampled = suggest(self.space, trial)
        config_values: Mapping[str, Any] = {}
        if trial.number == 0:
            trial.set_user_attr(ENTRY_ATTRIBUTE, True)
        if ENTRY_ATTRIBUTE not in trial.user_attrs:
            n_envs = self.options.config.n_envs
            config_values = to_config_values(self.space, sampled, n_envs)
        trial.set_user_attr(VALUES_ATTRIBUTE, {**self.options.fixed, **config_values})
        trial.set_user_attr("seed", trial_seed(self.options.seed, trial.number))
        trial.set_user_attr("worker", f"{socket.gethostname()}:{os.getpid()}")
        try:
            return self._run(trial, self.options.resolve(config_values))
        except optuna.TrialPruned:
            raise
        except NonFiniteError as error:
            trial.set_user_attr(ERROR_ATTRIBUTE, str(error))
            raise optuna.TrialPruned(str(error)) from error
        except (TrainingInterrupted, KeyboardInterrupt) as error:
            trial.set_user_attr(INTERRUPTED_ATTRIBUTE, True)
            raise TrainingInterrupted(str(error)) from error
        except Exception as error:
            self._keep_error(trial, error)
            raise

    def _run(self, trial: optuna.Trial, config: RunConfig) -> float:
        folder = self._open_folder(trial, config)
        opened: list[VecEnv] = []
        try:
            return _Trial(trial, config, self.options, self.stop).run(folder, opened)
        finally:
            for env in opened:
                with contextlib.suppress(Exception):  # a dead worker must not hide the first error
                    env.close()

    def _open_folder(self, trial: optuna.Trial, config: RunConfig) -> RunFolder | None:
        if self.options.trials_folder is None:
            return None
        path = self.options.trials_folder / f"trial_{trial.number}"
        path.mkdir(parents=True, exist_ok=True)
        write_text(path / "config.yml", dump_yaml(dict(config.hyperparams)))
        return RunFolder(path, file_name_of(config.env_id))

    def _keep_error(self, trial: optuna.Trial, error: Exception) -> None:
        trial.set_user_attr(ERROR_ATTRIBUTE, describe(error))
        trial.set_user_attr(FAULT_ATTRIBUTE, isinstance(error, RobotFault))
        if self.options.trials_folder is not None:
            path: Path = self.options.trials_folder / f"trial_{trial.number}" / "error.txt"
            write_text(path, "".join(traceback.format_exception(error)))


class _Trial:
    """The training of one trial."""

    def __init__(
        self, trial: optuna.Trial, config: RunConfig, options: TuneOptions, stop: StopSignals
    ) -> None:
        self.trial = trial
        self.config = config
        self.options = options
        self.stop = stop
        self.stopped_by_callback: str | None = None

    def run(self, folder: RunFolder | None, opened: list[VecEnv]) -> float:
        """Train, evaluate and return the value; environments are appended to ``opened``."""
        options, seed = self.options, trial_seed(self.options.seed, self.trial.number)
        env, eval_env = self._open_environments(seed, opened)
        agent = build_agent(
            self.config,
            env,
            BuildSettings(
                seed=seed, device=options.device, tensorboard_log=options.tensorboard_log
            ),
        )
        settings = EvaluationSettings(
            frequency=max(self.config.n_timesteps // options.evaluations, 1),
            n_episodes=options.eval_episodes,
            seed=options.seed,
            announce=False,
        )
        evaluator = Evaluator(agent, folder, settings, EvaluationHistory())
        progress = TrialProgress(self.trial, evaluator, options.evaluations)
        find_guard(env).stop_when(self._stop_reason)
        self._learn(agent, self._callbacks(agent, progress, env, eval_env))
        if eval_env is not None:
            evaluate_now(evaluator, eval_env)
        else:
            stop_evaluation_when(env, self.stop.reason)
            evaluate_on_train_env(evaluator, env)
        return progress.report_latest(final=True)

    def _open_environments(self, seed: int, opened: list[VecEnv]) -> tuple[VecEnv, VecEnv | None]:
        options = self.options
        vec_env: Any = options.vec_env
        settings = StackSettings(
            seed=seed,
            n_envs=self.config.n_envs,
            vec_env=vec_env,
            gym_packages=options.gym_packages,
        )
        env = make_vec_env(self.config, settings)
        opened.append(env)
        if options.eval_on_train_env:
            return env, None
        evaluation = StackSettings(
            mode="evaluate",
            seed=options.seed,
            n_envs=options.n_eval_envs,
            vec_env=vec_env,
            gym_packages=options.gym_packages,
        )
        eval_env = make_vec_env(self.config, evaluation)
        opened.append(eval_env)
        return env, eval_env

    def _callbacks(
        self,
        agent: BaseAlgorithm,
        progress: TrialProgress,
        env: VecEnv,
        eval_env: VecEnv | None,
    ) -> list[BaseCallback]:
        callbacks: list[BaseCallback] = []
        if eval_env is None:
            actions = [PruningAction(progress, env)]
            callbacks.append(safe_point_callback(agent, find_guard(env), list(actions)))
        else:
            callbacks.append(PruningCallback(progress, eval_env, self.stop.reason))
        user = [CALLBACKS.load(item.name)(**item.kwargs) for item in self.config.callbacks]
        if user:
            callbacks.append(CleanStopCallback(user, self._stop_by_callback))
        return callbacks

    def _learn(self, agent: BaseAlgorithm, callbacks: list[BaseCallback]) -> None:
        try:
            agent.learn(self.config.n_timesteps, callback=callbacks)
        except TrainingInterrupted:
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
        return self.stop.reason() or self.stopped_by_callback

    def _stop_by_callback(self, reason: str) -> None:
        console.message(f"trial {self.trial.number}: {reason}")
        self.stopped_by_callback = reason
