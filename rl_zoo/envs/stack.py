"""The one function that builds the environment stack of every mode: train, evaluate, enjoy, tune.

Inner to outer: environment, TimeLimit, wrappers from YAML, EpisodeControl, EpisodeMetrics, Monitor,
recorder of episodes (a robot's), VecEnv, guard, VecEnv wrappers, VecNormalize, frame stack.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import gymnasium as gym
from gymnasium.wrappers import TimeLimit
from stable_baselines3.common.preprocessing import (
    is_image_space,
    is_image_space_channels_first,
)
from stable_baselines3.common.vec_env import (
    DummyVecEnv,
    SubprocVecEnv,
    VecEnv,
    VecFrameStack,
    VecNormalize,
    VecTransposeImage,
)

from rl_zoo.config.model import Component, Normalize, RunConfig
from rl_zoo.envs.guarded import GuardedVecEnv
from rl_zoo.envs.ids import registered_id, require_env, takes_run_folder
from rl_zoo.envs.normalize import RawTerminalVecNormalize
from rl_zoo.errors import ConfigError, ZooError
from rl_zoo.registry import check_keywords, import_object
from rl_zoo.runs.episode_file import EPISODES
from rl_zoo.wrappers.episode_control import EpisodeControlWrapper
from rl_zoo.wrappers.episode_metrics import EpisodeMetricsWrapper
from rl_zoo.wrappers.episode_recorder import EpisodeRecorder
from rl_zoo.wrappers.fault_report import FaultReportWrapper
from rl_zoo.wrappers.monitor import RunMonitor
from rl_zoo.wrappers.registry import VEC_ENV_WRAPPERS, WRAPPERS

Mode = Literal["train", "evaluate"]
TIME_LIMIT = "max_episode_steps"
"""Key of ``env_kwargs`` that changes the time limit of any environment."""
NO_TIME_LIMIT = -1


@dataclass(frozen=True)
class StackSettings:
    """What differs between two stacks of one configuration."""

    mode: Mode = "train"
    """``train`` updates normalisation statistics; ``evaluate`` freezes them, rewards stay raw."""
    seed: int | None = None
    n_envs: int = 1
    vec_env: Literal["dummy", "subproc"] = "dummy"
    monitor_files: tuple[Path, ...] = ()
    """One file per environment, or none."""
    elapsed: float = 0.0
    """Seconds already on the run's clock (a resumed run)."""
    render_mode: str | None = None
    gym_packages: tuple[str, ...] = ()
    normalizer: VecNormalize | None = None
    """Statistics to use instead of fresh ones."""
    norm_reward: bool = False
    """Normalise rewards in evaluation too."""
    run_folder: Path | None = None
    """Where an environment of a robot keeps what belongs to the run."""
    save_episodes: bool | None = None
    """Write every episode into ``run_folder``; None: those of a robot that is trained."""
    opened: gym.Env[Any, Any] | None = None
    """An open environment (see ``open_environment``) to build the stack around; it is closed with
    the stack unless it ignores that. One environment, in this process."""


def make_vec_env(config: RunConfig, settings: StackSettings) -> VecEnv:
    """Build the stack of ``config``.

    Raises:
        ConfigError: If the environment does not exist, cannot be made, or a wrapper does not fit.
    """
    check_stack(config, settings.gym_packages)
    functions = [_EnvFunction(config, settings, rank) for rank in range(settings.n_envs)]
    env: VecEnv = GuardedVecEnv(_make_base(config, settings, functions))
    for component in config.vec_env_wrappers:
        env = VEC_ENV_WRAPPERS.load(component.name)(env, **component.kwargs)
    if config.normalize is not None:
        env = _normalized(env, config, settings)
    if config.frame_stack is not None:
        env = VecFrameStack(env, config.frame_stack)
    if has_images_last(env):
        env = VecTransposeImage(env)
    if settings.seed is not None:
        env.seed(settings.seed)
    return env


def _make_base(config: RunConfig, settings: StackSettings, functions: list[_EnvFunction]) -> VecEnv:
    with _telling_what_cannot_be_made(config):
        if settings.vec_env == "dummy":
            return DummyVecEnv(list(functions))
        # A worker process that fails says only that it is gone: what can fail fails here first.
        functions[0].make_unmonitored().close()
        return SubprocVecEnv(list(functions))


