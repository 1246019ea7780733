"""Which wrappers give the agent's action a meaning that the inner action does not have."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

_NEW_MEANING = frozenset({"CPGResidualWrapper", "JointPDWrapper", "TaskConstraintsWrapper"})
_FILTERS = frozenset({"ActionFilterWrapper", "LowPassFilterWrapper", "ActionSmoothingWrapper"})


def changes_meaning(wrapper: object) -> bool:
    """Say whether the action of this wrapper (class) is of another kind than the one inside it.

    A filter, a limit or a delay leaves the kind alone: what it executes could have been the agent's
    action. A residual, a gain or another scale does not.
    """
    if not isinstance(wrapper, type):
        return False
    return wrapper.__name__ in _NEW_MEANING or issubclass(wrapper, gym.ActionWrapper)


def is_filter(wrapper: type) -> bool:
    """Say whether this wrapper (class) executes something else than the action it is given."""
    return wrapper.__name__ in _FILTERS


def held_action(env: gym.Env[Any, Any]) -> NDArray[np.float64] | None:
    """Return the action of ``env`` that equals the command held now, a copy; None: unknown.

    It is the attribute ``current_action`` of an inner layer, unless a layer outside of that gives
    actions another meaning or shape.
    """
    space: Any = env.action_space
    layer: Any = env
    while not hasattr(layer, "current_action"):
        if not isinstance(layer, gym.Wrapper) or changes_meaning(type(layer)):
            return None
        layer = layer.env
    held = np.array(layer.current_action, dtype=np.float64)
    return held if held.shape == space.shape else None
