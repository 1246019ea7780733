"""Whether a bundle belongs to an environment: spaces, joints, poses and the control period."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces

from rl_zoo.deploy.metadata import ActionLayout, ArrayLayout, Metadata
from rl_zoo.errors import ConfigError, DamagedFileError

_SAME = 1e-6
"""Relative difference up to which two numbers of a robot are the same."""
_LARGEST = float(np.finfo(np.float64).max)
_ROBOT_VALUES = (
    ("default pose", "rad", ("default_pose", "default_position"), "default_pose"),
    ("action range", "rad", ("action_ranges", "action_range"), "action_ranges"),
)
"""What is compared joint by joint: name, unit, names in a bundle, name in a ``RobotSpec``."""


def check_fits(metadata: Metadata, env: gym.Env[Any, Any], source: str, env_id: str) -> None:
    """Check that a policy can act in ``env`` as it did where it was trained.

    Args:
        metadata: What the bundle says.
        env: Environment up to the boundary where the bundle takes over.
        source: Name of the bundle, for messages.
        env_id: Name of the environment, for messages.

    Raises:
        ConfigError: In one sentence that names both sides of the first difference.
        DamagedFileError: If the bundle's description of the robot is not readable.
    """
    try:
        problems = _problems(metadata, env)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        raise DamagedFileError(
            f"{source}: its metadata is damaged ({type(error).__name__}: {error}); export it again"
        ) from error
    for problem in problems:
        if problem is not None:
            raise ConfigError(f"{source} does not fit {env_id}: {problem}")


def _problems(metadata: Metadata, env: gym.Env[Any, Any]) -> tuple[str | None, ...]:
    robot = _robot_of(env)
    return (
        _joint_problem(metadata, robot),
        _observation_problem(metadata, env.observation_space),
        _action_problem(metadata.action, env.action_space),
        _robot_problem(metadata, robot),
        _period_problem(metadata, env),
    )


def _robot_of(env: gym.Env[Any, Any]) -> Any:
    """Return the ``RobotSpec`` of an environment; None: it has no robot."""
    return env.get_wrapper_attr("robot_spec") if env.has_wrapper_attr("robot_spec") else None


def _joint_problem(metadata: Metadata, robot: Any) -> str | None:
    if metadata.robot is None or robot is None:
        return None
    trained, here = joint_names(metadata.robot), list(robot.joint_names)
    if not trained or trained == here:
        return None
    name = metadata.robot.get("name", "unknown")
    same = name == robot.name
    start = "" if same else f"it is for the robot '{name}', this is '{robot.name}'; "
    if sorted(trained) == sorted(here):
        index = next(
            i for i, pair in enumerate(zip(trained, here, strict=True)) if len({*pair}) > 1
        )
        return f"{start}joint {index} is '{trained[index]}' there and '{here[index]}' here"
    parts = [
        f"{text} {', '.join(names[:4])}" + (" ..." if len(names) > 4 else "")
        for text, names in (
            ("it commands", [joint for joint in trained if joint not in here]),
            ("the robot here has", [joint for joint in here if joint not in trained]),
        )
        if names
    ]
    return start + ", ".join(parts)


def joint_names(robot: Mapping[str, Any]) -> list[str]:
    """Return the joints of a robot as a bundle describes it, in order."""
    if "joint_names" in robot:
        return [str(name) for name in robot["joint_names"]]
    joints = robot.get("joints", ())
    if isinstance(joints, Mapping):
        return [str(name) for name in joints]
    return [str(joint["name"]) for joint in joints]


def _observation_problem(metadata: Metadata, space: spaces.Space[Any]) -> str | None:
    is_dict = isinstance(space, spaces.Dict)
    if metadata.observation_is_dict != is_dict:
        kinds = ("one array", "a Dict")
        return (
            f"the policy sees {kinds[metadata.observation_is_dict]}, this environment shows "
            f"{kinds[is_dict]}"
        )
    for layout in metadata.observation:
        if isinstance(space, spaces.Dict):
            if layout.name not in space.spaces:
                return (
                    f"the policy sees '{layout.name}', this environment shows "
                    f"{', '.join(space.spaces)}"
                )
            problem = _array_problem(layout, space.spaces[layout.name], "observation ")
        else:
            problem = _array_problem(layout, space, "")
        if problem is not None:
            return problem
    return None


def _array_problem(layout: ArrayLayout, space: spaces.Space[Any], prefix: str) -> str | None:
    name = f"{prefix}{layout.name}"
    if space.shape is None or tuple(space.shape) != layout.shape:
        return f"the policy's {name} has shape {layout.shape}, that here {space.shape}"
    here = np.dtype(space.dtype if space.dtype is not None else layout.dtype)
    trained = np.dtype(layout.dtype)
    if (here.kind == "f") != (trained.kind == "f"):
        return f"the policy's {name} is made of {trained}, that here of {here}"
    return None


def _action_problem(action: ActionLayout, space: spaces.Space[Any]) -> str | None:
    kind, n = _kind_of(space)
    if kind != action.kind:
        return f"the policy's action is {_spoken(action.kind)}, here it is {_spoken(kind)}"
    if action.n and n != action.n:
        return f"the policy chooses among {_listed(action.n)} actions, here there are {_listed(n)}"
    problem = _array_problem(action.array, space, "")
    if problem is not None or not isinstance(space, spaces.Box):
        return problem
    for name, trained, here in (
        ("low", action.array.low, space.low),
        ("high", action.array.high, space.high),
    ):
        if trained is None:
            continue
        wanted = np.broadcast_to(np.reshape(trained, -1), (space.low.size,))
        here = np.clip(here.astype(np.float64), -_LARGEST, _LARGEST)  # JSON knows no infinity
        index = _first_difference(wanted, here.ravel())
        if index is not None:
            return (
                f"action {index} has {name} {wanted[index]:g} for the policy and "
                f"{here.ravel()[index]:g} here"
            )
    return None


def _kind_of(space: spaces.Space[Any]) -> tuple[str, tuple[int, ...]]:
    """Return the kind of an action space as in ``ACTION_KINDS``, and the numbers of choices."""
    if isinstance(space, spaces.Discrete):
        return "discrete", (int(space.n),)
    if isinstance(space, spaces.MultiDiscrete):
        return "multi_discrete", tuple(int(n) for n in space.nvec.ravel())
    if isinstance(space, spaces.MultiBinary):
        return "multi_binary", (2,) * math.prod(space.shape)
    return ("box" if isinstance(space, spaces.Box) else str(space)), ()


def _spoken(kind: str) -> str:
    return kind.replace("_", "-")


def _listed(numbers: Sequence[int]) -> str:
    return " x ".join(map(str, numbers))


def _robot_problem(metadata: Metadata, robot: Any) -> str | None:
    if metadata.robot is None or robot is None:
        return None
    for what, unit, names, attribute in _ROBOT_VALUES:
        trained = _per_joint(metadata.robot, names)
        here = np.asarray(getattr(robot, attribute), dtype=np.float64)
        if trained is None or len(trained) != len(here):
            continue
        index = _first_difference(trained, here)
        if index is not None:
            return (
                f"the {what} of joint '{robot.joint_names[index]}' is {trained[index]:g} {unit} "
                f"for the policy and {here[index]:g} {unit} here"
            )
    return None


def _per_joint(robot: Mapping[str, Any], names: tuple[str, str]) -> np.ndarray | None:
    """Return a quantity of all joints, which a bundle holds as one list or joint by joint."""
    whole, single = names
    if whole in robot:
        return np.asarray(robot[whole], dtype=np.float64)
    joints = robot.get("joints", ())
    entries = list(joints.values()) if isinstance(joints, Mapping) else list(joints)
    if not entries or any(single not in entry for entry in entries):
        return None
    return np.array([float(entry[single]) for entry in entries])


def _first_difference(trained: np.ndarray, here: np.ndarray) -> int | None:
    differs = ~np.isclose(trained, here, rtol=_SAME, atol=_SAME)
    return int(np.argmax(differs)) if differs.any() else None


def _period_problem(metadata: Metadata, env: gym.Env[Any, Any]) -> str | None:
    period = metadata.control_period
    if period is None or not env.has_wrapper_attr("dt"):
        return None
    here = float(env.get_wrapper_attr("dt"))
    if math.isclose(period, here, rel_tol=_SAME):
        return None
    return (
        f"the policy acts every {1000.0 * period:g} ms, this environment every {1000.0 * here:g} ms"
    )
