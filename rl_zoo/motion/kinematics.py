"""Where a leg's foot is, how fast it moves, and which joint angles put it somewhere.

Frame of the trunk: x forward, y to the left, z up. A leg with all angles zero hangs straight down.
Abduction turns about +x, hip and knee about +y: a positive hip angle moves the knee backward, a
negative knee angle then moves the foot forward.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_REACH_MARGIN = 1e-6  # of the leg's length: a stretched knee has no inverse derivative


@dataclass(frozen=True)
class LegGeometry:
    """One leg: two links that turn in a plane, behind an optional abduction joint."""

    name: str
    """For example ``FR``."""
    foot: str
    """Name of the foot in the robot's model."""
    joints: tuple[str, ...]
    """Names of (abduction,) hip and knee, in this order."""
    hip_position: tuple[float, float, float]
    """Of the first joint in the trunk's frame, m."""
    thigh_length: float
    """From hip to knee, m."""
    shank_length: float
    """From knee to the centre of the foot, m."""
    foot_radius: float
    """Of the foot's sphere, m."""
    abduction_offset: float = 0.0
    """From the abduction axis to the plane of the links, m, positive to the left."""
    knee_sign: int = -1
    """Sign of the knee angle that ``joint_angles`` chooses."""
    joint_signs: tuple[int, ...] = (1, 1, 1)
    """Sign of each joint's axis against the convention above, abduction first."""

    @property
    def has_abduction(self) -> bool:
        """Return whether the leg can move sideways."""
        return len(self.joints) == 3

    @property
    def signs(self) -> FloatArray:
        """Return the signs of the joints this leg has. Shape: (n_leg_joints,)."""
        return np.array(self.joint_signs[-len(self.joints) :], dtype=np.float64)


def foot_position(leg: LegGeometry, angles: FloatArray) -> FloatArray:
    """Return the centre of the foot in the trunk's frame, m. Shape: (3,).

    Args:
        leg: Geometry.
        angles: Joint angles in rad. Shape: (n_leg_joints,).
    """
    abduction, hip, knee = _canonical(leg, angles)
    x = -(leg.thigh_length * math.sin(hip) + leg.shank_length * math.sin(hip + knee))
    depth = leg.thigh_length * math.cos(hip) + leg.shank_length * math.cos(hip + knee)
    cosine, sine = math.cos(abduction), math.sin(abduction)
    origin = leg.hip_position
    return np.array(
        [
            origin[0] + x,
            origin[1] + leg.abduction_offset * cosine + depth * sine,
            origin[2] + leg.abduction_offset * sine - depth * cosine,
        ]
    )


def foot_jacobian(leg: LegGeometry, angles: FloatArray) -> FloatArray:
    """Return the derivative of ``foot_position`` by the angles, m/rad. Shape: (3, n_leg_joints)."""
    abduction, hip, knee = _canonical(leg, angles)
    depth = leg.thigh_length * math.cos(hip) + leg.shank_length * math.cos(hip + knee)
    dx_knee = -leg.shank_length * math.cos(hip + knee)
    ddepth_knee = -leg.shank_length * math.sin(hip + knee)
    dx_hip = -leg.thigh_length * math.cos(hip) + dx_knee
    ddepth_hip = -leg.thigh_length * math.sin(hip) + ddepth_knee
    cosine, sine = math.cos(abduction), math.sin(abduction)
    columns = [
        [0.0, -leg.abduction_offset * sine + depth * cosine,
         leg.abduction_offset * cosine + depth * sine],
        [dx_hip, ddepth_hip * sine, -ddepth_hip * cosine],
        [dx_knee, ddepth_knee * sine, -ddepth_knee * cosine],
    ]  # fmt: skip
    return np.array(columns[-len(leg.joints) :]).T * leg.signs


def joint_angles(leg: LegGeometry, position: FloatArray) -> FloatArray:
    """Return the angles in rad that put the foot at ``position``. Shape: (n_leg_joints,).

    A position out of reach is replaced by the nearest one on the same line from the hip; the
    sideways part is ignored by a leg without abduction.

    Args:
        leg: Geometry.
        position: Centre of the foot in the trunk's frame, m, finite. Shape: (3,).
    """
    hip_x, hip_y, hip_z = leg.hip_position
    x, y, z = np.asarray(position, dtype=np.float64).tolist()
    x, y, z = x - hip_x, y - hip_y, z - hip_z
    abduction, depth = 0.0, -z
    if leg.has_abduction:
        offset = leg.abduction_offset
        depth = math.sqrt(max(0.0, y * y + z * z - offset * offset))
        abduction = math.atan2(z, y) + math.atan2(depth, offset)
        abduction = math.remainder(abduction, 2.0 * math.pi)
    first, second = leg.thigh_length, leg.shank_length
    shortest = abs(first - second) + _REACH_MARGIN
    longest = (first + second) * (1.0 - _REACH_MARGIN)
    distance = math.hypot(x, depth)
    reach = min(max(distance, shortest), longest)
    cosine = (reach * reach - first * first - second * second) / (2.0 * first * second)
    knee = leg.knee_sign * math.acos(max(-1.0, min(1.0, cosine)))
    direction = math.atan2(-x, depth) if distance > 0.0 else 0.0
    hip = direction - math.atan2(second * math.sin(knee), first + second * math.cos(knee))
    hip = math.remainder(hip, 2.0 * math.pi)
    return np.array([abduction, hip, knee][-len(leg.joints) :]) * leg.signs


def _canonical(leg: LegGeometry, angles: FloatArray) -> tuple[float, float, float]:
    values = (np.asarray(angles, dtype=np.float64) * leg.signs).tolist()
    if leg.has_abduction:
        return values[0], values[1], values[2]
    return 0.0, values[0], values[1]
