"""One environment with every layer that needs no SB3: what a stack, or the actor, is built around.

Inner to outer: environment, TimeLimit, wrappers from YAML, EpisodeControl, EpisodeMetrics.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import gymnasium as gym
from gymnasium.wrappers import TimeLimit

from rl_zoo.config.model import Component, RunConfig
from rl_zoo.envs.ids import registered_id, require_env, takes_run_folder
from rl_zoo.errors import ConfigError, ZooError
from rl_zoo.registry import check_keywords, import_object
from rl_zoo.runs.episode_file import EPISODES
from rl_zoo.wrappers.episode_control import EpisodeControlWrapper
from rl_zoo.wrappers.episode_metrics import EpisodeMetricsWrapper
from rl_zoo.wrappers.registry import VEC_ENV_WRAPPERS, WRAPPERS

Mode = Literal["train", "evaluate"]
TIME_LIMIT = "max_episode_steps"
"""Key of ``env_kwargs`` that changes the time limit of any environment."""
NO_TIME_LIMIT = -1


@dataclass(frozen=True)
class SingleEnv:
    """How to make one environment of a configuration; pickled into worker processes."""

    config: RunConfig
    mode: Mode = "train"
    rank: int = 0
    """Number of the environment among several."""
    render_mode: str | None = None
    gym_packages: tuple[str, ...] = ()
    run_folder: Path | None = None
    """Where an environment of a robot keeps what belongs to the run."""
    save_episodes: bool | None = None
    """Write every episode into ``run_folder``; None: those of a robot that is trained."""

    def open(self, **more: Any) -> gym.Env[Any, Any]:
        """Open the innermost environment.

        Args:
            more: Keywords over the configuration's.
        """
        env_id = self.config.env_id
        require_env(env_id, self.gym_packages)
        given = {**environment_kwargs(self.config, self.mode), **more}
        if self.render_mode:
            given["render_mode"] = self.render_mode
        if self.run_folder is not None and takes_run_folder(env_id):
            given["run_folder"] = str(self.run_folder)
        return gym.make(env_id, **given)

    def wrapped(self, opened: gym.Env[Any, Any] | None = None) -> gym.Env[Any, Any]:
        """Return the environment with its layers.

        Args:
            opened: An open environment without time limit to build them around; None: open one.
        """
        inner = self.open() if opened is None else self._limited(opened)
        env = wrap_env(inner, self.config.env_wrappers)
        if self.mode == "evaluate" and env.has_wrapper_attr("finish_ramp"):
            env.get_wrapper_attr("finish_ramp")()  # the ramp of a prior belongs to training
        return EpisodeMetricsWrapper(EpisodeControlWrapper(env))

    def episodes_folder(self) -> Path | None:
        """Return where to write episodes, None for nowhere."""
        if self.run_folder is None:
            return None
        wanted = self.save_episodes
        if wanted is None:
            wanted = self.mode == "train" and takes_run_folder(self.config.env_id)
        if not wanted:
            return None
        folder = self.run_folder / EPISODES
        return folder if self.rank == 0 else folder / f"environment_{self.rank}"

    def _limited(self, opened: gym.Env[Any, Any]) -> gym.Env[Any, Any]:
        own = gym.spec(registered_id(self.config.env_id)).max_episode_steps
        limit = environment_kwargs(self.config, self.mode).get(TIME_LIMIT, own)
        return opened if limit in (None, NO_TIME_LIMIT) else TimeLimit(opened, limit)


def environment_kwargs(config: RunConfig, mode: Mode) -> dict[str, Any]:
    """Return the environment's keywords in ``mode``."""
    evaluation = config.eval_env_kwargs if mode == "evaluate" else {}
    return {**config.env_kwargs, **evaluation}


@contextlib.contextmanager
def telling_what_cannot_be_made(config: RunConfig) -> Iterator[None]:
    """Turn what an environment raises while it is made into one sentence.

    Raises:
        ConfigError: Naming the environment.
    """
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
