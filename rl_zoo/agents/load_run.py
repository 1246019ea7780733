"""Build environment and agent of a finished run, without executing code from its folder."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_zoo import console
from rl_zoo.config.model import RunConfig
from rl_zoo.config.resolve import load_saved
from rl_zoo.config.yaml import load_saved_yaml
from rl_zoo.errors import ConfigError, DamagedFileError, UnsafeFileError
from rl_zoo.runs.folder import RunFolder, file_name_of
from rl_zoo.runs.record import read_record
from rl_zoo.runs.select import SelectedModel, is_ours, normalizer_file_of, require_config_file

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm
    from stable_baselines3.common.vec_env import VecEnv


@dataclass(frozen=True)
class LoadSettings:
    """How to run an agent that was trained earlier."""

    seed: int = 0
    n_envs: int = 1
    device: str = "auto"
    render_mode: str | None = None
    """``human``, ``rgb_array`` or None."""
    monitor_files: tuple[Path, ...] = ()
    """One file per environment to which episodes are written, or none."""
    norm_reward: bool = False
    """Let the environment return normalised rewards, if the run was trained with them."""
    env_kwargs: Mapping[str, Any] = field(default_factory=dict)
    """Merged over the run's own."""
    gym_packages: tuple[str, ...] = ()
    """Modules that register environments when imported; their wrappers and policies are trusted."""
    trust: bool = False
    """Let files of the run execute code."""
    on: str | None = None
    """Another environment to act in, whose spaces must be those of the run's."""


@dataclass(frozen=True)
class LoadedRun:
    """An agent ready to act in the environment stack it was trained with."""

    config: RunConfig
    model: SelectedModel
    normalizer: Path | None
    """Normalisation statistics in use, or None if the run has none."""
    env: VecEnv
    agent: BaseAlgorithm


@dataclass(frozen=True)
class RunIdentity:
    """What a run says it is."""

    algo: str
    env_id: str


def identify_run(folder: RunFolder, *, trust: bool = False) -> RunIdentity:
    """Return the algorithm and environment of a run from its own files, else from its path."""
    algo, env_id = _recorded_identity(folder, trust=trust)
    return RunIdentity(algo or folder.algo, env_id or folder.env_name)


def load_config(folder: RunFolder, identity: RunIdentity, settings: LoadSettings) -> RunConfig:
    """Read the configuration that the run was trained with, and check that it is harmless.

    Raises:
        ConfigError: If ``config.yml`` is missing or not valid.
        DamagedFileError: If it cannot be read, or the run was trained on something else.
        UnsafeFileError: If it would execute code and ``settings.trust`` is False.
    """
    file = require_config_file(folder)
    _check_identity(folder, identity, trust=settings.trust)
    config = _read_config(folder, file, identity, trust=settings.trust)
    config = _with_env_kwargs(config, folder, settings)
    if settings.on is not None:
        config = _elsewhere(config, settings.on, settings.env_kwargs)
    if not settings.trust:
        from rl_zoo.agents.trusted_parts import check_parts

        check_parts(config, file, settings.gym_packages)
    return config


def _read_config(folder: RunFolder, file: Path, identity: RunIdentity, *, trust: bool) -> RunConfig:
    from rl_zoo.agents.sbx_model import load_sbx_config, sbx_model_of

    if sbx_model_of(folder) is not None:
        return load_sbx_config(folder, identity.algo, identity.env_id, trust=trust)
    with _naming_trust():
        return load_saved(file, identity.algo, identity.env_id, trust=trust)


def load_run(model: SelectedModel, config: RunConfig, settings: LoadSettings) -> LoadedRun:
    """Build the environment stack and the agent of a run, with the weights of ``model``.

    Raises:
        ConfigError: If the environment cannot be made or the agent does not fit it.
        DamagedFileError: If weights or statistics are missing, damaged or of another agent.
        UnsafeFileError: If the statistics would execute code.
    """
    from rl_zoo.agents.normalizer_file import check_fits, load_normalizer
    from rl_zoo.envs.stack import StackSettings, make_vec_env

    statistics, normalizer = None, None
    if config.normalize is not None:
        normalizer = normalizer_file_of(model)
        statistics = load_normalizer(normalizer, trust=settings.trust)
    stack = StackSettings(
        mode="evaluate",
        seed=settings.seed,
        n_envs=settings.n_envs,
        monitor_files=settings.monitor_files,
        render_mode=settings.render_mode,
        gym_packages=settings.gym_packages,
        normalizer=statistics,
        norm_reward=settings.norm_reward,
        run_folder=model.folder.path,
        save_episodes=False,
    )
    env = make_vec_env(config, stack)
    try:
        if normalizer is not None:
            check_fits(env, normalizer)
        agent = _load_agent(model.file, config, env, settings)
    except BaseException:
        env.close()
        raise
    return LoadedRun(config, model, normalizer, env, agent)


