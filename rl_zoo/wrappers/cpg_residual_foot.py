"""The foot-space generator of an environment, for ``CPGResidualWrapper``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np

from rl_zoo.errors import ConfigError
from rl_zoo.motion.action_bounds import JointUnits
from rl_zoo.motion.cpg_modulation import ModulationRanges
from rl_zoo.motion.foot_generator import FootGenerator
from rl_zoo.motion.gait_prior import GaitPrior, LeggedPosture
from rl_zoo.wrappers.cpg_residual_settings import WRAPPER, read_group

_NEEDED = ("robot_spec", "positions_to_action")
_N_SAMPLES = 32


def foot_generator(
    env: gym.Env[Any, Any], prior: Mapping[str, Any], ranges: ModulationRanges
) -> FootGenerator:
    """Return the generator of an environment of a robot with legs.

    Args:
        env: The environment.
        prior: Keys of ``GaitPrior``.
        ranges: Modulation.

    Raises:
        ConfigError: If the robot or a value does not fit.
    """
    for name in _NEEDED:
        if not env.has_wrapper_attr(name):
            raise ConfigError(
                f"{WRAPPER}.space: foot needs a robot with legs, and this environment has no "
                f"'{name}'; use space: joint"
            )
    spec = env.get_wrapper_attr("robot_spec")
    gait = read_group(GaitPrior, prior, f"{WRAPPER}.prior")
    if ranges.heading_rate is not None and not all(leg.has_abduction for leg in spec.legs):
        raise ConfigError(
            f"{WRAPPER}.modulation.heading_rate: the legs of {spec.name} have no abduction joint"
        )
    posture = LeggedPosture(
        spec.name,
        tuple(spec.legs),
        tuple(tuple(spec.leg_indices(leg)) for leg in spec.legs),
        tuple(spec.default_pose.tolist()),
    )
    try:
        return FootGenerator(posture, gait, ranges, env.get_wrapper_attr("positions_to_action"))
    except ConfigError as error:
        raise ConfigError([f"{WRAPPER}.prior.{text}" for text in error.problems]) from error


def joint_units(env: gym.Env[Any, Any]) -> JointUnits | None:
    """Return what the action of an environment means for the joints; None: nothing so simple.

    Tried are those of a robot's environment, angles around the default pose, and angles: the first
    whose results are bit for bit those of ``positions_to_action``.
    """
    spec, to_action = (env.get_wrapper_attr(name) for name in _NEEDED)
    pose = spec.default_pose
    ones, ranges = np.ones_like(pose), getattr(spec, "action_ranges", None)
    rng = np.random.default_rng(0)
    samples = rng.uniform(-3.0, 3.0, (_N_SAMPLES, len(pose)))
    for origin, scale in ((pose, ranges), (pose, ones), (0.0 * pose, ones)):
        if scale is None:
            continue
        units = JointUnits(tuple(origin.tolist()), tuple(scale.tolist()))
        if all(np.array_equal(units(sample), to_action(sample)) for sample in samples):
            return units
    return None
