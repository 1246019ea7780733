"""From the flags of ``train`` to the options of a run."""

from __future__ import annotations

import argparse
import random
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_zoo import console
from rl_zoo.agents.backends import build_ahead
from rl_zoo.commands.from_study import check_trial_parts, with_study
from rl_zoo.commands.realtime_training import check_realtime_numbers, choose_mode
from rl_zoo.commands.resuming import saved_config, with_saved_arguments
from rl_zoo.errors import ConfigError
from rl_zoo.garbage import importing_libraries

if TYPE_CHECKING:
    from rl_zoo.config.model import RunConfig
    from rl_zoo.train_options import FinishedRun, TrainOptions

NOT_AN_ARGUMENT = {"debug", "resume", "show_config", "dry_run", "named_packages"}
NOT_AN_ARGUMENT |= {"trial_entry", "trial_values"}


def train_as_told(arguments: argparse.Namespace, argv: Sequence[str]) -> FinishedRun:
    """Check the flags, then train.

    Args:
        arguments: Parsed flags of ``train``.
        argv: The flags as typed, for the record.
    """
    check_numbers(arguments)
    arguments = with_study(arguments, argv)
    if arguments.resume is not None:
        arguments = with_saved_arguments(arguments, argv)
    options = make_options(arguments, resolve_config(arguments), argv)
    options, notes = choose_mode(options, arguments.realtime)
    if arguments.track:
        options = _tracked(options)
    announce(options, notes)
    if options.realtime:
        from rl_zoo.realtime.run import train as train_in_real_time

        build_ahead(options.config.algo, options.backend)
        return train_in_real_time(options)
    # Heavy imports come after every check that needs none of them.
    with importing_libraries():
        use_threads(options)
        from rl_zoo.experiment import train
    from rl_zoo.train_options import FinishedRun

    run = train(options)
    if arguments.track:
        from rl_zoo.tracking import save_files

        save_files(run.folder)
    return FinishedRun(run.folder, run.agent.num_timesteps)


def describe(arguments: argparse.Namespace, argv: Sequence[str]) -> str:
    """Return what ``--show-config`` or ``--dry-run`` print; nothing is written."""
    check_numbers(arguments)
    arguments = with_study(arguments, argv)
    if arguments.resume is not None:
        arguments = with_saved_arguments(arguments, argv)
    config = resolve_config(arguments)
    if arguments.show_config:
        from rl_zoo.config.show import format_config

        return format_config(config)
    options, notes = choose_mode(make_options(arguments, config, argv), arguments.realtime)
    use_threads(options)
    from rl_zoo.dry_run import dry_run

    for note in (*config.notes, *notes):
        console.message(f"note: {note}")
    return dry_run(options)


def check_numbers(arguments: argparse.Namespace) -> None:
    """Refuse numbers that would silently mean something else.

    Raises:
        ConfigError: All of them at once.
    """
    problems = []
    if arguments.n_timesteps != -1 and arguments.n_timesteps <= 0:
        problems.append(
            f"--n-timesteps {arguments.n_timesteps}: must be positive (-1: the configuration's)"
        )
    for name in ("eval_episodes", "n_eval_envs", "keep_checkpoints"):
        value = getattr(arguments, name)
        if value <= 0:
            problems.append(f"--{name.replace('_', '-')} {value}: must be at least 1")
    if arguments.keep_buffer is not None and not arguments.trained_agent:
        problems.append(f"--keep-buffer {arguments.keep_buffer}: needs -i, the run it belongs to")
    if arguments.optimize_hyperparameters and arguments.resume is not None:
        problems.append("--resume and -optimize: choose one of them")
    if arguments.num_threads == 0 or arguments.num_threads < -1:
        problems.append(f"--num-threads {arguments.num_threads}: must be positive (-1: chosen)")
    if arguments.seed < -1 or arguments.seed >= 2**32:
        problems.append(f"--seed {arguments.seed}: must be from 0 to {2**32 - 1} (-1: drawn)")
    problems += check_realtime_numbers(arguments)
    if arguments.trial_id is not None and not (arguments.study_name and arguments.storage):
        problems.append("--trial-id: needs --storage and --study-name")
    if problems:
        raise ConfigError(problems)


