"""What a robot and the ``remote`` driver tell each other (protocol version 1).

The bytes are in ``remote_protocol``; offsets and rules in ``docs/remote_protocol.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from rl_zoo.robots.spec import FloatArray

MAX_JOINTS = 30
"""So many that every packet fits into one Ethernet frame."""
MAX_FEET = 8
NAME_SIZE = 32
"""Bytes of a name, UTF-8, padded with zeros."""

MEASURE_BITS = {
    "acceleration": 0,
    "foot_forces": 1,
    "temperature": 2,
    "battery": 3,
    "torque": 4,
    "motor_position": 5,
    "motors_online": 6,
    "buttons": 7,
    "sample": 8,
}
"""Bit of each quantity in ``StatePacket.validity`` and ``Describe.measures``."""
BUTTON_BITS = {
    name: bit
    for bit, name in enumerate(
        "A B X Y L1 L2 R1 R2 start select up right down left estop".split()  # noqa: SIM905
    )
}
"""Bit of each button of the operator's remote."""


class Kind(IntEnum):
    """What a packet is; odd ones come from the driver."""

    HELLO = 1
    DESCRIBE = 2
    COMMAND = 3
    STATE = 4
    BYE = 5
    BUSY = 6


class Purpose(IntEnum):
    """What the sender of a HELLO wants."""

    CONTROL = 0
    OBSERVE = 1


class CommandMode(IntEnum):
    """How a robot reads a command."""

    SOFT = 0
    """Damping ``kd`` alone, whatever the other values say."""
    SERVO = 1
    """``tau + kp (q - q_measured) + kd (dq - dq_measured)``."""


@dataclass(frozen=True, slots=True)
class Header:
    """What every packet begins with, beside magic and version."""

    n_joints: int
    n_feet: int
    session: int
    """Random number of the sender, another after each start."""
    sequence: int
    """Counts the packets of a session, modulo 2^32."""
    stamp: float
    """On the sender's own clock, s."""


@dataclass(frozen=True, slots=True)
class Hello:
    """Driver: here I am, these are my joints; sent until described, then as a sign of life."""

    header: Header
    purpose: Purpose
    names_checksum: int
    """``names_checksum`` of the joints, in the driver's order."""
    time_out: float
    """Silence after which the robot may take another owner, s."""
    label: str
    """Who it is, for messages."""


@dataclass(frozen=True, slots=True)
class Describe:
    """Robot: what I am; answer to each HELLO but those that get BUSY."""

    header: Header
    measures: int
    """Of ``MEASURE_BITS``."""
    is_accepted: bool
    """Whether states will be sent and, of an owner, commands obeyed."""
    state_rate: float
    """States per second, Hz."""
    watchdog: float
    """Silence of commands after which the motors go soft by themselves, s; 0: they do not."""
    robot: str
    joint_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StatePacket:
    """Robot: one sample. What ``validity`` says is unknown is sent as 0."""

    header: Header
    sample: int
    """The robot's counter of samples: one that hangs repeats it."""
    validity: int
    """Of ``MEASURE_BITS``."""
    buttons: int
    """Of ``BUTTON_BITS``."""
    motors_online: int
    """Bit i: joint i."""
    acknowledged: int
    """Sequence of the last command that was obeyed."""
    battery_voltage: float
    values: FloatArray
    """Orientation w x y z, gyroscope, accelerometer, then q, dq, tau, motor positions and
    temperatures of all joints, then foot forces. Shape: (10 + 5 n_joints + n_feet,)."""


@dataclass(frozen=True, slots=True)
class CommandPacket:
    """Driver: what the motors shall do."""

    header: Header
    mode: CommandMode
    robot_session: int
    """Of the robot that it is for: a robot that restarted does not obey what its past was told."""
    values: FloatArray
    """q, dq, kp, kd, tau of all joints. Shape: (5, n_joints)."""


@dataclass(frozen=True, slots=True)
class Busy:
    """Robot: somebody else drives me."""

    header: Header
    label: str
    """Of the owner."""


@dataclass(frozen=True, slots=True)
class Bye:
    """Driver: I am leaving."""

    header: Header


Packet = Hello | Describe | StatePacket | CommandPacket | Busy | Bye
