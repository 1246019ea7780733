"""Commands as bytes of ``LowCmd_`` and back."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rl_zoo.errors import RobotFault
from rl_zoo.robots.driver import RobotCommand
from rl_zoo.robots.spec import FloatArray, RobotSpec
from rl_zoo.robots.wire.unitree_crc import checksum, store_checksum, stored_checksum
from rl_zoo.robots.wire.unitree_layout import LOW_CMD

SERVO_MODE = 0x01
"""Field-oriented control; the robot's motors obey no other, and 0 is off."""
POSITION_STOP = 2.146e9
"""Position that means "no position target" to the vendor's boards, together with kp = 0."""
VELOCITY_STOP = 16000.0
"""Velocity that means "no velocity target", together with kd = 0. Ours are 0: kp and kd say it."""
HEAD = (0xFE, 0xEF)
LOW_LEVEL = 0xFF
_LARGEST = float(np.finfo(np.float32).max)


class CommandPacker:
    """Turns the commands of one robot into messages.

    Args:
        spec: The robot, for the gains that a command leaves out.
        slots: Motor slot of each joint.
        mode: Of the motors that are used.
    """

    def __init__(self, spec: RobotSpec, slots: Sequence[int], mode: int = SERVO_MODE) -> None:
        self._spec = spec
        self._slots = np.array(slots)
        self._template = bytearray(LOW_CMD.dtype.itemsize)
        message = LOW_CMD.view(self._template)
        message["head"] = HEAD
        message["level_flag"] = LOW_LEVEL
        message["motor_cmd"]["mode"][self._slots] = mode

    def pack(self, command: RobotCommand) -> bytes:
        """Return the CDR of a command, checksum included.

        It has no state of its own: a signal handler may call it while it runs.

        Raises:
            RobotFault: If a value is not finite, or there is not one per joint.
        """
        zero = np.zeros(self._spec.n_joints)
        values = {
            "q": self._part("joint_positions", command.joint_positions),
            "dq": self._part("joint_velocities", command.joint_velocities, zero),
            "tau": self._part("joint_torques", command.joint_torques, zero),
            "kp": self._part("kp", command.kp, self._spec.kp),
            "kd": self._part("kd", command.kd, self._spec.kd),
        }
        structure = bytearray(self._template)
        motors = LOW_CMD.view(structure)["motor_cmd"]
        for name, part in values.items():
            motors[name][self._slots] = part
        store_checksum(structure)
        return LOW_CMD.to_cdr(structure)

    def _part(
        self, name: str, value: FloatArray | None, default: FloatArray | None = None
    ) -> FloatArray:
        part = np.asarray(default if value is None else value, dtype=np.float64)
        if part.shape != (self._spec.n_joints,):
            raise RobotFault(
                f"command for '{self._spec.name}' not sent: {name} has shape {part.shape}, "
                f"not ({self._spec.n_joints},)"
            )
        if not np.maximum.reduce(np.abs(part)) <= _LARGEST:  # false if one is NaN
            raise RobotFault(f"command for '{self._spec.name}' not sent: {name} is not finite")
        return part


def is_genuine(structure: bytes) -> bool:
    """Say whether a command has the low level's head and the right checksum."""
    is_headed = structure[: len(HEAD) + 1] == bytes((*HEAD, LOW_LEVEL))
    return is_headed and checksum(structure) == stored_checksum(structure)


def unpack_command(structure: bytes, slots: Sequence[int]) -> RobotCommand:
    """Return what a message tells the motors; one that is off has neither gains nor torque.

    Args:
        structure: C structure of a ``LowCmd_``.
        slots: Motor slot of each joint.
    """
    motors = LOW_CMD.view(structure)["motor_cmd"][list(slots)]
    is_on = motors["mode"] != 0
    parts = {name: motors[name].astype(np.float64) for name in ("q", "dq", "tau", "kp", "kd")}
    kp, kd, torques = (np.where(is_on, parts[name], 0.0) for name in ("kp", "kd", "tau"))
    return RobotCommand(parts["q"], parts["dq"], kp, kd, torques)
