"""The one function that builds the environment stack of every mode: train, evaluate, enjoy, tune.

Inner to outer: environment, TimeLimit, wrappers from YAML, EpisodeControl, EpisodeMetrics, Monitor,
recorder of episodes (a robot's), VecEnv, guard, VecEnv wrappers, VecNormalize, frame stack.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import gymnasium as gym
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

from rl_zoo.config.model import Normalize, RunConfig
from rl_zoo.envs.guarded import GuardedVecEnv
from rl_zoo.envs.normalize import RawTerminalVecNormalize
from rl_zoo.envs.single_env import (
    NO_TIME_LIMIT,
    TIME_LIMIT,
    Mode,
    SingleEnv,
    check_stack,
    telling_what_cannot_be_made,
)
from rl_zoo.errors import ConfigError
from rl_zoo.wrappers.episode_recorder import EpisodeRecorder
from rl_zoo.wrappers.fault_report import FaultReportWrapper
from rl_zoo.wrappers.monitor import RunMonitor
from rl_zoo.wrappers.registry import VEC_ENV_WRAPPERS


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
    with telling_what_cannot_be_made(config):
        if settings.vec_env == "dummy":
            return DummyVecEnv(list(functions))
        # A worker process that fails says only that it is gone: what can fail fails here first.
        functions[0].single.wrapped().close()
        return SubprocVecEnv(list(functions))


def open_environment(config: RunConfig, settings: StackSettings) -> gym.Env[Any, Any]:
    """Open the innermost environment alone, for several stacks after one another.

    It has no time limit: each stack built around it brings its own.

    Raises:
        ConfigError: If the environment does not exist or cannot be made.
        RobotFault: If a robot does not answer.
    """
    check_stack(config, settings.gym_packages)
    single = _EnvFunction(config, settings, rank=0).single
    with telling_what_cannot_be_made(config):
        return single.open(**{TIME_LIMIT: NO_TIME_LIMIT})


class _EnvFunction:
    """Make one environment; an object so that a worker process can unpickle it."""

    def __init__(self, config: RunConfig, settings: StackSettings, rank: int) -> None:
        self.single = SingleEnv(
            config,
            settings.mode,
            rank,
            settings.render_mode,
            settings.gym_packages,
            settings.run_folder,
            settings.save_episodes,
        )
        self.monitor_kwargs = dict(config.monitor_kwargs)
        self.monitor_file = settings.monitor_files[rank] if settings.monitor_files else None
        self.elapsed = settings.elapsed
        self.is_in_worker = settings.vec_env == "subproc"
        self.action_seed = None if settings.seed is None else settings.seed + rank
        self.opened = settings.opened

    def __call__(self) -> gym.Env[Any, Any]:
        if self.is_in_worker and multiprocessing.parent_process() is not None:
            # Ctrl-C and a closed terminal reach the whole process group; the main process decides.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        env = self.single.wrapped(self.opened)
        file_name = None if self.monitor_file is None else str(self.monitor_file)
        env = RunMonitor(env, file_name, elapsed=self.elapsed, **self.monitor_kwargs)
        episodes = self.single.episodes_folder()
        if episodes is not None:
            env = EpisodeRecorder(env, episodes, {"session_of_process": os.getpid()})
        if multiprocessing.parent_process() is not None:
            env = FaultReportWrapper(env)
        if self.action_seed is not None:
            env.action_space.seed(self.action_seed)
        return env


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
