"""One session of learning: to the end of the budget or the first stop, saved in any case."""

from __future__ import annotations

import contextlib
import copy
import os
import shlex
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import configure
from stable_baselines3.common.vec_env import VecEnv

from rl_zoo import console
from rl_zoo.agents.baseline import baseline_row, describe_baseline
from rl_zoo.agents.checkpoint import RestoredRun, save_checkpoint
from rl_zoo.agents.evaluation import Evaluation
from rl_zoo.agents.weights import has_finite_weights, save_agent
from rl_zoo.callbacks.bookkeeping import BookkeepingCallback
from rl_zoo.callbacks.checkpoint import CheckpointAction
from rl_zoo.callbacks.clean_stop import CleanStopCallback
from rl_zoo.callbacks.episode_metrics import EpisodeMetricsCallback
from rl_zoo.callbacks.evaluation import (
    EvaluationCallback,
    EvaluationOnTrainEnvAction,
    EvaluationSettings,
    Evaluator,
)
from rl_zoo.callbacks.evaluation_history import EvaluationHistory
from rl_zoo.callbacks.progress import PlainProgressCallback
from rl_zoo.callbacks.registry import CALLBACKS
from rl_zoo.callbacks.safe_points import SafePointAction, safe_point_callback
from rl_zoo.config.model import RunConfig
from rl_zoo.envs.guarded import find_guard
from rl_zoo.errors import NonFiniteError, RobotFault, TrainingInterrupted, ZooError
from rl_zoo.runs.atomic import write_text, write_with
from rl_zoo.runs.checkpoints import complete_checkpoints, prune_checkpoints
from rl_zoo.runs.folder import RunFolder
from rl_zoo.runs.record import RunRecord, describe_ends, now, write_record
from rl_zoo.runs.robot_use import ROBOT_USE, merged_use
from rl_zoo.stop_signals import StopSignals
from rl_zoo.train_options import TrainOptions, write_parameters
from rl_zoo.wrappers.fault_report import describe


@dataclass
class Experiment:
    """A run that is ready to learn."""

    options: TrainOptions
    folder: RunFolder
    record: RunRecord
    agent: BaseAlgorithm
    env: VecEnv
    eval_env: VecEnv | None
    history: EvaluationHistory
    stop: StopSignals
    restored: RestoredRun | None = None
    started: float = 0.0
    ended_by_callback: bool = False
    user_callbacks: CleanStopCallback | None = None
    earlier_use: dict[str, Any] | None = None
    """What earlier sessions used the robot for."""

    @property
    def config(self) -> RunConfig:
        """What is learned."""
        return self.options.config

    def end_for_callback(self, reason: str) -> None:
        """End the run cleanly, as if its budget were used up."""
        if self.stop.reason() is None:
            self.ended_by_callback = True
        self.stop.request(reason)

    def note_log_folder(self, folder: str | None) -> None:
        """Remember where TensorBoard's files are: SB3 would resume the newest run's."""
        if self.options.tensorboard_log is not None and folder is not None:
            self.record.tensorboard = str(Path(folder).resolve())
            write_record(self.folder, self.record)

    def continue_log(self) -> None:
        """Let a resumed run go on in its own TensorBoard folder."""
        if self.options.tensorboard_log is not None and self.record.tensorboard is not None:
            formats = ["tensorboard", *(["stdout"] if self.agent.verbose > 0 else [])]
            self.agent.set_logger(configure(self.record.tensorboard, formats))

    def note_baseline(self, evaluation: Evaluation) -> None:
        """Record what the old policy is worth before any learning, and say so."""
        record = self.record
        record.baseline = baseline_row(
            evaluation.returns, evaluation.lengths, evaluation.metrics, evaluation.end_reasons
        )
        frequency = (record.robot or {}).get("control_frequency")
        console.message(describe_baseline(record.baseline, frequency))
        try:
            write_record(self.folder, record)
        except OSError as error:  # it is written again at the end
            console.warn(f"{self.folder.record_file}: not written ({error.strerror})")

    def extra_state(self) -> dict[str, Any]:
        """Return the state beside the agent that belongs into every checkpoint."""
        return {
            "evaluations": asdict(self.history),
            "end_reasons": dict(self.record.end_reasons),
            "truncations": copy.copy(self.record.truncations),
            "discarded": self.record.discarded,
            "wall_time_s": self.wall_time(),
            "episode_files": self.flush_episodes(),
        }

    def flush_episodes(self) -> int | None:
        """Write what is recorded of a running episode; return the number of files, if any."""
        try:
            if not self.env.has_attr("flush_episode"):
                return None
            return int(self.env.env_method("flush_episode", indices=0)[0])
        except Exception:  # the process of the environment is gone; its files stay as they are
            return None

    def note_robot_use(self) -> None:
        """Take what the robot was used for into the record, if there is a robot."""
        if self.env.has_attr(ROBOT_USE):
            use = self.env.get_attr(ROBOT_USE, 0)[0]
            self.record.robot_use = merged_use(self.earlier_use, use)

    def wall_time(self) -> float:
        """Return the seconds of training over all sessions."""
        return self.record.wall_time_s + (time.time() - self.started if self.started else 0.0)


