"""States and commands of a robot as packets of the ``remote`` protocol, and back."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from rl_zoo.errors import ConfigError, RobotFault
from rl_zoo.robots.driver import RobotCommand, RobotState
from rl_zoo.robots.spec import FloatArray, RobotSpec
from rl_zoo.robots.wire.remote_packets import (
    BUTTON_BITS,
    MAX_FEET,
    MAX_JOINTS,
    MEASURE_BITS,
    CommandMode,
    CommandPacket,
    Header,
    StatePacket,
)

_N_TRUNK_VALUES = 10
_ALWAYS = ("torque", "motor_position", "buttons")


def state_to_packet(
    state: RobotState, header: Header, *, acknowledged: int, measures: Iterable[str] = _ALWAYS
) -> StatePacket:
    """Return a state as a packet.

    Args:
        state: With arrays of ``header.n_joints`` and ``header.n_feet``; None becomes 0.
        header: Its header.
        acknowledged: Sequence of the last command that was obeyed.
        measures: Of "torque", "motor_position" and "buttons", those that the state really knows.
    """
    n, m = header.n_joints, header.n_feet
    optional = {
        "acceleration": state.acceleration_in_body,
        "foot_forces": state.foot_forces,
        "temperature": state.temperatures,
        "battery": state.battery_voltage,
        "motors_online": state.motors_online,
        "sample": state.sequence,
    }
    known = [*measures, *(name for name, value in optional.items() if value is not None)]
    values = np.zeros(_N_TRUNK_VALUES + 5 * n + m)
    values[0:4] = state.orientation
    values[4:7] = state.angular_velocity_in_body
    if state.acceleration_in_body is not None:
        values[7:10] = state.acceleration_in_body
    joints = values[_N_TRUNK_VALUES : len(values) - m].reshape(5, n)
    joints[0] = state.joint_positions
    joints[1] = state.joint_velocities
    joints[2] = state.joint_torques
    joints[3] = state.motor_positions
    if state.temperatures is not None:
        joints[4] = state.temperatures
    if state.foot_forces is not None:
        values[len(values) - m :] = state.foot_forces
    return StatePacket(
        header,
        sample=state.sequence or 0,
        validity=bits(known, MEASURE_BITS),
        buttons=bits(state.buttons, BUTTON_BITS),
        motors_online=sum(1 << i for i, online in enumerate(state.motors_online or ()) if online),
        acknowledged=acknowledged,
        battery_voltage=0.0 if state.battery_voltage is None else state.battery_voltage,
        values=values,
    )


def packet_to_state(packet: StatePacket, arrival: float) -> RobotState:
    """Return the state in a packet; what it says is unknown is None.

    Unknown torques are 0, unknown motor positions those of the joints.

    Args:
        packet: From the robot.
        arrival: Stamp of the state, s.
    """
    n, m = packet.header.n_joints, packet.header.n_feet
    validity, values = packet.validity, packet.values
    n_values = len(values)
    joints = values[_N_TRUNK_VALUES : n_values - m].reshape(5, n)
    is_known = {name: bool(validity >> bit & 1) for name, bit in MEASURE_BITS.items()}
    w, x, y, z = values[0:4].tolist()
    online = packet.motors_online
    return RobotState(
        time=arrival,
        joint_positions=joints[0],
        joint_velocities=joints[1],
        joint_torques=joints[2] if is_known["torque"] else np.zeros(n),
        motor_positions=joints[3] if is_known["motor_position"] else joints[0],
        orientation=(w, x, y, z),
        angular_velocity_in_body=values[4:7],
        acceleration_in_body=values[7:10] if is_known["acceleration"] else None,
        foot_forces=values[n_values - m :] if m and is_known["foot_forces"] else None,
        temperatures=joints[4] if is_known["temperature"] else None,
        battery_voltage=packet.battery_voltage if is_known["battery"] else None,
        sequence=packet.sample if is_known["sample"] else None,
        motors_online=tuple(bool(online >> i & 1) for i in range(n))
        if is_known["motors_online"]
        else None,
        buttons=names(packet.buttons, BUTTON_BITS) if packet.buttons else frozenset(),
    )


def command_values(spec: RobotSpec, command: RobotCommand) -> FloatArray:
    """Return q, dq, kp, kd, tau of a command, checked. Shape: (5, n_joints).

    Raises:
        RobotFault: If a part is of the wrong size or not finite.
    """
    values = np.zeros((5, spec.n_joints))
    values[2], values[3] = spec.kp, spec.kd
    parts = {
        "joint_positions": command.joint_positions,
        "joint_velocities": command.joint_velocities,
        "kp": command.kp,
        "kd": command.kd,
        "joint_torques": command.joint_torques,
    }
    for row, (name, part) in zip(values, parts.items(), strict=True):
        if part is None:
            continue
        if np.shape(part) != (spec.n_joints,):
            raise RobotFault(
                f"command: {name} has shape {np.shape(part)}, '{spec.name}' has {spec.n_joints} "
                f"joints: nothing was sent"
            )
        row[:] = part
    if not np.isfinite(values).all():
        row, joint = np.argwhere(~np.isfinite(values))[0]
        raise RobotFault(
            f"command: {list(parts)[row]} of '{spec.joint_names[joint]}' is {values[row, joint]}: "
            f"nothing was sent"
        )
    return values


def packet_to_command(packet: CommandPacket) -> RobotCommand:
    """Return the command in a packet; a soft one is damping alone."""
    q, dq, kp, kd, tau = packet.values
    if packet.mode == CommandMode.SOFT:
        zero = np.zeros_like(q)
        return RobotCommand(q, joint_velocities=zero, kp=zero, kd=kd, joint_torques=zero)
    return RobotCommand(q, joint_velocities=dq, kp=kp, kd=kd, joint_torques=tau)


def bits(chosen: Iterable[str], table: dict[str, int]) -> int:
    """Return the bits of names; a name that the table does not know has none."""
    return sum(1 << table[name] for name in set(chosen) if name in table)


def names(mask: int, table: dict[str, int]) -> frozenset[str]:
    """Return the names of bits; a bit that the table does not know has none."""
    return frozenset(name for name, bit in table.items() if mask >> bit & 1)


def check_size(spec: RobotSpec) -> None:
    """Check that a robot fits into the protocol's packets.

    Raises:
        ConfigError: If it has too many joints or feet.
    """
    if spec.n_joints > MAX_JOINTS or len(spec.legs) > MAX_FEET:
        raise ConfigError(
            f"remote: '{spec.name}' has {spec.n_joints} joints and {len(spec.legs)} feet, a packet "
            f"at most {MAX_JOINTS} and {MAX_FEET}"
        )
