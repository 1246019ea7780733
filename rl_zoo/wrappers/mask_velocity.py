"""Hide the velocities in the observation."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.utils import RecordConstructorArgs
from numpy.typing import NDArray

from rl_zoo.errors import ConfigError
from rl_zoo.suggest import did_you_mean
from rl_zoo.wrappers.masked_ids import VELOCITY_INDICES

Observation = NDArray[Any]


class MaskVelocityWrapper(
    gym.ObservationWrapper[Observation, Any, Observation], RecordConstructorArgs
):
    """Set the velocities to zero: the task becomes partially observable.

    Args:
        env: One of the environments in ``masked_ids.VELOCITY_INDICES``.

    Attributes:
        mask: Factor of each entry, 0 or 1, in the type of the observation.

    Raises:
        ConfigError: If it is another one.
    """

    def __init__(self, env: gym.Env[Observation, Any]) -> None:
        RecordConstructorArgs.__init__(self)
        gym.ObservationWrapper.__init__(self, env)
        spec = env.unwrapped.spec
        env_id = "" if spec is None else spec.id
        if env_id not in VELOCITY_INDICES:
            raise ConfigError(
                f"MaskVelocityWrapper: it is not known where '{env_id}' has its velocities"
                f"{did_you_mean(env_id, VELOCITY_INDICES)}"
            )
        space = env.observation_space
        # Multiplied, not assigned: a NaN in a hidden entry must still be seen further out.
        self.mask = np.ones(space.shape or (), dtype=space.dtype)
        self.mask[list(VELOCITY_INDICES[env_id])] = 0

    def observation(self, observation: Observation) -> Observation:
        """Return the observation with zeros for velocities."""
        masked: Observation = observation * self.mask
        return masked