def learn(experiment: Experiment) -> None:
    """Train to the end of the budget, or to the first stop, and save in any case."""
    agent, record = experiment.agent, experiment.record
    first_step = agent.num_timesteps
    session = {"started_at": now(), "from_step": first_step, "state": "running"}
    session["process"] = os.getpid()
    record.sessions.append(session)
    record.state, record.reason, record.ended_at = "running", "", None
    write_record(experiment.folder, record)
    experiment.started = time.time()
    stop = experiment.stop
    try:
        find_guard(experiment.env).stop_when(stop.reason)
        experiment.continue_log()
        agent.learn(
            experiment.config.n_timesteps - first_step,
            callback=make_callbacks(experiment),
            reset_num_timesteps=experiment.restored is None,
            progress_bar=experiment.options.progress and sys.stderr.isatty(),
            **_log_interval(experiment.options),
        )
    except BaseException as error:
        stop.hold()
        _end_early(experiment, error)
    else:
        stop.hold()
        _finish(experiment)


def make_callbacks(experiment: Experiment) -> list[BaseCallback]:
    """Return the callbacks of a run, in the order they are called."""
    options, agent, env = experiment.options, experiment.agent, experiment.env
    guard = find_guard(env)
    settings = EvaluationSettings(
        frequency=options.eval_freq,
        n_episodes=options.eval_episodes,
        seed=options.seed,
    )
    is_adaptation = experiment.restored is None and experiment.record.parent is not None
    on_baseline = experiment.note_baseline if is_adaptation else None
    evaluator = Evaluator(agent, experiment.folder, settings, experiment.history, on_baseline)
    checkpoint = CheckpointAction(
        experiment.folder,
        agent,
        env,
        save_freq=options.save_freq,
        keep=options.keep_checkpoints,
        extra=experiment.extra_state,
    )
    checkpoint.last_step = agent.num_timesteps
    actions: list[SafePointAction] = [checkpoint]
    if options.eval_on_train_env:
        actions.insert(0, EvaluationOnTrainEnvAction(evaluator, env))
    callbacks: list[BaseCallback] = [
        BookkeepingCallback(
            experiment.folder.progress_file,
            experiment.record,
            experiment.note_log_folder,
        ),
        safe_point_callback(agent, guard, actions, experiment.restored),
    ]
    if experiment.eval_env is not None:
        callbacks.append(EvaluationCallback(evaluator, experiment.eval_env, experiment.stop.reason))
    callbacks.append(EpisodeMetricsCallback(guard))
    user = [CALLBACKS.load(item.name)(**item.kwargs) for item in experiment.config.callbacks]
    if user:
        experiment.user_callbacks = CleanStopCallback(user, experiment.end_for_callback)
        callbacks.append(experiment.user_callbacks)
    if options.progress and not sys.stderr.isatty():
        callbacks.append(PlainProgressCallback(experiment.config.n_timesteps))
    return callbacks


def _finish(experiment: Experiment) -> None:
    try:
        _restore_parameters(experiment)
        save_final(experiment)
    except OSError as error:
        reason = (
            f"the final model could not be saved: {error.strerror or error} "
            f"({error.filename or experiment.folder.path})"
        )
        _write_end(experiment, "crashed", reason)
        advice = "no checkpoint was saved either (--save-freq)"
        if complete_checkpoints(experiment.folder):
            advice = "make room, then continue from the last checkpoint with: "
            advice += _resume_command(experiment)
        raise ZooError(f"{reason}\n{advice}") from error
    if experiment.options.save_freq > 0 or experiment.options.save_at_end:
        _save_checkpoint(experiment)
    _write_end(experiment, "finished", "")