def resolve_config(
    arguments: argparse.Namespace, trial: Mapping[str, Any] | None = None
) -> RunConfig:
    """Return the validated configuration; ``trial`` is in the place of ``--trial-id``'s values."""
    from rl_zoo.agents.algorithms import ALGORITHMS
    from rl_zoo.callbacks.registry import CALLBACKS
    from rl_zoo.config.resolve import ConfigRequest, resolve
    from rl_zoo.envs.ids import is_known_builtin, require_env
    from rl_zoo.wrappers.registry import VEC_ENV_WRAPPERS, WRAPPERS

    budget = None if arguments.n_timesteps == -1 else arguments.n_timesteps
    registries = {
        "env_wrapper": WRAPPERS,
        "vec_env_wrapper": VEC_ENV_WRAPPERS,
        "callback": CALLBACKS,
    }
    if arguments.resume is not None:
        return saved_config(arguments, budget)
    request = ConfigRequest(
        algo=arguments.algo,
        env_id=arguments.env,
        conf_file=None if arguments.conf_file is None else Path(arguments.conf_file),
        params=tuple(_params(arguments)),
        env_kwargs=tuple(arguments.env_kwargs or ()),
        eval_env_kwargs=tuple(arguments.eval_env_kwargs or ()),
        entry=getattr(arguments, "trial_entry", None),
        n_timesteps=budget,
        trial=_trial_values(arguments) if trial is None else trial,
        trust_config=arguments.trust_config,
        known_components={key: part.built_in_names() for key, part in registries.items()},
    )
    problems: list[str] = []
    config = None
    try:
        config = resolve(request)
    except ConfigError as error:
        problems += error.problems
    if any(key in text for text in problems for key in ("--algo", *registries)):
        # Only now is it worth reading which parts third parties have installed.
        known = {key: part.names() for key, part in registries.items()}
        request = replace(request, known_components=known, known_algorithms=ALGORITHMS.names())
        problems = []
        try:
            config = resolve(request)
        except ConfigError as error:
            problems += error.problems
    if config is not None and arguments.conf_file is not None:
        problems += _hidden_typo(Path(arguments.conf_file), arguments)
    if not is_known_builtin(arguments.env):
        try:
            require_env(arguments.env, tuple(arguments.gym_packages))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    assert config is not None
    if arguments.trained_agent and not arguments.trust:
        _check_policy_taken_over(config, arguments)
    check_trial_parts(config, arguments)
    return config


def _hidden_typo(file: Path, arguments: argparse.Namespace) -> list[str]:
    """Return the problem of an entry that is a typo of the environment, hidden by ``default``."""
    from rl_zoo.config.lookup import hidden_entry
    from rl_zoo.envs.ids import check_env_id

    if file.suffix not in (".yml", ".yaml"):
        return []
    entry = hidden_entry(file, arguments.env)
    try:
        if entry is not None:
            check_env_id(entry, tuple(arguments.gym_packages))
    except ConfigError:
        return [f"{file}: entry '{entry}' is no environment; did you mean '{arguments.env}'?"]
    return []


def _check_policy_taken_over(config: RunConfig, arguments: argparse.Namespace) -> None:
    """Refuse a policy named by the run behind ``-i`` that would execute that run's code."""
    from rl_zoo.runs.source import find_source

    source = find_source(Path(arguments.trained_agent))
    if source.folder is None:
        return
    keywords = config.algo_kwargs.get("policy_kwargs")
    if "." not in config.policy and ":" not in config.policy and not keywords:
        return
    from rl_zoo.agents.trusted_parts import check_parts

    policy_only = replace(
        config,
        algo_kwargs={"policy_kwargs": keywords},
        env_wrappers=(),
        vec_env_wrappers=(),
        monitor_kwargs={},
        env_kwargs={},
        eval_env_kwargs={},
    )
    check_parts(policy_only, source.folder.config_file, arguments.gym_packages)


def make_options(
    arguments: argparse.Namespace, config: RunConfig, argv: Sequence[str]
) -> TrainOptions:
    """Divide the processor and return the options of the run; torch is not imported."""
    from rl_zoo.agents.backends import n_useful_threads
    from rl_zoo.cpu_budget import apply_cpu_budget

    useful = n_useful_threads(config.algo, config.policy, arguments.backend)
    threads = apply_cpu_budget(_requested_threads(arguments), useful=useful)
    from rl_zoo.envs.ids import is_single_instance
    from rl_zoo.runs.folder import open_run_folder
    from rl_zoo.train_options import TrainOptions

    single_instance = is_single_instance(config.env_id)
    on_train_env = arguments.eval_on_train_env
    if single_instance and config.n_envs > 1:
        raise ConfigError(f"{config.env_id}.n_envs: there is only one of this environment; use 1")
    return TrainOptions(
        config=config,
        seed=random.SystemRandom().randrange(2**31) if arguments.seed == -1 else arguments.seed,
        log_folder=Path(arguments.log_folder),
        uuid=arguments.uuid,
        label=arguments.label,
        command=shlex.join(["python", "-m", "rl_zoo.train", *argv]),
        arguments=_arguments_to_save(arguments),
        device=arguments.device,
        backend=arguments.backend,
        threads=threads,
        vec_env="dummy" if single_instance else arguments.vec_env,
        gym_packages=tuple(arguments.gym_packages),
        eval_freq=evaluation_frequency(arguments.eval_freq, config.n_timesteps),
        eval_episodes=arguments.eval_episodes,
        n_eval_envs=arguments.n_eval_envs,
        eval_on_train_env=single_instance if on_train_env is None else on_train_env,
        save_freq=checkpoint_frequency(arguments.save_freq, config),
        save_at_end=arguments.save_freq is None,
        keep_checkpoints=arguments.keep_checkpoints,
        save_replay_buffer=arguments.save_replay_buffer,
        save_episodes=True if arguments.save_episodes else None,
        log_interval=arguments.log_interval,
        verbose=arguments.verbose,
        progress=arguments.progress,
        tensorboard_log=_tensorboard_folder(arguments),
        trained_agent=Path(arguments.trained_agent) if arguments.trained_agent else None,
        repeat_warmup=arguments.repeat_warmup,
        keep_buffer=arguments.keep_buffer,
        trust=arguments.trust,
        resume=None if arguments.resume is None else open_run_folder(arguments.resume),
        control_frequency=arguments.control_frequency,
        learner_timeout=arguments.learner_timeout,
        learner_core=arguments.learner_core,
        actor_core=arguments.actor_core,
    )


