"""What a bundle carries of a ``SafetyWrapper``: its limits as they are at the time of export."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np

from rl_zoo.deploy.layers.safety import BoxSafetyLayer, RobotSafetyLayer, SafetyLayer
from rl_zoo.robots.observed_state import ObservedPart, ObservedState
from rl_zoo.robots.spec import FloatArray
from rl_zoo.tasks.observation import DEFLECTION_SCALE, GYRO_SCALE, JOINT_VELOCITY_SCALE
from rl_zoo.wrappers.safe_actions import RobotActions
from rl_zoo.wrappers.safety import SafetyWrapper

_SCALES = {
    "gravity": 1.0,
    "gyroscope": GYRO_SCALE,
    "joint_positions": 1.0,
    "joint_velocities": JOINT_VELOCITY_SCALE,
    "spring_deflections": DEFLECTION_SCALE,
}
_PROBES = 20


def safety_layer(wrapper: SafetyWrapper) -> SafetyLayer | None:
    """Return the layer that does what ``wrapper`` does.

    Returns:
        None if its robot's actions are no positions around a default pose: then it stays with the
        environment.
    """
    guarded = wrapper.guarded_actions
    if not isinstance(guarded, RobotActions):
        return BoxSafetyLayer(guarded.actions.box, guarded.actions.limits, wrapper.penalty)
    scaling = _scaling(wrapper.env)
    if scaling is None:
        return None
    observed = _observed(wrapper.unwrapped)
    return RobotSafetyLayer(guarded.limits, guarded.actions.box, scaling, observed, wrapper.penalty)


def _scaling(env: gym.Env[Any, Any]) -> tuple[FloatArray, FloatArray] | None:
    """Return default pose and rad per action if that is, bit for bit, what actions mean."""
    spec = env.get_wrapper_attr("robot_spec")
    to_positions = env.get_wrapper_attr("action_to_positions")
    to_action = env.get_wrapper_attr("positions_to_action")
    pose, ranges = spec.default_pose, spec.action_ranges
    rng = np.random.default_rng(0)
    for action in rng.uniform(-2.0, 2.0, (_PROBES, spec.n_joints)):
        positions = pose + ranges * action
        if not np.array_equal(to_positions(action), positions):
            return None
        if not np.array_equal(to_action(positions), (positions - pose) / ranges):
            return None
    return pose, ranges


def _observed(env: Any) -> ObservedState | None:
    """Return how to read the state from the observation of one of our robot environments."""
    sizes, spec = getattr(env, "observation_parts", None), getattr(env, "robot_spec", None)
    if sizes is None or spec is None:
        return None
    parts, start = {}, 0
    for name, size in sizes.items():
        if name in _SCALES:
            parts[name] = ObservedPart(start, size, _SCALES[name])
        start += size
    return ObservedState(start, parts, tuple(spec.default_pose.tolist()), spec.is_elastic)
