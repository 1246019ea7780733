"""What the layers of a bundle would have said and done as Gymnasium wrappers."""

from __future__ import annotations

import math
from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np

from rl_zoo.deploy.layers.safety import SafetyLayer
from rl_zoo.deploy.metadata import ArrayLayout
from rl_zoo.deploy.runtime import Policy
from rl_zoo.robots.driver import RobotState
from rl_zoo.robots.safe_actions import SafeAction
from rl_zoo.wrappers.safety_report import SafetyReport

_EXECUTING = frozenset({"action_filter", "action_smoothing", "cpg_residual", "safety"})
"""Layers whose wrappers report the executed action."""


class LayersWrapper(gym.Wrapper[Any, Any, Any, Any]):
    """Directly around the environment of a bundle: give it the action that the layers made.

    Safety layers say what they did, take their penalty and end episodes as ``SafetyWrapper`` does.
    Outside of it an action is the network's, as outside of the layers' wrappers in training, so
    that everything that is measured there means the same.

    Args:
        env: Environment up to the boundary where the bundle takes over.
        policy: The bundle.
    """

    def __init__(self, env: gym.Env[Any, Any], policy: Policy) -> None:
        super().__init__(env)
        self._policy = policy
        self._executed: Any = None
        self._tells_executed = any(layer.kind in _EXECUTING for layer in policy.layers)
        self._guards = [_Guard(layer) for layer in policy.layers if isinstance(layer, SafetyLayer)]
        proposed = policy.metadata.proposed
        if proposed is not None:
            self.action_space = _box(proposed)

    def take(self, executed: Any) -> Any:
        """Keep the action that the next step executes; return the one the network proposed."""
        self._executed = executed
        for guard in self._guards:
            guard.note()
        return np.array(self._policy.network.output[0]) if self._policy.layers else executed

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Reset the environment and what is added up over an episode."""
        for guard in self._guards:
            guard.report.begin_episode()
        return self.env.reset(seed=seed, options=options)

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step the environment with the action given to ``take``."""
        executed = self._executed
        observation, reward, terminated, truncated, info = self.env.step(executed)
        for guard in self._guards:  # the innermost first, as their wrappers
            reached, stop = guard.layer.judge(self._robot_state())
            stop = guard.safe.stop or stop
            correction = guard.report.add(info, guard.proposed, guard.safe, reached, stop)
            terminated, truncated = guard.report.end(info, stop, terminated, truncated)
            if guard.layer.penalty:
                reward = float(reward) - guard.layer.penalty * correction
        if self._tells_executed:
            info["action_proposed"] = action
            info.setdefault("action_executed", executed)  # the environment may have its own
        return observation, reward, terminated, truncated, info

    def _robot_state(self) -> RobotState | None:
        state = getattr(self.env.unwrapped, "robot_state", None)
        return state if isinstance(state, RobotState) else None


class _Guard:
    """A safety layer and what it did in this step."""

    safe: SafeAction
    proposed: Any

    def __init__(self, layer: SafetyLayer) -> None:
        self.layer = layer
        self.report = SafetyReport(layer.names, layer.weights, layer.low, layer.high)

    def note(self) -> None:
        """Keep what the layer just decided, before the environment goes on."""
        safe = self.layer.last
        assert safe is not None, "a policy acts before its environment"
        self.safe, self.proposed = safe, self.layer.proposed


def _box(layout: ArrayLayout) -> gym.spaces.Box:
    dtype = np.dtype(layout.dtype)
    low = -np.inf if layout.low is None else np.reshape(layout.low, -1)
    high = np.inf if layout.high is None else np.reshape(layout.high, -1)
    n_entries = math.prod(layout.shape)
    return gym.spaces.Box(
        np.broadcast_to(low, n_entries).reshape(layout.shape).astype(dtype),
        np.broadcast_to(high, n_entries).reshape(layout.shape).astype(dtype),
        dtype=dtype,
    )
