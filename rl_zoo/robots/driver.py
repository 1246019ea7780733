"""What every robot, simulated or real, can do: be read, be commanded, be stopped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from rl_zoo.errors import RobotFault
from rl_zoo.robots.clock import Clock
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
    sequence: int | None = None
    """The robot's own counter of samples: a robot that hangs repeats it. None: it has none."""
    motors_online: tuple[bool, ...] | None = None
    """Whether each motor answers, in the order of the joints."""
    buttons: frozenset[str] = frozenset()
    """Buttons held on the operator's remote: of ``BUTTONS``."""

    @property
    def spring_deflections(self) -> FloatArray:
        """Return motor minus joint position in rad. Shape: (n_joints,)."""
        return self.motor_positions - self.joint_positions


@dataclass(frozen=True, slots=True)
class RobotCommand:
    """What the motors shall do until the next command.

    Torque of a motor: ``joint_torques + kp (joint_positions - q) + kd (joint_velocities - dq)``.
    """

    joint_positions: FloatArray
    """Target of each motor, rad. Shape: (n_joints,)."""
    joint_velocities: FloatArray | None = None
    """Target speed, rad/s; None: 0. Shape: (n_joints,)."""
    kp: FloatArray | None = None
    """Stiffness, N m/rad; None: the robot's own (``spec.kp``). Shape: (n_joints,)."""
    kd: FloatArray | None = None
    """Damping, N m s/rad; None: the robot's own (``spec.kd``). Shape: (n_joints,)."""
    joint_torques: FloatArray | None = None
    """Added torque, N m; None: 0. Shape: (n_joints,)."""


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


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a driver's robot can tell and do; what it cannot is None in its states."""

    state_rate: float
    """Samples per second that it delivers, Hz."""
    measures: frozenset[str] = frozenset()
    """Of ``MEASURES``; joints, orientation and gyroscope always."""
    has_command_watchdog: bool = False
    """Whether its motors go soft by themselves when commands stop."""
    can_zero: bool = False
    """Whether ``zero`` can make the present pose the joints' new zero."""


MEASURES = (
    "acceleration",
    "foot_forces",
    "temperature",
    "battery",
    "torque",
    "motor_position",
    "motors_online",
    "buttons",
)
"""What some robots measure and others do not."""
BUTTONS = (
    *("A", "B", "X", "Y", "L1", "L2", "R1", "R2"),
    *("start", "select", "up", "right", "down", "left", "estop"),
)
"""Names of buttons; ``estop`` is a stop button of its own."""


class Driver(Protocol):
    """A robot behind a bus: packing, units, joint order, reconnecting; no limits, no policy.

    A driver is made by ``factory(spec, **options)``, which checks the options (ConfigError) and
    opens nothing. All arrays are in the order of ``spec.joints``.
    """

    spec: RobotSpec
    clock: Clock
    """Of the states' stamps; the computer's monotonic clock unless the robot is simulated."""
    capabilities: Capabilities

    def connect(self) -> None:
        """Open the bus and wait for a first sample; command nothing.

        Raises:
            RobotFault: If no robot answers; one sentence that says where it was looked for.
        """
        ...

    def read(self) -> RobotState | None:
        """Return the newest sample without waiting, None before the first.

        ``time`` is the arrival on ``clock``. Until a newer sample arrives the same is returned
        again, with the same ``time``: whoever asks sees how old it is. After a lost connection the
        driver reconnects by itself.
        """
        ...

    def write(self, command: RobotCommand) -> None:
        """Send a command now.

        Raises:
            RobotFault: If it is not finite or of the wrong size: nothing is sent then.
        """
        ...

    def stop(self) -> None:
        """Make the motors soft: damping, no stiffness. May be called twice and from any thread."""
        ...

    def close(self) -> None:
        """Release the connection; the robot keeps its last command or its watchdog acts."""
        ...


def check_command(command: RobotCommand, n_joints: int) -> None:
    """Refuse a command that must not reach a motor.

    Raises:
        RobotFault: If a part is not finite or of the wrong size.
    """
    for name in ("joint_positions", "joint_velocities", "kp", "kd", "joint_torques"):
        values = getattr(command, name)
        if values is None and name != "joint_positions":
            continue
        if np.shape(values) != (n_joints,) or not np.isfinite(values).all():
            raise RobotFault(f"command refused: {name} must be {n_joints} finite numbers")


def damping_command(state: RobotState, kd: FloatArray) -> RobotCommand:
    """Return the command that makes every motor soft: damped, without stiffness.

    Args:
        state: Newest reading, for positions that mean no jump if stiffness comes back.
        kd: Damping of each joint, N m s/rad. Shape: (n_joints,).
    """
    zero = np.zeros_like(kd)
    positions = np.where(np.isfinite(state.motor_positions), state.motor_positions, 0.0)
    return RobotCommand(positions, joint_velocities=zero, kp=zero, kd=kd, joint_torques=zero)
