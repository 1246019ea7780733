"""What every robot, simulated or real, can do: be read, be commanded, be stopped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from rl_zoo.robots.spec import FloatArray, RobotSpec


@dataclass(frozen=True, slots=True)
class RobotState:
    """What the sensors say at one instant. None means unknown, never zero."""

    time: float
    """Stamp of the sample, s."""
    joint_positions: FloatArray
    """Link side of the springs, rad. Shape: (n_joints,)."""
    joint_velocities: FloatArray
    """Link side, rad/s. Shape: (n_joints,)."""
    joint_torques: FloatArray
    """Torque on the joints, N m. Shape: (n_joints,)."""
    motor_positions: FloatArray
    """Motor side of the springs, rad; without springs the joint positions. Shape: (n_joints,)."""
    orientation: tuple[float, float, float, float]
    """Trunk in the world, unit quaternion w, x, y, z."""
    angular_velocity_in_body: FloatArray
    """Gyroscope, rad/s. Shape: (3,)."""
    acceleration_in_body: FloatArray | None = None
    """Accelerometer, gravity included (at rest +9.81 upward), m/s^2. Shape: (3,)."""
    foot_forces: FloatArray | None = None
    """Force under each foot, N. Shape: (n_feet,)."""
    temperatures: FloatArray | None = None
    """Of the motors, degrees Celsius. Shape: (n_joints,)."""
    battery_voltage: float | None = None
    """V."""

    @property
    def spring_deflections(self) -> FloatArray:
        """Return motor minus joint position in rad. Shape: (n_joints,)."""
        return self.motor_positions - self.joint_positions


@dataclass(frozen=True, slots=True)
class RobotCommand:
    """What the motors shall do until the next command."""

    joint_positions: FloatArray
    """Target of each motor, rad. Shape: (n_joints,)."""


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """What only a simulation (or a motion-capture system) knows."""

    position_in_world: FloatArray
    """Centre of the trunk, m. Shape: (3,)."""
    velocity_in_world: FloatArray
    """Of the same point, m/s. Shape: (3,)."""
    height: float
    """Of the same point above the ground (rough: above its lowest level), m."""
    heading: float
    """Direction of the trunk's x axis on the floor, rad, 0 along +x of the world."""


class Driver(Protocol):
    """A robot that can be read and commanded."""

    spec: RobotSpec

    def read(self) -> RobotState:
        """Return the newest state."""
        ...

    def write(self, command: RobotCommand) -> None:
        """Hand over a command; it holds until the next one."""
        ...

    def stop(self) -> None:
        """Bring the robot into its safe state; may be called twice and from any thread."""
        ...

    def close(self) -> None:
        """Release the connection and everything that belongs to it."""
        ...


class SimulatedDriver(Driver, Protocol):
    """A robot whose time passes only when it is told to."""

    def reset(self, joint_positions: FloatArray, orientation: FloatArray | None = None) -> None:
        """Put the robot on the floor in the given pose, at rest, forgetting everything before."""
        ...

    def advance(self) -> None:
        """Let one control period pass."""
        ...

    def ground_truth(self) -> GroundTruth:
        """Return what no sensor of the robot measures."""
        ...

    def render(self) -> object:
        """Return a picture of the robot."""
        ...
