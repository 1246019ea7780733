"""What a robot is: joints in order, limits, default pose, mass and model, as frozen data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class JointSpec:
    """One joint and the motor that drives it."""

    name: str
    """Name in the model and in every message."""
    default_position: float
    """Angle in the default pose, rad."""
    lower_limit: float
    """Smallest commanded position, rad."""
    upper_limit: float
    """Largest commanded position, rad."""
    max_velocity: float
    """Largest speed of the motor, rad/s."""
    max_torque: float
    """Largest torque of the motor, N m."""
    action_range: float
    """Distance from the default position that an action of 1 commands, rad."""


@dataclass(frozen=True)
class RobotSpec:
    """One robot. Joint order is the order of ``joints`` everywhere outside the model file."""

    name: str
    """Short name, as in ``robot: bert``."""
    joints: tuple[JointSpec, ...]
    """The actuated joints, in the order of every array of this robot."""
    feet: tuple[str, ...]
    """Names of the feet, in the order of contact arrays."""
    mass: float
    """Total mass, kg."""
    standing_height: float
    """Height of the trunk's centre above the floor in the default pose, unloaded, m."""
    model_file: Path
    """MuJoCo model of the robot on a flat floor."""
    spring_stiffness: float | None
    """Stiffness between motor and joint, N m/rad; None: rigid joints."""
    spring_damping: float
    """Damping torque per joint velocity, N m s/rad."""
    control_frequency: float
    """Rate of commands, Hz."""
    physics_frequency: float
    """Rate of the simulated physics, Hz."""

    @property
    def n_joints(self) -> int:
        """Return the number of actuated joints."""
        return len(self.joints)

    @property
    def joint_names(self) -> tuple[str, ...]:
        """Return the names of the joints, in order."""
        return tuple(joint.name for joint in self.joints)

    @property
    def default_pose(self) -> FloatArray:
        """Return the default joint positions in rad. Shape: (n_joints,)."""
        return np.array([joint.default_position for joint in self.joints])

    @property
    def lower_limits(self) -> FloatArray:
        """Return the smallest commanded positions in rad. Shape: (n_joints,)."""
        return np.array([joint.lower_limit for joint in self.joints])

    @property
    def upper_limits(self) -> FloatArray:
        """Return the largest commanded positions in rad. Shape: (n_joints,)."""
        return np.array([joint.upper_limit for joint in self.joints])

    @property
    def action_ranges(self) -> FloatArray:
        """Return the distance from the default pose per action in rad. Shape: (n_joints,)."""
        return np.array([joint.action_range for joint in self.joints])

    @property
    def max_velocities(self) -> FloatArray:
        """Return the speed limits of the motors in rad/s. Shape: (n_joints,)."""
        return np.array([joint.max_velocity for joint in self.joints])