def _end_early(experiment: Experiment, error: BaseException) -> None:
    """Save everything, record how the run ended, and raise the error that tells the user."""
    if isinstance(error, (SystemExit, GeneratorExit)):
        raise error
    folder, agent = experiment.folder, experiment.agent
    if isinstance(error, TrainingInterrupted) and experiment.ended_by_callback:
        console.message(str(error))
        if experiment.user_callbacks is not None:  # SB3 was left by an exception
            experiment.user_callbacks.on_training_end()
        _finish(experiment)
        return
    if isinstance(error, (TrainingInterrupted, KeyboardInterrupt)):
        state, reason = "interrupted", str(error) or "SIGINT"
    else:
        state, reason = "crashed", _crash_reason(experiment, error)
        with contextlib.suppress(OSError):
            write_text(folder.crash_report, "".join(traceback.format_exception(error)))
    if has_finite_weights(agent):
        saved = _save_checkpoint(experiment)
        with contextlib.suppress(OSError):
            save_final(experiment)
    else:
        saved = False
        console.warn("the weights are not finite and were not saved; the last checkpoint stays")
    _write_end(experiment, state, reason)
    step = agent.num_timesteps
    told = f"{reason} (step {step} of {experiment.config.n_timesteps})"
    if saved:
        told += (
            f"; everything is saved in {folder.path}\nresume with: {_resume_command(experiment)}"
        )
    if state == "interrupted":
        raise TrainingInterrupted(told) from None
    fault: ZooError = ZooError(told + f"\ntraceback: {folder.crash_report}")
    if isinstance(error, NonFiniteError) or not has_finite_weights(agent):
        fault = NonFiniteError(told)
    elif isinstance(error, RobotFault):
        fault = RobotFault(told + f"\ntraceback: {folder.crash_report}")
    raise fault from error


def _resume_command(experiment: Experiment) -> str:
    command = ["python", "-m", "rl_zoo.train", "--resume", str(experiment.folder.path)]
    packages = experiment.options.gym_packages
    return shlex.join([*command, "--gym-packages", *packages] if packages else command)


def _crash_reason(experiment: Experiment, error: BaseException) -> str:
    if isinstance(error, ZooError):
        return str(error)
    if not has_finite_weights(experiment.agent):
        return "the policy's weights are not finite any more (learning diverged)"
    return describe(error)


def save_final(experiment: Experiment) -> None:
    """Write the model, its normaliser and, if asked, the replay buffer under the zoo's names.

    An agent with a method ``companion_files`` says what else belongs beside its model.
    """
    folder, agent = experiment.folder, experiment.agent
    save_agent(agent, folder.final_model, folder.final_normalizer)
    companions: Mapping[str, str] = getattr(agent, "companion_files", dict)()
    for name, content in companions.items():
        write_text(folder.path / name, content)
    save_buffer = getattr(agent, "save_replay_buffer", None)
    if experiment.options.save_replay_buffer and save_buffer is not None:
        write_with(folder.replay_buffer, save_buffer)


def _save_checkpoint(experiment: Experiment) -> bool:
    folder = experiment.folder
    try:
        _restore_parameters(experiment)
        save_checkpoint(folder, experiment.agent, experiment.env, experiment.extra_state())
        prune_checkpoints(folder, experiment.options.keep_checkpoints)
    except OSError as error:
        console.error(
            f"the checkpoint could not be saved: {error.strerror or error} "
            f"({error.filename or folder.path}); what was saved before is intact"
        )
        return False
    return True


def _restore_parameters(experiment: Experiment) -> None:
    """Write the parameters again if the folder was deleted while training."""
    folder = experiment.folder
    if not folder.config_file.is_file():
        folder.params.mkdir(parents=True, exist_ok=True)
        write_parameters(folder, experiment.options)
        write_text(folder.command_file, experiment.options.command + "\n")


def _write_end(experiment: Experiment, state: str, reason: str) -> None:
    with contextlib.suppress(Exception):  # an environment whose process died does not answer
        experiment.note_robot_use()
    record, steps = experiment.record, experiment.agent.num_timesteps
    record.wall_time_s = experiment.wall_time()
    experiment.started = 0.0
    record.state, record.reason, record.ended_at = state, reason, now()
    record.num_timesteps = steps
    record.sessions[-1].update(to_step=steps, ended_at=now(), state=state)
    if experiment.options.verbose > 0:
        console.message(describe_ends(record.end_reasons, record.discarded))
    try:
        write_record(experiment.folder, record)
    except OSError as error:
        console.error(f"{experiment.folder.record_file}: not written ({error.strerror})")


def _log_interval(options: TrainOptions) -> dict[str, Any]:
    if options.log_interval == -1:
        return {}
    return {"log_interval": options.log_interval if options.log_interval > 0 else None}