def use_threads(options: TrainOptions) -> None:
    """Import torch and give it as many threads as the options say."""
    import torch

    torch.set_num_threads(options.threads)


def _requested_threads(arguments: argparse.Namespace) -> int:
    """Return ``--num-threads``; a run goes on with as many as before: others round otherwise."""
    if arguments.resume is None or arguments.num_threads != -1:
        return int(arguments.num_threads)
    from rl_zoo.runs.folder import open_run_folder
    from rl_zoo.runs.record import read_record

    record = read_record(open_run_folder(arguments.resume))
    return -1 if record is None else record.threads


def evaluation_frequency(requested: int | None, n_timesteps: int) -> int:
    """Return the steps between evaluations.

    By default a twentieth of the budget, but from 1000 (or the whole budget) to 25000.
    """
    if requested is not None:
        return requested
    return min(25_000, max(n_timesteps // 20, min(n_timesteps, 1000)))


def checkpoint_frequency(requested: int | None, config: RunConfig) -> int:
    """Return the steps between checkpoints; by default a tenth of the budget, from 1000 to 50000.

    Only where a checkpoint waits for an episode to end by itself: an off-policy algorithm whose
    rollouts end with the episode in one environment. Elsewhere it would truncate episodes, which
    is for the user to ask for (-1: none).
    """
    from rl_zoo.agents.capabilities import is_off_policy

    if requested is not None:
        return requested
    default = 4 if config.algo in ("dqn", "qrdqn") else 1  # SB3's
    train_freq = config.algo_kwargs.get("train_freq", default)
    waits = train_freq in (1, (1, "step")) or (
        isinstance(train_freq, tuple) and train_freq[1] == "episode"
    )
    if not waits or config.n_envs > 1 or not is_off_policy(config.algo):
        return -1
    return min(50_000, max(config.n_timesteps // 10, 1000))


def announce(options: TrainOptions, notes: Sequence[str] = ()) -> None:
    """Tell what is about to be trained."""
    config = options.config
    console.message(console.styled(f"{config.algo} on {config.env_id}", "bold", sys.stderr))
    for note in (*config.notes, *notes):
        console.message(f"note: {note}")
    console.message(
        f"seed {options.seed}, {config.n_timesteps} steps, {config.n_envs} environment(s), "
        f"{options.threads} thread(s)"
    )


def _params(arguments: argparse.Namespace) -> list[str]:
    """Return ``-params``; with ``-i``, the policy of the run the weights come from goes first."""
    given = list(arguments.hyperparams or ())
    if not arguments.trained_agent:
        return given
    from rl_zoo.runs.source import policy_parameters

    return [*policy_parameters(Path(arguments.trained_agent)), *given]


def _trial_values(arguments: argparse.Namespace) -> Mapping[str, Any]:
    if arguments.trial_id is None:
        return getattr(arguments, "trial_values", None) or {}
    from rl_zoo.tuning.load_trial import load_trial_values

    return load_trial_values(
        arguments.storage, arguments.study_name, arguments.trial_id, arguments.algo
    )


def _tracked(options: TrainOptions) -> TrainOptions:
    """Start to track with Weights & Biases; in real time the learner does, once it is there."""
    from rl_zoo import tracking

    config = options.config
    folder = tracking.tracking_folder(config.env_id, config.algo, options.seed)
    if options.realtime:
        tracking.require_login()
    else:
        flags = {**options.arguments, "seed": options.seed}
        tracking.start_tracking(folder.name, flags, config.hyperparams, monitor_gym=True)
    return replace(options, tensorboard_log=folder)


def _tensorboard_folder(arguments: argparse.Namespace) -> Path | None:
    if not arguments.tensorboard_log:
        return None
    from rl_zoo.runs.folder import file_name_of

    return Path(arguments.tensorboard_log) / file_name_of(arguments.env)


def _arguments_to_save(arguments: argparse.Namespace) -> dict[str, Any]:
    return {
        name: str(value) if isinstance(value, Path) else value
        for name, value in vars(arguments).items()
        if name not in NOT_AN_ARGUMENT
    }
