"""Build the agent that a configuration describes."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_zoo.agents.algorithms import algorithm_class
from rl_zoo.agents.backends import apply_backend
from rl_zoo.agents.capabilities import WITHOUT_DICT
from rl_zoo.agents.compiler_import import put_off_compiler_import
from rl_zoo.agents.discard import honour_discards
from rl_zoo.agents.executed_action import store_executed_actions
from rl_zoo.agents.schedules import schedule_function
from rl_zoo.config.jax_parameters import check_without_jax
from rl_zoo.config.model import ActionNoise, RunConfig, Schedule, Symbol
from rl_zoo.errors import ConfigError
from rl_zoo.registry import import_object

if TYPE_CHECKING:
    from gymnasium import spaces
    from stable_baselines3.common.base_class import BaseAlgorithm
    from stable_baselines3.common.noise import ActionNoise as SB3ActionNoise
    from stable_baselines3.common.vec_env import VecEnv


@dataclass(frozen=True)
class BuildSettings:
    """What the agent needs beyond the run's configuration."""

    seed: int | None = None
    device: str = "auto"
    """``auto``, ``cpu``, ``cuda`` or ``cuda:<n>``."""
    tensorboard_log: Path | None = None
    verbose: int = 0
    for_inference: bool = False
    """Allocate no replay memory: the agent will only act."""
    backend: str = "auto"
    """One of ``rl_zoo.agents.backends.BACKENDS``."""


def build_agent(config: RunConfig, env: VecEnv, settings: BuildSettings) -> BaseAlgorithm:
    """Build the algorithm of ``config`` on ``env``.

    Raises:
        ConfigError: If the algorithm cannot handle the environment's spaces, the device does not
            exist or a hyperparameter does not fit the environment.
    """
    check_action_space(config, env)
    check_observation_space(config, env)
    kwargs = {key: to_python(value) for key, value in config.algo_kwargs.items()}
    parameters = inspect.signature(algorithm_class(config.algo)).parameters
    if settings.for_inference and "buffer_size" in parameters:
        kwargs["buffer_size"] = 1
        kwargs.pop("replay_buffer_class", None)
        kwargs.pop("replay_buffer_kwargs", None)
        kwargs["optimize_memory_usage"] = False
    given = _keywords_of_runner(config, env, settings)
    if settings.backend == "jax":
        from rl_zoo.agents.jax.build import build_jax_agent

        quiet = settings.for_inference
        agent = build_jax_agent(config, env, kwargs, given, for_inference=quiet)
    else:
        agent = _build_torch_agent(config, env, {**kwargs, **given})
    honour_discards(agent, env)
    store_executed_actions(config, agent, env)
    if not settings.for_inference:
        apply_backend(agent, settings.backend)
    return agent


def _build_torch_agent(config: RunConfig, env: VecEnv, kwargs: dict[str, Any]) -> BaseAlgorithm:
    check_without_jax(config)
    check_device(kwargs["device"])
    agent_class = algorithm_class(config.algo)
    put_off_compiler_import()
    policy = (
        import_object(config.policy, kind="policy") if _is_path(config.policy) else config.policy
    )
    try:
        agent: BaseAlgorithm = agent_class(policy=policy, env=env, **kwargs)
    except (AssertionError, TypeError, ValueError) as error:
        raise ConfigError(
            f"{config.algo} on {config.env_id}: {str(error).strip() or type(error).__name__}"
        ) from error
    return agent


def _keywords_of_runner(config: RunConfig, env: VecEnv, settings: BuildSettings) -> dict[str, Any]:
    """Return the keywords of the algorithm that are not hyperparameters."""
    keywords: dict[str, Any] = {
        "seed": settings.seed,
        "device": settings.device,
        "verbose": settings.verbose,
    }
    if config.action_noise is not None:
        keywords["action_noise"] = _make_action_noise(config.action_noise, env.action_space)
    if settings.tensorboard_log is not None:
        keywords["tensorboard_log"] = str(settings.tensorboard_log)
    return keywords


def to_python(value: Any) -> Any:
    """Replace every Schedule and Symbol inside ``value`` by what it stands for."""
    if isinstance(value, Schedule):
        return schedule_function(value)
    if isinstance(value, Symbol):
        return import_object(value.path)
    if isinstance(value, Mapping):
        return {key: to_python(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(to_python(item) for item in value)
    return value


def check_device(device: str) -> None:
    """Raise ConfigError if ``device`` is not on this machine."""
    import torch

    if device == "auto":
        return
    try:
        wanted = torch.device(device)
        if wanted.type != "cuda":
            torch.zeros(1, device=wanted).item()
    except (RuntimeError, NotImplementedError, AssertionError) as error:
        raise ConfigError(f"--device {device}: not a device; use auto, cpu or cuda") from error
    if wanted.type == "cuda" and (wanted.index or 0) >= torch.cuda.device_count():
        raise ConfigError(
            f"--device {device}: this machine has no usable CUDA device of that number; "
            "use --device cpu"
        )


def check_action_space(config: RunConfig, env: VecEnv) -> None:
    """Raise ConfigError if the algorithm cannot handle the action space, naming ones that can."""
    from gymnasium import spaces

    from rl_zoo.agents.capabilities import algorithms_for, supports

    space = env.action_space
    if not supports(config.algo, space):
        raise ConfigError(
            f"--algo {config.algo}: cannot handle the action space {space} of {config.env_id}; "
            f"use one of {', '.join(algorithms_for(space))}"
        )
    if config.action_noise is not None and not isinstance(space, spaces.Box):
        raise ConfigError(
            f"{config.env_id}.noise_type: action noise needs a continuous (Box) action space"
        )


def check_observation_space(config: RunConfig, env: VecEnv) -> None:
    """Raise ConfigError if the algorithm cannot handle Dict observations and gets them."""
    from gymnasium import spaces

    if config.algo in WITHOUT_DICT and isinstance(env.observation_space, spaces.Dict):
        raise ConfigError(
            f"--algo {config.algo}: cannot handle the Dict observations of {config.env_id}; add "
            "env_wrapper: gymnasium.wrappers.FlattenObservation or use another algorithm"
        )


def _make_action_noise(noise: ActionNoise, space: spaces.Space[Any]) -> SB3ActionNoise:
    import numpy as np
    from stable_baselines3.common.noise import NormalActionNoise, OrnsteinUhlenbeckActionNoise

    if not space.shape:
        raise ConfigError("noise_type: action noise needs a continuous (Box) action space")
    mean = np.zeros(space.shape)
    deviation = noise.std * np.ones(space.shape)
    if noise.kind == "normal":
        return NormalActionNoise(mean=mean, sigma=deviation)
    return OrnsteinUhlenbeckActionNoise(mean=mean, sigma=deviation)


def _is_path(policy: str) -> bool:
    return "." in policy or ":" in policy
