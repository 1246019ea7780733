"""Replay buffers that hold the action that was executed."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from stable_baselines3.common.buffers import ReplayBuffer


class ExecutedActions(ReplayBuffer):
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

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Pickle (and copy) as the buffer of the library, which needs nothing of this package."""
        reduced: Any = super().__reduce_ex__(protocol)
        create, arguments, *rest = reduced
        plain = next(kind for kind in type(self).__mro__ if _is_of_a_library(kind))
        return (create, (plain, *arguments[1:]), *rest)


def _is_of_a_library(kind: type) -> bool:
    module = sys.modules[kind.__module__]
    is_ours = kind.__module__.startswith("rl_zoo.")
    return not is_ours and getattr(module, kind.__qualname__, None) is kind