def open_environment(config: RunConfig, settings: StackSettings) -> gym.Env[Any, Any]:
    """Open the innermost environment alone, for several stacks after one another.

    It has no time limit: each stack built around it brings its own.

    Raises:
        ConfigError: If the environment does not exist or cannot be made.
        RobotFault: If a robot does not answer.
    """
    check_stack(config, settings.gym_packages)
    function = _EnvFunction(config, settings, rank=0)
    function.kwargs = {**function.kwargs, TIME_LIMIT: NO_TIME_LIMIT}
    with _telling_what_cannot_be_made(config):
        return function.open()


@contextlib.contextmanager
def _telling_what_cannot_be_made(config: RunConfig) -> Iterator[None]:
    try:
        yield
    except ZooError:
        raise
    except Exception as error:
        text = " ".join(str(error).split()) or type(error).__name__
        raise ConfigError(f"{config.env_id}: cannot be made: {text}") from error


def check_stack(config: RunConfig, gym_packages: tuple[str, ...] = ()) -> None:
    """Check environment id, environment keywords and wrappers without opening anything.

    Raises:
        ConfigError: All problems at once.
    """
    problems: list[str] = []
    try:
        require_env(config.env_id, gym_packages)
        spec = gym.spec(registered_id(config.env_id))
        point = spec.entry_point
        target = import_object(point, kind="environment") if isinstance(point, str) else point
        for source, kwargs in (
            ("env_kwargs", config.env_kwargs),
            ("eval_env_kwargs", config.eval_env_kwargs),
        ):
            if target is not None:
                given = {**spec.kwargs, **kwargs}
                problems += _time_limit_problems(given.pop(TIME_LIMIT, None), config.env_id, source)
                problems += check_keywords(target, given, f"{config.env_id}.{source}")
    except ConfigError as error:
        problems += error.problems
    for key, components, registry in (
        ("env_wrapper", config.env_wrappers, WRAPPERS),
        ("vec_env_wrapper", config.vec_env_wrappers, VEC_ENV_WRAPPERS),
    ):
        for component in components:
            try:
                wrapper = registry.load(component.name)
            except ConfigError as error:
                problems += [f"{config.env_id}.{key}: {text}" for text in error.problems]
                continue
            where = f"{config.env_id}.{key}.{component.name}"
            problems += check_keywords(wrapper, component.kwargs, where, positional=1)
    if problems:
        raise ConfigError(problems)


def _time_limit_problems(limit: object, env_id: str, source: str) -> list[str]:
    """Check the one keyword that ``gymnasium.make`` takes for itself."""
    if limit is None or (isinstance(limit, int) and (limit > 0 or limit == NO_TIME_LIMIT)):
        return []
    return [
        f"{env_id}.{source}.{TIME_LIMIT}: must be a number of steps, or -1 for no limit, "
        f"not {limit!r}"
    ]


def wrap_env(env: gym.Env[Any, Any], wrappers: tuple[Component, ...]) -> gym.Env[Any, Any]:
    """Apply wrappers, the innermost first."""
    for component in wrappers:
        env = WRAPPERS.load(component.name)(env, **component.kwargs)
    return env


