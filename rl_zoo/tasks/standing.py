"""The baseline of every locomotion task: hold the default pose."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class StandingPolicy:
    """A policy that never moves; it is called like a trained model.

    Args:
        n_joints: Of the robot.
    """

    def __init__(self, n_joints: int) -> None:
        self.n_joints = n_joints

    def predict(
        self,
        observation: NDArray[np.float32],
        state: tuple[NDArray[np.float32], ...] | None = None,
        episode_start: NDArray[np.bool_] | None = None,
        deterministic: bool = True,
    ) -> tuple[NDArray[np.float32], tuple[NDArray[np.float32], ...] | None]:
        """Return the action that holds the default pose, whatever is observed.

        Args:
            observation: Shape: (n_obs,), or (n_envs, n_obs) of a vectorised environment.
            state: Returned as it is.
            episode_start: Not used.
            deterministic: Not used.

        Returns:
            Zero action of shape (n_joints,) or (n_envs, n_joints), and ``state``.
        """
        batch = np.shape(observation)[:-1]
        return np.zeros((*batch, self.n_joints), dtype=np.float32), state
