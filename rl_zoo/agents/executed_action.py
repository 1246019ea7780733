"""Let off-policy agents learn from the action that was executed instead of the proposed one.

``SafetyWrapper: {store_action: executed}``: where the wrapper changed an action, the replay buffer
takes ``info["safe_action"]``, scaled as the algorithm scales its own. Both choices are sound. With
the proposed action the correction is part of the environment; with the executed one the critic sees
what really happened, but never the actions that were corrected. An on-policy algorithm needs the
probability of the action it proposed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rl_zoo.agents.capabilities import is_off_policy
from rl_zoo.config.model import RunConfig
from rl_zoo.errors import ConfigError
from rl_zoo.wrappers.action_meaning import changes_meaning
from rl_zoo.wrappers.registry import WRAPPERS

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm
    from stable_baselines3.common.vec_env import VecEnv

_SAFETY_WRAPPER = WRAPPERS.locate("SafetyWrapper")


def stores_executed_actions(config: RunConfig) -> bool:
    """Say whether the run asks for ``store_action: executed``."""
    return _guarding_wrapper(config) is not None


def stored_action_problems(config: RunConfig) -> list[str]:
    """Return one sentence if the executed action cannot be stored in this run."""
    place = _guarding_wrapper(config)
    if place is None:
        return []
    where = f"{config.env_id}.env_wrapper.SafetyWrapper.store_action"
    if not is_off_policy(config.algo):
        return [
            f"{where}: {config.algo} learns from the probability of the action that it proposed; "
            "use store_action: proposed, or an algorithm with a replay buffer"
        ]
    for component in config.env_wrappers[place + 1 :]:
        try:
            wrapper = WRAPPERS.load(component.name)
        except ConfigError:
            continue  # reported where wrappers are checked
        if changes_meaning(wrapper):
            return [
                f"{where}: 'executed' is not the agent's action, {component.name} outside of "
                "SafetyWrapper gives that another meaning; use store_action: proposed"
            ]
    return []


def store_executed_actions(config: RunConfig, agent: BaseAlgorithm, env: VecEnv) -> None:
    """Make the replay buffer of ``agent`` store executed actions, if the run asks for that.

    Args:
        config: The run.
        agent: A new agent.
        env: Its environment stack.

    Raises:
        ConfigError: If the executed action is not one of the agent's action space.
    """
    if not stores_executed_actions(config):
        return
    problems = stored_action_problems(config)
    if not problems and any(
        space != env.action_space for space in env.get_attr("safe_action_space")
    ):
        problems = [
            f"{config.env_id}.env_wrapper.SafetyWrapper.store_action: 'executed' needs the "
            f"agent's action space {env.action_space} to be that of SafetyWrapper"
        ]
    if problems:
        raise ConfigError(problems)
    memory: Any = getattr(agent, "replay_buffer", None)
    if memory is not None:
        from rl_zoo.agents.executed_replay import ExecutedActions
        from rl_zoo.agents.extended_buffer import extend

        extend(memory, ExecutedActions)


def _guarding_wrapper(config: RunConfig) -> int | None:
    """Return the place of the SafetyWrapper that asks for executed actions, if there is one."""
    for index, component in enumerate(config.env_wrappers):
        if component.kwargs.get("store_action") != "executed":
            continue
        try:
            if WRAPPERS.locate(component.name) == _SAFETY_WRAPPER:
                return index
        except ConfigError:
            continue  # reported where wrappers are checked
    return None
