"""What a bundle says about observations, actions and the robot, read from the environment."""

from __future__ import annotations

import importlib.metadata
import platform
from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from rl_zoo.deploy.metadata import ActionLayout, ArrayLayout, Part
from rl_zoo.errors import ConfigError
from rl_zoo.robots.spec import RobotSpec
from rl_zoo.tasks.observation_meaning import MEANINGS

Env = gym.Env[Any, Any]
OBSERVATION, ACTION = "observation", "action"
PACKAGES = (
    "rl_zoo",
    "torch",
    "stable-baselines3",
    "sb3-contrib",
    "gymnasium",
    "mujoco",
    "numpy",
    "onnx",
    "onnxruntime",
)
_KINDS: Mapping[type, str] = {
    spaces.Box: "box",
    spaces.Discrete: "discrete",
    spaces.MultiDiscrete: "multi_discrete",
    spaces.MultiBinary: "multi_binary",
}


def observation_layouts(space: spaces.Space[Any], env: Env) -> tuple[ArrayLayout, ...]:
    """Describe the observation, entry by entry where the environment is a robot's.

    Args:
        space: Of the observation at the boundary.
        env: The environment inside of the boundary.

    Raises:
        ConfigError: If a part is no array of numbers.
    """
    if isinstance(space, spaces.Dict):
        return tuple(array_layout(key, part) for key, part in space.spaces.items())
    return (array_layout(OBSERVATION, space, _observation_parts(space, env)),)


def action_layout(space: spaces.Space[Any], env: Env) -> ActionLayout:
    """Describe the action.

    Args:
        space: Of the action at the boundary.
        env: The environment inside of the boundary.

    Raises:
        ConfigError: If there is no policy for such actions.
    """
    kind = _KINDS.get(type(space))
    if kind is None:
        raise ConfigError(f"action space {space}: no policy acts in it")
    choices: tuple[int, ...] = ()
    if isinstance(space, spaces.Discrete):
        choices = (int(space.n),)
    elif isinstance(space, spaces.MultiDiscrete):
        choices = tuple(int(n) for n in space.nvec.ravel())
    elif isinstance(space, spaces.MultiBinary):
        choices = (2,) * int(np.prod(space.shape))
    return ActionLayout(kind, array_layout(ACTION, space, _action_parts(space, env)), choices)


def array_layout(name: str, space: spaces.Space[Any], parts: tuple[Part, ...] = ()) -> ArrayLayout:
    """Describe one array.

    Raises:
        ConfigError: If the space is not one of arrays.
    """
    if type(space) not in _KINDS:
        raise ConfigError(f"{name}: {space} is no array of numbers")
    dtype = str(np.dtype(space.dtype if space.dtype is not None else np.int64))
    low, high = (None, None)
    if isinstance(space, spaces.Box):
        low, high = _bound(space.low), _bound(space.high)
    return ArrayLayout(name, tuple(space.shape or ()), dtype, low, high, parts)


def describe_robot_of(env: Env) -> dict[str, Any] | None:
    """Return the robot of an environment as plain data; None: it has none."""
    if not env.has_wrapper_attr("robot_spec"):
        return None
    spec: RobotSpec = env.get_wrapper_attr("robot_spec")
    joints = [
        {
            "name": joint.name,
            "default_position": joint.default_position,
            "lower_limit": joint.lower_limit,
            "upper_limit": joint.upper_limit,
            "max_velocity": joint.max_velocity,
            "max_torque": joint.max_torque,
            "action_range": joint.action_range,
            "kp": float(spec.kp[index]),
            "kd": float(spec.kd[index]),
        }
        for index, joint in enumerate(spec.joints)
    ]
    return {
        "name": spec.name,
        "mass": spec.mass,
        "standing_height": spec.standing_height,
        "control_frequency": spec.control_frequency,
        "elastic": spec.is_elastic,
        "feet": list(spec.feet),
        "joints": joints,
    }


def installed_versions() -> dict[str, str]:
    """Return the versions of what had a part in the policy."""
    versions = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def _bound(values: np.ndarray) -> tuple[float, ...] | float | None:
    """Return one number where all are the same; None where none is finite."""
    flat = np.asarray(values, np.float64).ravel()
    if not np.isfinite(flat).any():
        return None
    if flat.size and (flat == flat[0]).all():
        return float(flat[0])
    largest = float(np.finfo(np.float32).max)  # JSON knows no infinity
    return tuple(np.clip(flat, -largest, largest).tolist())


def _observation_parts(space: spaces.Space[Any], env: Env) -> tuple[Part, ...]:
    if not (env.has_wrapper_attr("observation_parts") and env.has_wrapper_attr("robot_spec")):
        return ()
    sizes: Mapping[str, int] = env.get_wrapper_attr("observation_parts")
    if space.shape != (sum(sizes.values()),):
        return ()  # another wrapper made something else of it
    spec: RobotSpec = env.get_wrapper_attr("robot_spec")
    parts, start = [], 0
    for name, size in sizes.items():
        meaning = MEANINGS.get(name)
        if meaning is None:
            parts.append(Part(name, start, size))
        else:
            parts.append(
                Part(
                    name,
                    start,
                    size,
                    meaning.unit,
                    meaning.frame,
                    meaning.scale,
                    meaning.names(spec),
                    meaning.note,
                )
            )
        start += size
    return tuple(parts)


def _action_parts(space: spaces.Space[Any], env: Env) -> tuple[Part, ...]:
    if not env.has_wrapper_attr("robot_spec"):
        return ()
    spec: RobotSpec = env.get_wrapper_attr("robot_spec")
    if space.shape != (spec.n_joints,) or not env.has_wrapper_attr("action_to_positions"):
        return ()
    note = "target of the motor: default_position + action_range * action"
    parts = [
        Part(name, index, 1, "rad", "joint", 1.0 / float(reach), (name,), note)
        for index, (name, reach) in enumerate(
            zip(spec.joint_names, spec.action_ranges, strict=True)
        )
    ]
    return tuple(parts)
