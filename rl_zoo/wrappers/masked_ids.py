"""Environments whose velocities are hidden, for agents with memory: ``CartPoleNoVel-v1`` etc.

Importing this module does not import Gymnasium.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rl_zoo.errors import MissingDependencyError

if TYPE_CHECKING:
    import gymnasium as gym

VELOCITY_INDICES: Mapping[str, tuple[int, ...]] = {
    "CartPole-v1": (1, 3),
    "LunarLander-v3": (2, 3, 5),
    "LunarLanderContinuous-v3": (2, 3, 5),
    "MountainCar-v0": (1,),
    "MountainCarContinuous-v0": (1,),
    "Pendulum-v1": (2,),
}
"""Where the velocities are in the observation of each environment that can be masked."""

MASKED_ENVIRONMENTS: Mapping[str, str] = {
    env_id.replace("-v", "NoVel-v"): env_id for env_id in VELOCITY_INDICES
}
"""Id of the environment without velocities -> id of the one with them."""


def register_masked_environments() -> None:
    """Make the ids known to Gymnasium; a second call changes nothing."""
    import gymnasium as gym

    for masked_id, env_id in MASKED_ENVIRONMENTS.items():
        original = gym.registry.get(env_id)
        if original is None or masked_id in gym.registry:
            continue
        gym.register(
            masked_id,
            entry_point="rl_zoo.wrappers.masked_ids:make_masked",
            reward_threshold=original.reward_threshold,
            max_episode_steps=original.max_episode_steps,
            disable_env_checker=original.disable_env_checker,
            kwargs={"env_id": env_id},
        )


def make_masked(env_id: str, **kwargs: Any) -> gym.Env[Any, Any]:
    """Make ``env_id`` with its velocities hidden; the registration adds the time limit.

    Raises:
        MissingDependencyError: If a package that the environment needs is not installed.
    """
    import gymnasium as gym

    from rl_zoo.wrappers.mask_velocity import MaskVelocityWrapper

    try:
        env: gym.Env[Any, Any] = gym.make(
            env_id, max_episode_steps=-1, disable_env_checker=True, **kwargs
        )
    except gym.error.DependencyNotInstalled as error:
        raise MissingDependencyError(f"environment '{env_id}': {error}") from error
    return MaskVelocityWrapper(env)
