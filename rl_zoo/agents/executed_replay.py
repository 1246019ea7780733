"""Replay buffers that hold the action that was executed."""

from __future__ import annotations

from typing import Any

import numpy as np

from rl_zoo.agents.extended_buffer import ExtendedReplayBuffer


class ExecutedActions(ExtendedReplayBuffer):
    """Mixin for replay buffers: ``info["safe_action"]`` replaces an action that was changed."""

    def add(
        self,
        obs: Any,
        next_obs: Any,
        action: np.ndarray,
        reward: np.ndarray,
        done: np.ndarray,
        infos: list[dict[str, Any]],
    ) -> None:
        """Store a step of every environment with the action that was executed."""
        stored = np.array(action)
        space: Any = self.action_space
        low, high = space.low, space.high
        for index, info in enumerate(infos):
            executed = info.get("safe_action")
            # One that was not changed keeps its bits: scaling back and forth rounds.
            if executed is not None and not np.array_equal(executed, info["action_proposed"]):
                scaled = 2.0 * (np.asarray(executed) - low) / (high - low) - 1.0
                stored[index] = scaled.reshape(stored[index].shape)
        super().add(obs, next_obs, stored, reward, done, infos)
