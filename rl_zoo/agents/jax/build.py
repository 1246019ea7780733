"""Build an agent of SBX from a run's configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rl_zoo import console
from rl_zoo.agents.jax.keywords import sbx_keywords
from rl_zoo.agents.jax.library import choose_device, sbx_class
from rl_zoo.config.model import RunConfig
from rl_zoo.errors import ConfigError

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm
    from stable_baselines3.common.vec_env import VecEnv


def check_jax_config(config: RunConfig) -> None:
    """Check what can be checked without an environment.

    Raises:
        ConfigError: If SBX has no such algorithm or hyperparameter.
        MissingDependencyError: If SBX is not installed.
    """
    from rl_zoo.agents.build import to_python

    values = {key: to_python(value) for key, value in config.algo_kwargs.items()}
    sbx_keywords(config, sbx_class(config.algo), values)


def build_jax_agent(
    config: RunConfig,
    env: VecEnv,
    values: Mapping[str, Any],
    given: Mapping[str, Any],
    *,
    for_inference: bool = False,
) -> BaseAlgorithm:
    """Build the algorithm of ``config`` on ``env`` with SBX.

    Args:
        config: The run.
        env: Its environment stack.
        values: The hyperparameters, with classes and functions in place of their names.
        given: Keywords that every algorithm gets beside them: seed, device, verbose,
            ``tensorboard_log``, ``action_noise``.
        for_inference: The agent will only act: nothing is said about hyperparameters.

    Raises:
        ConfigError: If SBX has no such algorithm, hyperparameter or device.
        MissingDependencyError: If SBX is not installed.
    """
    algorithm: Any = sbx_class(config.algo)
    choose_device(str(given["device"]))
    translated = sbx_keywords(config, algorithm, values)
    for note in () if for_inference else translated.notes:
        console.message(f"note: {note}")
    from rl_zoo.agents.jax.agent import agent_class

    keywords = {**translated.keywords, **given, "device": "cpu"}  # PyTorch's part: the buffers
    try:
        agent: BaseAlgorithm = agent_class(algorithm)(translated.policy, env, **keywords)
    except (AssertionError, TypeError, ValueError) as error:
        raise ConfigError(
            f"{config.algo} of SBX on {config.env_id}: "
            f"{' '.join(str(error).split()) or type(error).__name__}"
        ) from error
    if translated.stats_window_size is not None:
        agent._stats_window_size = translated.stats_window_size
    return agent
