"""The joint-space generator of an environment, for ``CPGResidualWrapper``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np

from rl_zoo.errors import ConfigError
from rl_zoo.motion.cpg_modulation import ModulationRanges
from rl_zoo.motion.joint_generator import JointGenerator, JointGroups
from rl_zoo.motion.oscillator import JointPattern
from rl_zoo.wrappers.cpg_residual_settings import WRAPPER


def joint_generator(
    env: gym.Env[Any, Any], prior: Mapping[str, Any], ranges: ModulationRanges, n_joints: int
) -> JointGenerator:
    """Return the generator of an environment whose action has one entry per joint.

    Args:
        env: The environment.
        prior: What ``JointPattern.to_dict`` returns.
        ranges: Modulation.
        n_joints: Size of the action.

    Raises:
        ConfigError: If the pattern does not fit.
    """
    pattern = read_joint_pattern(prior)
    if pattern.n_joints != n_joints:
        raise ConfigError(
            f"{WRAPPER}.prior: the pattern has {pattern.n_joints} joints, the action of "
            f"this environment {n_joints}"
        )
    if ranges.heading_rate is not None:
        raise ConfigError(f"{WRAPPER}.modulation.heading_rate: has no meaning with space: joint")
    return JointGenerator(pattern, _groups(env, n_joints), ranges)


def read_joint_pattern(prior: Mapping[str, Any]) -> JointPattern:
    """Return the pattern of a prior in joint space.

    Raises:
        ConfigError: If a key or value does not fit.
    """
    try:
        return JointPattern.from_dict(prior)
    except ConfigError as error:
        problems = [text.replace("pattern", f"{WRAPPER}.prior", 1) for text in error.problems]
        raise ConfigError(problems) from error


def _groups(env: gym.Env[Any, Any], n_joints: int) -> JointGroups:
    """Return the legs of the robot and the leg of each joint; without a robot, each joint alone."""
    names = _joint_names(env, n_joints)
    if not env.has_wrapper_attr("robot_spec"):
        return JointGroups(names, names, tuple(range(n_joints)))
    spec = env.get_wrapper_attr("robot_spec")
    group = np.zeros(n_joints, dtype=np.intp)
    for place, leg in enumerate(spec.legs):
        group[list(spec.leg_indices(leg))] = place
    return JointGroups(names, tuple(leg.name for leg in spec.legs), tuple(group.tolist()))


def _joint_names(env: gym.Env[Any, Any], n_joints: int) -> tuple[str, ...]:
    if env.has_wrapper_attr("robot_spec"):
        names = tuple(env.get_wrapper_attr("robot_spec").joint_names)
        if len(names) == n_joints:
            return names
    return tuple(f"joint_{i}" for i in range(n_joints))