class _EnvFunction:
    """Make one environment; an object so that a worker process can unpickle it."""

    def __init__(self, config: RunConfig, settings: StackSettings, rank: int) -> None:
        self.env_id = config.env_id
        self.mode = settings.mode
        self.kwargs = environment_kwargs(config, settings.mode)
        self.wrappers = config.env_wrappers
        self.monitor_kwargs = dict(config.monitor_kwargs)
        self.monitor_file = settings.monitor_files[rank] if settings.monitor_files else None
        self.elapsed = settings.elapsed
        self.render_mode = settings.render_mode
        self.gym_packages = settings.gym_packages
        self.is_in_worker = settings.vec_env == "subproc"
        self.action_seed = None if settings.seed is None else settings.seed + rank
        self.run_folder = settings.run_folder
        self.save_episodes = settings.save_episodes
        self.opened = settings.opened
        self.rank = rank

    def __call__(self) -> gym.Env[Any, Any]:
        if self.is_in_worker and multiprocessing.parent_process() is not None:
            # Ctrl-C and a closed terminal reach the whole process group; the main process decides.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        env = self.make_unmonitored()
        file_name = None if self.monitor_file is None else str(self.monitor_file)
        env = RunMonitor(env, file_name, elapsed=self.elapsed, **self.monitor_kwargs)
        episodes = self._episodes_folder()
        if episodes is not None:
            env = EpisodeRecorder(env, episodes, {"session_of_process": os.getpid()})
        if multiprocessing.parent_process() is not None:
            env = FaultReportWrapper(env)
        if self.action_seed is not None:
            env.action_space.seed(self.action_seed)
        return env

    def make_unmonitored(self) -> gym.Env[Any, Any]:
        """Make the environment with every layer that Monitor is around."""
        env = wrap_env(self._limited() if self.opened is not None else self.open(), self.wrappers)
        if self.mode == "evaluate" and env.has_wrapper_attr("finish_ramp"):
            env.get_wrapper_attr("finish_ramp")()  # the ramp of a prior belongs to training
        return EpisodeMetricsWrapper(EpisodeControlWrapper(env))

    def open(self) -> gym.Env[Any, Any]:
        """Open the innermost environment."""
        require_env(self.env_id, self.gym_packages)
        more: dict[str, Any] = {"render_mode": self.render_mode} if self.render_mode else {}
        if self.run_folder is not None and takes_run_folder(self.env_id):
            more["run_folder"] = str(self.run_folder)
        return gym.make(self.env_id, **self.kwargs, **more)

    def _limited(self) -> gym.Env[Any, Any]:
        """Return the environment that is open already with this configuration's time limit."""
        assert self.opened is not None
        own = gym.spec(registered_id(self.env_id)).max_episode_steps
        limit = self.kwargs.get(TIME_LIMIT, own)
        return self.opened if limit in (None, NO_TIME_LIMIT) else TimeLimit(self.opened, limit)

    def _episodes_folder(self) -> Path | None:
        """Return where to write episodes, None for nowhere."""
        if self.run_folder is None:
            return None
        wanted = self.save_episodes
        if wanted is None:
            wanted = self.mode == "train" and takes_run_folder(self.env_id)
        if not wanted:
            return None
        folder = self.run_folder / EPISODES
        return folder if self.rank == 0 else folder / f"environment_{self.rank}"


def environment_kwargs(config: RunConfig, mode: Mode) -> dict[str, Any]:
    """Return the environment's keywords in ``mode``."""
    evaluation = config.eval_env_kwargs if mode == "evaluate" else {}
    return {**config.env_kwargs, **evaluation}


def _normalized(env: VecEnv, config: RunConfig, settings: StackSettings) -> VecEnv:
    assert config.normalize is not None
    training = settings.mode == "train"
    try:
        normalized = RawTerminalVecNormalize(
            env, training=training, **normalize_kwargs(config.normalize, config.algo_kwargs)
        )
    except (ValueError, NotImplementedError) as error:
        raise ConfigError(f"{config.env_id}.normalize: {error}") from error
    if not training:
        normalized.norm_reward = settings.norm_reward and config.normalize.norm_reward
    if settings.normalizer is not None:
        normalized.adopt(settings.normalizer)
    return normalized


def normalize_kwargs(normalize: Normalize, algo_kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keywords of ``VecNormalize``; the discount defaults to the agent's."""
    gamma = normalize.gamma if normalize.gamma is not None else algo_kwargs.get("gamma", 0.99)
    keys = None if normalize.norm_obs_keys is None else list(normalize.norm_obs_keys)
    return {
        "norm_obs": normalize.norm_obs,
        "norm_reward": normalize.norm_reward,
        "clip_obs": normalize.clip_obs,
        "clip_reward": normalize.clip_reward,
        "gamma": gamma,
        "epsilon": normalize.epsilon,
        "norm_obs_keys": keys,
    }


def has_images_last(env: VecEnv) -> bool:
    """Say whether observations hold images with channels last (SB3's CNNs want them first)."""
    space = env.observation_space
    parts = space.spaces.values() if isinstance(space, gym.spaces.Dict) else [space]
    return any(is_image_space(part) and not is_image_space_channels_first(part) for part in parts)  # type: ignore[arg-type]
