"""How much time an environment lets pass between two actions."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np

Env = gym.Env[Any, Any]


def control_period(env: Env) -> float | None:
    """Return the time between two actions in s; None: the environment does not say."""
    if not env.has_wrapper_attr("dt"):
        return None
    period = float(env.get_wrapper_attr("dt"))
    return period if np.isfinite(period) and period > 0.0 else None
