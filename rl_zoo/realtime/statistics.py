"""Fold the ring's rows into normalisation statistics, as ``VecNormalize`` in a stack would."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.running_mean_std import RunningMeanStd
from stable_baselines3.common.vec_env import VecNormalize


class RowStatistics:
    """Keeps the statistics of a ``VecNormalize`` up to date without stepping it.

    ``VecNormalize`` counts every observation that a reset or step returns, where a step that ends
    an episode returns the first one of the next; and every discounted return, from the beginning of
    its episode, except those of interrupted steps (``RawTerminalVecNormalize``).

    Here a first observation is counted with the first transition of its episode: one step later.

    Args:
        normalizer: Of one environment; its statistics and running return are changed.
    """

    def __init__(self, normalizer: VecNormalize) -> None:
        self._normalizer: Any = normalizer
        self._none = np.zeros(normalizer.observation_space.shape or ())

    def fold(self, rows: NDArray[Any]) -> None:
        """Count transitions.

        Args:
            rows: That follow those counted before. Shape: (n,), of ``ring_layout.row_dtype``.
        """
        normalizer = self._normalizer
        if not normalizer.training:
            return
        if normalizer.norm_obs:
            self._fold_observations(normalizer.obs_rms, rows)
        self._fold_returns(normalizer.ret_rms, rows)

    def state(self) -> dict[str, float]:
        """Return what the normaliser's own file leaves out."""
        return {"return": float(self._normalizer.returns[0])}

    def restore(self, state: dict[str, float]) -> None:
        """Go on from ``state``."""
        self._normalizer.returns = np.array([state["return"]])

    def _fold_observations(self, statistics: RunningMeanStd, rows: NDArray[Any]) -> None:
        starts = rows["start"] != 0
        ends = (rows["terminated"] != 0) | (rows["truncated"] != 0)
        firsts, following = rows["observation"], rows["next_observation"]
        for index in range(len(rows)):
            # One observation is a batch of variance 0.
            if starts[index]:
                statistics.update_from_moments(firsts[index], self._none, 1)
            if not ends[index]:
                statistics.update_from_moments(following[index], self._none, 1)

    def _fold_returns(self, statistics: RunningMeanStd, rows: NDArray[Any]) -> None:
        total = float(self._normalizer.returns[0])
        gamma = self._normalizer.gamma
        columns = ("start", "reward", "discard", "terminated", "truncated")
        for start, reward, discard, terminated, truncated in zip(
            *(rows[name].tolist() for name in columns), strict=True
        ):
            total = (0.0 if start else total) * gamma + reward
            if not discard:
                statistics.update_from_moments(total, 0.0, 1)  # type: ignore[arg-type]
            if terminated or truncated:
                total = 0.0
        self._normalizer.returns = np.array([total])
