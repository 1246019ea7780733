"""Noise and bias of a simulated robot's sensors."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np

from rl_zoo.errors import ConfigError
from rl_zoo.finite import is_finite_number
from rl_zoo.robots.driver import RobotState
from rl_zoo.robots.spec import FloatArray
from rl_zoo.suggest import did_you_mean


@dataclass(frozen=True)
class SensorErrors:
    """Size of the error of each sensor."""

    joint_position: float = 0.0
    """rad."""
    joint_velocity: float = 0.0
    """rad/s."""
    angular_velocity: float = 0.0
    """rad/s."""
    orientation: float = 0.0
    """rad."""
    acceleration: float = 0.0
    """m/s^2."""
    foot_force: float = 0.0
    """N."""

    @property
    def is_zero(self) -> bool:
        """Return whether readings are exact."""
        return self == _EXACT


TYPICAL = SensorErrors(
    joint_position=0.005,
    joint_velocity=0.1,
    angular_velocity=0.05,
    orientation=0.01,
    acceleration=0.2,
    foot_force=0.5,
)
"""Of small quadrupeds; an estimate. A plain number in a configuration is a multiple of it."""

_EXACT = SensorErrors()


def read_sensor_errors(key: str, value: object) -> SensorErrors:
    """Build the errors from a number (multiple of ``TYPICAL``) or a mapping by sensor.

    Raises:
        ConfigError: If a sensor is unknown or a size is not a finite number from 0 up.
    """
    names = [item.name for item in fields(SensorErrors)]
    given = value if isinstance(value, Mapping) else dict.fromkeys(names, value)
    problems = [f"{key}.{name}: no such sensor{did_you_mean(str(name), names)}"
                for name in given if name not in names]  # fmt: skip
    if problems:
        raise ConfigError(problems)
    sizes = {
        name: _size(f"{key}.{name}" if isinstance(value, Mapping) else key, size)
        for name, size in given.items()
    }
    if isinstance(value, Mapping):
        return SensorErrors(**sizes)
    return SensorErrors(**{name: size * getattr(TYPICAL, name) for name, size in sizes.items()})


def _size(key: str, value: object) -> float:
    if not is_finite_number(value) or value < 0:
        raise ConfigError(f"{key}: must be a number from 0 up, not {value!r}")
    return float(value)


@dataclass(frozen=True)
class SensorBias:
    """Offsets of one episode."""

    joint_positions: FloatArray
    """rad. Shape: (n_joints,)."""
    joint_velocities: FloatArray
    """rad/s. Shape: (n_joints,)."""
    angular_velocity: FloatArray
    """rad/s. Shape: (3,)."""
    rotation: FloatArray
    """Rotation vector, rad. Shape: (3,)."""
    acceleration: FloatArray
    """m/s^2. Shape: (3,)."""


def draw_bias(size: SensorErrors, n_joints: int, generator: np.random.Generator) -> SensorBias:
    """Return offsets drawn uniformly from plus or minus ``size``."""

    def uniform(half_range: float, n: int) -> FloatArray:
        return generator.uniform(-half_range, half_range, n)

    return SensorBias(
        uniform(size.joint_position, n_joints),
        uniform(size.joint_velocity, n_joints),
        uniform(size.angular_velocity, 3),
        uniform(size.orientation, 3),
        uniform(size.acceleration, 3),
    )


def disturb(
    state: RobotState, bias: SensorBias, noise: SensorErrors, generator: np.random.Generator
) -> RobotState:
    """Return the readings that sensors with these errors give of the true ``state``."""
    n = len(state.joint_positions)
    normal = generator.standard_normal
    rotation = bias.rotation + noise.orientation * normal(3)
    position_error = bias.joint_positions + noise.joint_position * normal(n)
    acceleration = state.acceleration_in_body
    if acceleration is not None:
        acceleration = acceleration + bias.acceleration + noise.acceleration * normal(3)
    forces = state.foot_forces
    if forces is not None:
        forces = np.maximum(0.0, forces + noise.foot_force * normal(len(forces)))
    positions = state.joint_positions + position_error
    is_rigid = state.motor_positions is state.joint_positions
    return replace(
        state,
        joint_positions=positions,
        motor_positions=positions if is_rigid else state.motor_positions,
        joint_velocities=state.joint_velocities
        + bias.joint_velocities
        + noise.joint_velocity * normal(n),
        orientation=_rotated(state.orientation, rotation),
        angular_velocity_in_body=state.angular_velocity_in_body
        + bias.angular_velocity
        + noise.angular_velocity * normal(3),
        acceleration_in_body=acceleration,
        foot_forces=forces,
    )


def _rotated(
    quaternion: tuple[float, float, float, float], rotation: FloatArray
) -> tuple[float, float, float, float]:
    """Return ``quaternion`` turned by a small rotation vector in the body's frame."""
    half = 0.5 * rotation
    p0 = 1.0
    p1, p2, p3 = half.tolist()
    length = math.sqrt(p0 * p0 + p1 * p1 + p2 * p2 + p3 * p3)
    p0, p1, p2, p3 = p0 / length, p1 / length, p2 / length, p3 / length
    w, x, y, z = quaternion
    return (
        w * p0 - x * p1 - y * p2 - z * p3,
        w * p1 + x * p0 + y * p3 - z * p2,
        w * p2 - x * p3 + y * p0 + z * p1,
        w * p3 + x * p2 - y * p1 + z * p0,
    )
