"""Poses of a robot that follow from its geometry."""

from __future__ import annotations

import functools

import numpy as np

from rl_zoo.motion.kinematics import LegGeometry, foot_position, joint_angles
from rl_zoo.robots.spec import FloatArray, RobotSpec

_N_TRIED = 25  # angles per joint
_LARGEST_TURN = 1.4  # rad from the default position
_SHORTEST_LEG = 0.2  # of the default length
_N_LENGTHS = 81


@functools.lru_cache(maxsize=16)
def folded_pose(spec: RobotSpec) -> FloatArray:
    """Return the pose near the default one that brings the trunk nearest to the ground.

    Thigh and shank fold until neither knee nor foot reaches further down than they must; abduction
    keeps its default. Shape: (n_joints,), read-only.
    """
    pose = spec.default_pose.copy()
    for leg in spec.legs:
        *_, hip, knee = spec.leg_indices(leg)
        candidates = [
            (_depth(leg, pose, spec, hip_angle, knee_angle), hip_angle, knee_angle)
            for hip_angle in _angles(spec, hip)
            for knee_angle in _angles(spec, knee)
        ]
        _, pose[hip], pose[knee] = min(candidates)
    pose.flags.writeable = False
    return pose


@functools.lru_cache(maxsize=16)
def crouched_pose(spec: RobotSpec) -> FloatArray:
    """Return the lowest pose with the feet where they stand: to sit down into, to rise from.

    Each foot stays below its place in the default pose, the leg is as short as its limits allow.
    Shape: (n_joints,), read-only.
    """
    pose = spec.default_pose.copy()
    for leg in spec.legs:
        joints = list(spec.leg_indices(leg))
        foot = foot_position(leg, spec.default_pose[joints])
        for share in np.linspace(1.0, _SHORTEST_LEG, _N_LENGTHS):
            height = share * (leg.hip_position[2] - foot[2])
            place = np.array([foot[0], foot[1], leg.hip_position[2] - height])
            angles = joint_angles(leg, place)
            within = (angles >= spec.lower_limits[joints]) & (angles <= spec.upper_limits[joints])
            if not within.all() or not np.allclose(foot_position(leg, angles), place):
                break
            pose[joints] = angles
    pose.flags.writeable = False
    return pose


def _angles(spec: RobotSpec, joint: int) -> list[float]:
    default = spec.default_pose[joint]
    low = max(float(spec.lower_limits[joint]), default - _LARGEST_TURN)
    high = min(float(spec.upper_limits[joint]), default + _LARGEST_TURN)
    return [float(angle) for angle in np.linspace(low, high, _N_TRIED)]


def _depth(
    leg: LegGeometry, pose: FloatArray, spec: RobotSpec, hip_angle: float, knee_angle: float
) -> float:
    """Return how far the lower one of knee and foot is below the hip, m."""
    angles = pose[list(spec.leg_indices(leg))]
    angles[-2:] = hip_angle, knee_angle
    foot = leg.hip_position[2] - float(foot_position(leg, angles)[2])
    knee = leg.thigh_length * float(np.cos(leg.signs[-2] * hip_angle))
    return max(foot, knee)