def _load_agent(
    file: Path, config: RunConfig, env: VecEnv, settings: LoadSettings
) -> BaseAlgorithm:
    from rl_zoo.agents.build import BuildSettings, build_agent
    from rl_zoo.agents.jax.agent import has_state
    from rl_zoo.agents.jax.library import import_sbx
    from rl_zoo.agents.sbx_model import is_sbx_model, load_sbx_agent
    from rl_zoo.agents.weights import read_counters, restore_counters

    if is_sbx_model(file):
        return load_sbx_agent(file, env, trust=settings.trust)
    if has_state(file):
        import_sbx(f"{file}: was trained with --backend jax, which")
    build = BuildSettings(
        seed=settings.seed,
        device=settings.device,
        for_inference=True,
        backend="jax" if has_state(file) else "sb3",
    )
    with warnings.catch_warnings():
        # Advice on mini-batches and devices is for those who train.
        warnings.simplefilter("ignore", UserWarning)
        agent = build_agent(config, env, build)
    _load_weights(agent, file, settings)
    restore_counters(agent, read_counters(file))  # DQN samples by its exploration rate
    return agent


def _load_weights(agent: BaseAlgorithm, file: Path, settings: LoadSettings) -> None:
    from rl_zoo.agents.weights import load_weights

    try:
        load_weights(agent, file)
    except DamagedFileError as error:
        if settings.on is None:
            raise
        seen, acted = agent.observation_space.shape, agent.action_space.shape
        raise ConfigError(
            f"--on {settings.on}: its observations {seen} and actions {acted} do not fit the "
            f"weights of {file}; give it the same robot, task and observation with --env-kwargs"
        ) from error


@contextlib.contextmanager
def _naming_trust() -> Iterator[None]:
    """Add the way out to the refusal of an unsafe YAML file."""
    try:
        yield
    except UnsafeFileError as error:
        raise UnsafeFileError(
            f"{error}, or use --trust if you trust whoever wrote the run"
        ) from error


def _with_env_kwargs(config: RunConfig, folder: RunFolder, settings: LoadSettings) -> RunConfig:
    """Add the environment's keywords from ``args.yml`` and from the user.

    In a run of the zoo those of its command line replace those of the configuration.
    """
    given = _read_args(folder, trust=settings.trust).get("env_kwargs")
    trained = dict(config.env_kwargs)
    if isinstance(given, Mapping):
        trained = {**trained, **given} if is_ours(folder) else dict(given)
    return replace(
        config,
        env_kwargs={**trained, **settings.env_kwargs},
        eval_env_kwargs={**config.eval_env_kwargs, **settings.env_kwargs},
    )


def _elsewhere(config: RunConfig, env_id: str, given: Mapping[str, Any]) -> RunConfig:
    """Return the configuration for another environment, without what only a simulation has.

    Keywords ``given`` by the user stay: they are refused where they make no sense.
    """
    from rl_zoo.envs.ids import takes_run_folder

    kwargs, evaluation = dict(config.env_kwargs), dict(config.eval_env_kwargs)
    if takes_run_folder(env_id):
        from rl_zoo.envs.real_robot_options import without_simulation

        trained = {name: value for name, value in kwargs.items() if name not in given}
        kwargs, left_out = without_simulation(trained)
        evaluation = {name: value for name, value in evaluation.items() if name not in given}
        evaluation, more = without_simulation(evaluation)
        if left_out or more:
            names = ", ".join(dict.fromkeys([*left_out, *more]))
            console.message(f"note: {env_id} is no simulation; left out of env_kwargs: {names}")
    return replace(
        config,
        env_id=env_id,
        env_kwargs={**kwargs, **given},
        eval_env_kwargs={**evaluation, **given},
    )


def _check_identity(folder: RunFolder, identity: RunIdentity, *, trust: bool) -> None:
    algo, env_id = _recorded_identity(folder, trust=trust)
    algo, env_id = algo or identity.algo, env_id or identity.env_id
    if file_name_of(env_id) != file_name_of(identity.env_id) or algo != identity.algo:
        raise DamagedFileError(
            f"{folder.path}: was trained with {algo} on {env_id}, not with {identity.algo} on "
            f"{identity.env_id}; the folder was renamed or its files were mixed up"
        )


def _recorded_identity(folder: RunFolder, *, trust: bool) -> tuple[str | None, str | None]:
    """Return algorithm and environment as ``run.json`` or ``args.yml`` say, None where unknown."""
    record = read_record(folder)
    if record is not None:
        return record.algo, record.env_id
    args = _read_args(folder, trust=trust)
    named = (args.get("algo"), args.get("env"))
    algo, env_id = (None if value is None else str(value) for value in named)
    return algo, env_id


def check_env_module(identity: RunIdentity, folder: RunFolder, settings: LoadSettings) -> None:
    """Refuse an environment ``module:Name`` that the run, not the user, names.

    Raises:
        UnsafeFileError: If the module is not among ``settings.gym_packages``.
    """
    module, colon, _ = identity.env_id.rpartition(":")
    if colon and not settings.trust and module not in settings.gym_packages:
        raise UnsafeFileError(
            f"{folder.path}: the run wants to import the module '{module}' (environment "
            f"{identity.env_id}); if you trust it, add --gym-packages {module}"
        )


def _read_args(folder: RunFolder, *, trust: bool) -> Mapping[str, Any]:
    if not folder.args_file.is_file():
        return {}
    with _naming_trust():
        content = load_saved_yaml(folder.args_file, trust)
    if not isinstance(content, Mapping):
        raise DamagedFileError(f"{folder.args_file}: holds no options; delete it or restore it")
    return content
