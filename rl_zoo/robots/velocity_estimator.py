"""Velocity of the trunk from what is on board: accelerometer, gyroscope, legs on the ground.

Prediction: the accelerometer, integrated. Correction: a foot on the ground does not move but roll,
so that each standing leg measures the trunk's velocity (leg odometry; Bloesch et al., RSS 2012, use
the same two measurements in a Kalman filter). The gain of the correction is constant.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from rl_zoo.motion.kinematics import LegGeometry
from rl_zoo.motion.rotations import rotation_matrix
from rl_zoo.robots.driver import RobotState
from rl_zoo.robots.spec import FloatArray, RobotSpec

GRAVITY = 9.81
"""m/s^2."""
CONTACT_FRACTION = 0.1
"""Force on a standing foot, as a fraction of a quarter of the robot's weight."""
LEVEL_DISTANCE = 0.01
"""Without contact sensors, feet this far above the lowest one count as standing, m."""


@dataclass(frozen=True)
class VelocityEstimate:
    """What the estimator believes."""

    velocity_in_world: FloatArray
    """Of the trunk's centre, m/s. Shape: (3,)."""
    height: float
    """Of the trunk's centre above the lowest foot's sole, by leg kinematics, m."""
    n_standing: int
    """Feet that took part in the correction."""


class VelocityEstimator:
    """Estimate the trunk's velocity, one control period at a time.

    Args:
        spec: The robot.
        correction_time: Time constant with which leg odometry corrects the accelerometer, s.
    """

    def __init__(self, spec: RobotSpec, correction_time: float = 0.1) -> None:
        period = 1.0 / spec.control_frequency
        self._period = period
        self._gain = 1.0 - math.exp(-period / correction_time)
        self._min_force = CONTACT_FRACTION * spec.mass * GRAVITY / 4.0
        self._legs = tuple((leg, spec.leg_indices(leg)) for leg in spec.legs)
        self._velocity = (0.0, 0.0, 0.0)

    def reset(self) -> None:
        """Start at rest."""
        self._velocity = (0.0, 0.0, 0.0)

    def update(self, state: RobotState) -> VelocityEstimate:
        """Take in the readings at the end of a control period.

        Args:
            state: Readings; the acceleration is the mean of the period.
        """
        rotation = rotation_matrix(state.orientation)
        legs = self._foot_motions(state)
        vx, vy, vz = self._velocity
        if state.acceleration_in_body is not None:
            ax, ay, az = _turned(rotation, state.acceleration_in_body.tolist())
            vx += ax * self._period
            vy += ay * self._period
            vz += (az - GRAVITY) * self._period
        measured = self._leg_velocities(state, rotation, legs)
        if measured:
            n, gain = len(measured), self._gain
            vx += gain * (sum(v[0] for v in measured) / n - vx)
            vy += gain * (sum(v[1] for v in measured) / n - vy)
            vz += gain * (sum(v[2] for v in measured) / n - vz)
        self._velocity = (vx, vy, vz)
        height = self._height(legs, rotation[2])
        return VelocityEstimate(np.array(self._velocity), height, len(measured))

    def _foot_motions(self, state: RobotState) -> list[_FootMotion]:
        positions, velocities = state.joint_positions.tolist(), state.joint_velocities.tolist()
        return [
            _foot_motion(leg, [positions[i] for i in places], [velocities[i] for i in places])
            for leg, places in self._legs
        ]

    def _height(self, legs: list[_FootMotion], up: _Vector) -> float:
        return max(
            leg.foot_radius - sum(a * b for a, b in zip(up, foot.position, strict=True))
            for (leg, _), foot in zip(self._legs, legs, strict=True)
        )

    def _leg_velocities(
        self, state: RobotState, rotation: _Rows, legs: list[_FootMotion]
    ) -> list[_Vector]:
        """Return the trunk's velocity in the world as each standing leg measures it."""
        rates: _Vector = tuple(state.angular_velocity_in_body.tolist())
        standing = self._standing(state, legs, rotation[2])
        return [
            _turned(rotation, _trunk_velocity(leg, foot, rates, rotation[2]))
            for (leg, _), foot, stands in zip(self._legs, legs, standing, strict=True)
            if stands
        ]

    def _standing(self, state: RobotState, legs: list[_FootMotion], up: _Vector) -> list[bool]:
        if state.foot_forces is not None:
            return [force > self._min_force for force in state.foot_forces.tolist()]
        heights = [sum(a * b for a, b in zip(up, leg.position, strict=True)) for leg in legs]
        lowest = min(heights)
        return [height - lowest < LEVEL_DISTANCE for height in heights]


_Vector = tuple[float, ...]
_Rows = tuple[_Vector, _Vector, _Vector]


@dataclass(frozen=True, slots=True)
class _FootMotion:
    """Of a foot's centre in the trunk's frame, and of the link it belongs to."""

    position: _Vector
    velocity: _Vector
    link_rates: _Vector


def _foot_motion(leg: LegGeometry, angles: list[float], rates: list[float]) -> _FootMotion:
    """Return motion.kinematics' foot position and velocity in scalars, which is much faster."""
    signs = leg.joint_signs[-len(angles) :]
    angles = [sign * value for sign, value in zip(signs, angles, strict=True)]
    rates = [sign * value for sign, value in zip(signs, rates, strict=True)]
    abduction, abduction_rate = (angles[0], rates[0]) if len(angles) == 3 else (0.0, 0.0)
    hip, shank = angles[-2], angles[-2] + angles[-1]
    hip_rate, shank_rate = rates[-2], rates[-2] + rates[-1]
    x = -leg.thigh_length * math.sin(hip) - leg.shank_length * math.sin(shank)
    depth = leg.thigh_length * math.cos(hip) + leg.shank_length * math.cos(shank)
    thigh_depth = leg.thigh_length * math.cos(hip) * hip_rate
    dx = -thigh_depth - leg.shank_length * math.cos(shank) * shank_rate
    ddepth = -(
        leg.thigh_length * math.sin(hip) * hip_rate
        + leg.shank_length * math.sin(shank) * shank_rate
    )
    c, s, offset = math.cos(abduction), math.sin(abduction), leg.abduction_offset
    y, z = offset * c + depth * s, offset * s - depth * c
    px, py, pz = leg.hip_position
    return _FootMotion(
        (px + x, py + y, pz + z),
        (dx, ddepth * s - z * abduction_rate, -ddepth * c + y * abduction_rate),
        (abduction_rate, shank_rate * c, shank_rate * s),
    )


def _trunk_velocity(leg: LegGeometry, foot: _FootMotion, rates: _Vector, up: _Vector) -> _Vector:
    """Return the trunk's velocity in its own frame if the foot rolls without slip."""
    link = tuple(a + b for a, b in zip(rates, foot.link_rates, strict=True))
    rolling = _cross(link, tuple(leg.foot_radius * part for part in up))
    turning = _cross(rates, foot.position)
    return tuple(
        roll - turn - move for roll, turn, move in zip(rolling, turning, foot.velocity, strict=True)
    )


def _turned(rows: _Rows, v: _Vector | list[float]) -> _Vector:
    return tuple(row[0] * v[0] + row[1] * v[1] + row[2] * v[2] for row in rows)


def _cross(a: _Vector, b: _Vector) -> _Vector:
    return (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
