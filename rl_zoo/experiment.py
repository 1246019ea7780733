"""One training run, from configuration to saved model; composes the layers below."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.vec_env import VecEnv

from rl_zoo import console
from rl_zoo.agents.backends import backend_of, build_ahead, describe_speed, resumed_backend
from rl_zoo.agents.baseline import announce_baseline
from rl_zoo.agents.build import BuildSettings, build_agent
from rl_zoo.agents.checkpoint import read_checkpoint_state, restore_checkpoint
from rl_zoo.agents.executed_action import stored_action_problems
from rl_zoo.agents.matmul import enable_fast_matmul
from rl_zoo.agents.normalizer_file import load_normalizer
from rl_zoo.agents.warm_start import WarmStart, check_kept_buffer, take_over
from rl_zoo.callbacks.evaluation_history import EvaluationHistory
from rl_zoo.callbacks.registry import check_callback
from rl_zoo.config.jax_parameters import check_without_jax
from rl_zoo.config.model import RunConfig
from rl_zoo.cpu_budget import read_cpu_budget
from rl_zoo.envs.descriptor import read_descriptor
from rl_zoo.envs.guarded import find_guard
from rl_zoo.envs.single_env import check_stack
from rl_zoo.envs.stack import StackSettings, make_vec_env
from rl_zoo.errors import ConfigError, UsageError
from rl_zoo.runs.atomic import remove_leftovers
from rl_zoo.runs.changed_robot import CHANGED, RAMP_IS_OVER, robot_lines, same_robot
from rl_zoo.runs.checkpoints import latest_resumable
from rl_zoo.runs.episode_file import UNUSED, episodes_folder, set_aside
from rl_zoo.runs.folder import RunFolder, create_run_folder, remove_run_folder
from rl_zoo.runs.lock import RunLock
from rl_zoo.runs.record import RunRecord, describe_machine, now, read_record, write_record
from rl_zoo.runs.robot_use import ROBOT_USE, describe_use
from rl_zoo.runs.session_log import empty_later_logs, rewind_logs
from rl_zoo.runs.source import ModelSource, find_source, parent_of
from rl_zoo.session import Experiment, learn
from rl_zoo.stop_signals import StopSignals
from rl_zoo.train_options import TrainOptions, write_parameters
from rl_zoo.wrappers.fault_report import describe


def train(options: TrainOptions) -> Experiment:
    """Run a configuration from start (or checkpoint) to end.

    Returns:
        The finished experiment, its environments closed.

    Raises:
        TrainingInterrupted: After a signal, with everything saved.
        RobotFault: After a failure of the environment or a value that is not finite, with
            everything saved.
        ConfigError: Before anything was opened or created.
    """
    lock = None if options.resume is None else RunLock(options.resume)
    try:
        experiment = prepare(options) if options.resume is None else resume(options)
        lock = lock or RunLock(experiment.folder)
        with experiment.stop:  # until the environments are closed: a robot is put to rest there
            try:
                learn(experiment)
            finally:
                close(experiment)
    finally:
        if lock is not None:
            lock.release()
    return experiment


def check(options: TrainOptions) -> None:
    """Check everything that can be checked without opening an environment or creating a folder."""
    config = options.config
    problems: list[str] = []
    try:
        check_stack(config, options.gym_packages)
    except ConfigError as error:
        problems += error.problems
    for component in config.callbacks:
        where = f"{config.env_id}.callback.{component.name}"
        try:
            problems += check_callback(component.name, component.kwargs, where)
        except ConfigError as error:
            problems += [f"{config.env_id}.callback: {text}" for text in error.problems]
    problems += stored_action_problems(config)
    try:
        _check_backend(options)
    except ConfigError as error:
        problems += error.problems
    if problems:
        raise ConfigError(problems)


def _check_backend(options: TrainOptions) -> None:
    if options.backend == "jax":
        from rl_zoo.agents.jax.build import check_jax_config

        check_jax_config(options.config)
    elif options.resume is None:  # else it is the run's
        check_without_jax(options.config)


def prepare(options: TrainOptions) -> Experiment:
    """Create the run folder, the environments and the agent of a new run.

    A start that fails leaves no folder behind.
    """
    check(options)
    source = None if options.trained_agent is None else find_source(options.trained_agent)
    if source is not None:
        check_kept_buffer(source, options.keep_buffer, options.config.algo)
    folder = create_run_folder(
        options.log_folder, options.config.algo, options.config.env_id, uuid=options.uuid
    )
    record = RunRecord(
        algo=options.config.algo,
        env_id=options.config.env_id,
        seed=options.seed,
        n_timesteps=options.config.n_timesteps,
        parent=None if source is None else parent_of(source),
        command=options.command,
        label=options.label,
        started_at=now(),
        threads=options.threads,
        **describe_machine(),
    )
    opened: list[VecEnv] = []
    try:
        write_parameters(folder, options)
        write_record(folder, record)
        env, eval_env, agent = _build(options, folder, source, opened)
        record.robot = read_descriptor(env)
        if source is not None:
            record.restored = _warm_start(agent, options, source, record.robot)
    except BaseException:
        _close_all(opened)
        remove_run_folder(folder)
        raise
    _note_speed(record, agent, options)
    return Experiment(
        options, folder, record, agent, env, eval_env, EvaluationHistory(), StopSignals()
    )


def resume(options: TrainOptions) -> Experiment:
    """Continue a run in place from its newest complete checkpoint.

    Raises:
        NothingFoundError: If it has no complete checkpoint.
        UsageError: If it is finished and no larger budget is given, is running elsewhere, or its
            robot has changed.
    """
    folder = options.resume
    assert folder is not None
    record = read_record(folder)
    if record is None:
        raise UsageError(f"{folder.path}: not a run of rl_zoo; use -i to start from its weights")
    options = replace(options, backend=resumed_backend(options.backend, record.backend))
    check(options)
    steps = latest_resumable(folder)
    if steps >= options.config.n_timesteps:
        raise UsageError(
            f"{folder.path}: its {steps} steps are already trained; give a larger budget with -n"
        )
    state = read_checkpoint_state(folder, steps)
    opened: list[VecEnv] = []
    elapsed = max(float(state["extra"]["wall_time_s"]), 1e-6)
    remove_leftovers(folder.path)
    empty_later_logs(folder, state["log_positions"])
    source = ModelSource(folder.checkpoint_model(steps), folder.checkpoint_normalizer(steps))
    _set_later_episodes_aside(folder, state["extra"].get("episode_files"))
    try:
        env, eval_env, agent = _build(options, folder, source, opened, elapsed=elapsed)
        record.robot = same_robot(folder, record.robot, read_descriptor(env))
        rewind_logs(folder, state["log_positions"])  # only now: nothing of a refused run is touched
        restored = restore_checkpoint(folder, steps, agent, env)
    except BaseException:
        _close_all(opened)
        raise
    history = EvaluationHistory(**restored.extra["evaluations"])
    if history.timesteps:
        history.write(folder)
    _continue_counts(record, restored.extra)
    record.wall_time_s = elapsed
    record.n_timesteps = options.config.n_timesteps
    _note_speed(record, agent, options)
    write_parameters(folder, options)
    find_guard(env).steps = steps // env.num_envs
    console.message(f"Resuming {folder.path} from step {steps}: warm-up is not repeated")
    if env.has_attr(ROBOT_USE):
        console.message("A robot cannot repeat an episode: it starts with a new one")
    return Experiment(
        options,
        folder,
        record,
        agent,
        env,
        eval_env,
        history,
        StopSignals(),
        restored,
        earlier_use=record.robot_use,
    )


def _note_speed(record: RunRecord, agent: BaseAlgorithm, options: TrainOptions) -> None:
    """Choose the matrix products; record and tell what the run computes with."""
    record.fast_matmul = enable_fast_matmul()
    backend, cpu = backend_of(agent, options.backend), read_cpu_budget(options.threads)
    record.threads = options.threads
    record.backend = backend.to_record()
    record.cpu = cpu.to_record(fast_matmul=record.fast_matmul)
    console.message(describe_speed(backend, cpu, fast_matmul=record.fast_matmul))


def _continue_counts(record: RunRecord, extra: Mapping[str, Any]) -> None:
    """Count on from the checkpoint: what came later is done again."""
    record.end_reasons = dict(extra["end_reasons"])
    record.truncations = extra.get("truncations")
    record.discarded = int(extra.get("discarded", 0))


def close(experiment: Experiment) -> None:
    """Close the environments; say what a robot was used for."""
    _close_all([env for env in (experiment.env, experiment.eval_env) if env is not None])
    if experiment.record.robot_use is None:
        return
    try:  # only now is the report of its control loop complete
        experiment.note_robot_use()
    except Exception as error:  # the process of the environment is gone
        console.warn(f"the robot's use is not complete: {describe(error)}")
    console.message(describe_use(experiment.record.robot_use))
    try:
        write_record(experiment.folder, experiment.record)
    except OSError as error:
        console.error(f"{experiment.folder.record_file}: not written ({error.strerror})")


def _set_later_episodes_aside(folder: RunFolder, n_learned: int | None) -> None:
    """Keep the episodes that came after the checkpoint, apart from those learned from."""
    if n_learned is None:
        return
    n_later = set_aside(episodes_folder(folder), n_learned)
    if n_later:
        console.message(
            f"{n_later} episode(s) recorded after the checkpoint are in "
            f"{episodes_folder(folder) / UNUSED}"
        )


def _build(
    options: TrainOptions,
    folder: RunFolder,
    source: ModelSource | None,
    opened: list[VecEnv],
    *,
    elapsed: float = 0.0,
) -> tuple[VecEnv, VecEnv | None, BaseAlgorithm]:
    config = options.config
    build_ahead(config.algo, options.backend)
    settings = StackSettings(
        seed=options.seed,
        n_envs=config.n_envs,
        vec_env="subproc" if options.vec_env == "subproc" else "dummy",
        monitor_files=tuple(folder.monitor_file(rank) for rank in range(config.n_envs)),
        elapsed=elapsed,
        gym_packages=options.gym_packages,
        normalizer=_normalizer(config, source, trust=options.trust),
        run_folder=folder.path,
        save_episodes=options.save_episodes,
    )
    env = make_vec_env(config, settings)
    opened.append(env)
    eval_env = None
    if options.eval_freq > 0 and not options.eval_on_train_env:
        evaluation = replace(
            settings,
            mode="evaluate",
            n_envs=options.n_eval_envs,
            monitor_files=(),
            elapsed=0.0,
            save_episodes=False,
        )
        eval_env = make_vec_env(config, evaluation)
        opened.append(eval_env)
    agent = build_agent(
        config,
        env,
        BuildSettings(
            seed=options.seed,
            device=options.device,
            tensorboard_log=options.tensorboard_log,
            verbose=options.verbose,
            backend=options.backend,
        ),
    )
    return env, eval_env, agent


def _normalizer(config: RunConfig, source: ModelSource | None, *, trust: bool) -> Any:
    if config.normalize is None or source is None or source.normalizer is None:
        return None
    return load_normalizer(source.normalizer, trust=trust)


def _warm_start(
    agent: BaseAlgorithm, options: TrainOptions, source: ModelSource, robot: dict[str, Any] | None
) -> dict[str, str]:
    """Take over the old agent and return in words what became of each part of it."""
    restored = robot_lines(source, robot)
    wanted = WarmStart(
        keep_buffer=options.keep_buffer,
        robot_has_changed=any(name.startswith(CHANGED) for name in restored),
        repeat_warmup=options.repeat_warmup,
        trust=options.trust,
    )
    restored.update(take_over(agent, source, wanted, options.config))
    if not options.repeat_warmup and agent.env is not None and agent.env.has_attr("finish_ramp"):
        agent.env.env_method("finish_ramp")
        restored.update(RAMP_IS_OVER)
    restored.update(announce_baseline(options.eval_freq, options.eval_episodes))
    for what, how in restored.items():
        console.message(f"  {what}: {how}")
    return restored


def _close_all(environments: list[VecEnv]) -> None:
    for env in environments:
        try:
            env.close()
        except Exception as error:  # a dead worker process must not hide the first error
            console.warn(f"an environment did not close: {describe(error)}")
