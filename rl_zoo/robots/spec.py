"""What a robot is: joints in order, limits, default pose, mass and model, as frozen data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rl_zoo.errors import ConfigError
from rl_zoo.motion.kinematics import LegGeometry

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
    kp: float
    """Torque per angle between command and joint, N m/rad; of an elastic joint: its spring."""
    kd: float
    """Torque against the joint's velocity, N m s/rad."""


@dataclass(frozen=True)
class ModelFile:
    """Where the robot's MuJoCo model (MJCF or URDF) is."""

    path: str
    """Below the folder in which ``distribution`` is installed; without one: of the file system."""
    distribution: str | None = None
    """Name (as for pip) of the package that ships the model."""
    install: str | None = None
    """What installs that package: ``pip install "rl_zoo[robots]"``."""
    trunk: str = "trunk"
    """Name of the body that carries everything."""


@dataclass(frozen=True)
class RobotSpec:
    """One robot. Joint order is the order of ``joints`` everywhere outside the model file.

    Raises:
        ConfigError: If two of its parts contradict each other.
    """

    name: str
    """Short name, as in ``robot: bert``."""
    joints: tuple[JointSpec, ...]
    """The actuated joints, in the order of every array of this robot."""
    legs: tuple[LegGeometry, ...]
    """Front right, front left, rear right, rear left: the order of contact arrays."""
    mass: float
    """Total mass, kg."""
    standing_height: float
    """Height of the trunk's centre above the floor in the default pose, unloaded, m."""
    model: ModelFile
    """MuJoCo model of the robot alone; floor, camera and light are added."""
    control_frequency: float
    """Rate of commands, Hz."""
    physics_frequency: float
    """Rate of the simulated physics, Hz."""
    motor_lag: float | None = None
    """Time constant of a motor behind a spring, s; None: rigid joints, the motor is the joint."""

    def __post_init__(self) -> None:
        problems = [*self._leg_problems(), *self._limit_problems()]
        substeps = self.physics_frequency / self.control_frequency
        if substeps < 1.0 or abs(substeps - round(substeps)) > 1e-9:
            problems.append(
                f"physics_frequency: {self.physics_frequency} is no multiple of control_frequency: "
                f"{self.control_frequency}"
            )
        if problems:
            raise ConfigError([f"robot '{self.name}': {text}" for text in problems])

    def _leg_problems(self) -> list[str]:
        named = [joint for leg in self.legs for joint in leg.joints]
        problems = [
            f"legs: no joint '{name}' in joints" for name in named if name not in self.joint_names
        ]
        if len(set(self.joint_names)) < self.n_joints:
            problems.append("joints: two have the same name")
        return problems

    def _limit_problems(self) -> list[str]:
        problems = [
            f"joint '{joint.name}': {joint.default_position} is not within its limits "
            f"[{joint.lower_limit}, {joint.upper_limit}]"
            for joint in self.joints
            if not joint.lower_limit <= joint.default_position <= joint.upper_limit
        ]
        return problems + [
            f"joint '{joint.name}': {name}: {getattr(joint, name)} is not positive"
            for joint in self.joints
            for name in ("max_velocity", "max_torque", "action_range", "kp")
            if not getattr(joint, name) > 0.0
        ]

    @property
    def is_elastic(self) -> bool:
        """Return whether there are springs between motors and joints."""
        return self.motor_lag is not None

    @property
    def feet(self) -> tuple[str, ...]:
        """Return the names of the feet in the model, in the order of contact arrays."""
        return tuple(leg.foot for leg in self.legs)

    @property
    def n_joints(self) -> int:
        """Return the number of actuated joints."""
        return len(self.joints)

    @property
    def joint_names(self) -> tuple[str, ...]:
        """Return the names of the joints, in order."""
        return tuple(joint.name for joint in self.joints)

    @cached_property
    def default_pose(self) -> FloatArray:
        """Return the default joint positions in rad. Shape: (n_joints,)."""
        return _constant(joint.default_position for joint in self.joints)

    @cached_property
    def lower_limits(self) -> FloatArray:
        """Return the smallest commanded positions in rad. Shape: (n_joints,)."""
        return _constant(joint.lower_limit for joint in self.joints)

    @cached_property
    def upper_limits(self) -> FloatArray:
        """Return the largest commanded positions in rad. Shape: (n_joints,)."""
        return _constant(joint.upper_limit for joint in self.joints)

    @cached_property
    def action_ranges(self) -> FloatArray:
        """Return the distance from the default pose per action in rad. Shape: (n_joints,)."""
        return _constant(joint.action_range for joint in self.joints)

    @cached_property
    def max_velocities(self) -> FloatArray:
        """Return the speed limits of the motors in rad/s. Shape: (n_joints,)."""
        return _constant(joint.max_velocity for joint in self.joints)

    @cached_property
    def max_torques(self) -> FloatArray:
        """Return the torque limits of the motors in N m. Shape: (n_joints,)."""
        return _constant(joint.max_torque for joint in self.joints)

    @cached_property
    def kp(self) -> FloatArray:
        """Return the stiffness of every joint in N m/rad. Shape: (n_joints,)."""
        return _constant(joint.kp for joint in self.joints)

    @cached_property
    def kd(self) -> FloatArray:
        """Return the damping of every joint in N m s/rad. Shape: (n_joints,)."""
        return _constant(joint.kd for joint in self.joints)

    def leg_indices(self, leg: LegGeometry) -> tuple[int, ...]:
        """Return the places of a leg's joints in the arrays of this robot."""
        return tuple(self.joint_names.index(name) for name in leg.joints)


def _constant(values: Iterable[float]) -> FloatArray:
    """Return an array that cannot be changed: every user of the spec gets the same one."""
    array = np.array(list(values))
    array.flags.writeable = False
    return array
