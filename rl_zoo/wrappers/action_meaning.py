"""Which wrappers give the agent's action a meaning that the inner action does not have."""

from __future__ import annotations

import gymnasium as gym

_NEW_MEANING = frozenset({"CPGResidualWrapper", "JointPDWrapper", "TaskConstraintsWrapper"})


def changes_meaning(wrapper: object) -> bool:
    """Say whether the action of this wrapper (class) is of another kind than the one inside it.

    A filter, a limit or a delay leaves the kind alone: what it executes could have been the agent's
    action. A residual, a gain or another scale does not.
    """
    if not isinstance(wrapper, type):
        return False
    return wrapper.__name__ in _NEW_MEANING or issubclass(wrapper, gym.ActionWrapper)
