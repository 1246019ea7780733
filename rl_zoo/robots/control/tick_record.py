"""One tick of the control loop as plain data, and as a row of fixed size for rings and files."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_zoo.robots.control.link import Snapshot
from rl_zoo.robots.driver import BUTTONS, RobotCommand, RobotState
from rl_zoo.robots.spec import RobotSpec

FAULT_BYTES = 160
"""Longest text of a fault in a row, UTF-8."""
_UNKNOWN = -1
_BITS = {name: 1 << index for index, name in enumerate(BUTTONS)}


@dataclass(frozen=True, slots=True)
class TickRecord:
    """What was read, decided and sent in one tick. Its arrays are never written to again."""

    snapshot: Snapshot
    """What the other side sees after the tick."""
    sample: RobotState | None
    """Newest sample of the driver, usable or not; None before the first."""
    is_fresh: bool
    """Whether this tick got a sample that is new and usable."""
    lateness: float
    """Time since the tick before, beyond the period, s; negative if early."""
    proposed: NDArray[np.float64] | None
    """Target before the guard, rad; None where the robot is soft. Shape: (n_joints,)."""
    command: RobotCommand | None
    """What was sent (``dry_run``: would have been), every field given; None: nothing."""
    is_guarded: bool
    """Whether the guard changed ``proposed``."""
    is_sent: bool
    """Whether the driver got the command."""


def state_dtype(spec: RobotSpec) -> np.dtype[Any]:
    """Return the row of a ``RobotState``: unknown numbers are NaN, unknown counters -1."""
    n, n_feet = spec.n_joints, len(spec.legs)
    return np.dtype(
        [
            ("time", "f8"),
            ("sequence", "i8"),
            ("joint_positions", "f8", (n,)),
            ("joint_velocities", "f8", (n,)),
            ("joint_torques", "f8", (n,)),
            ("motor_positions", "f8", (n,)),
            ("orientation", "f8", (4,)),
            ("angular_velocity_in_body", "f8", (3,)),
            ("acceleration_in_body", "f8", (3,)),
            ("foot_forces", "f8", (n_feet,)),
            ("temperatures", "f8", (n,)),
            ("battery_voltage", "f8"),
            ("motors_online", "i1", (n,)),
            ("buttons", "u4"),
        ]
    )


def tick_dtype(spec: RobotSpec) -> np.dtype[Any]:
    """Return the row of a ``TickRecord``."""
    n = spec.n_joints
    return np.dtype(
        [
            ("tick", "i8"),
            ("time", "f8"),
            ("lateness", "f8"),
            ("mode", "u1"),
            ("interruption", "u1"),
            ("ending", "u1"),
            ("is_fresh", "?"),
            ("is_guarded", "?"),
            ("is_sent", "?"),
            ("epoch", "i8"),
            ("target_sequence", "i8"),
            ("n_guarded", "i8"),
            ("n_late", "i8"),
            ("n_stale", "i8"),
            ("sample", state_dtype(spec)),
            ("proposed", "f8", (n,)),
            ("joint_positions", "f8", (n,)),
            ("joint_velocities", "f8", (n,)),
            ("kp", "f8", (n,)),
            ("kd", "f8", (n,)),
            ("joint_torques", "f8", (n,)),
            ("fault", f"S{FAULT_BYTES}"),
        ]
    )


def state_row(state: RobotState | None) -> tuple[Any, ...]:
    """Return the values of ``state_dtype`` for a state; None: nothing is known."""
    nan = np.nan
    if state is None:
        return (nan, _UNKNOWN, *(nan,) * 10, _UNKNOWN, 0)
    online: Any = _UNKNOWN if state.motors_online is None else state.motors_online
    return (
        state.time,
        _UNKNOWN if state.sequence is None else state.sequence,
        state.joint_positions,
        state.joint_velocities,
        state.joint_torques,
        state.motor_positions,
        state.orientation,
        state.angular_velocity_in_body,
        nan if state.acceleration_in_body is None else state.acceleration_in_body,
        nan if state.foot_forces is None else state.foot_forces,
        nan if state.temperatures is None else state.temperatures,
        nan if state.battery_voltage is None else state.battery_voltage,
        online,
        sum(_BITS.get(name, 0) for name in state.buttons) if state.buttons else 0,
    )


def state_of_row(row: Any) -> RobotState:
    """Return the state in a row of ``state_dtype``; inverse of ``state_row``."""
    sequence, battery = int(row["sequence"]), float(row["battery_voltage"])
    online, pressed = row["motors_online"], int(row["buttons"])
    w, x, y, z = row["orientation"].tolist()
    return RobotState(
        time=float(row["time"]),
        joint_positions=row["joint_positions"].copy(),
        joint_velocities=row["joint_velocities"].copy(),
        joint_torques=row["joint_torques"].copy(),
        motor_positions=row["motor_positions"].copy(),
        orientation=(w, x, y, z),
        angular_velocity_in_body=row["angular_velocity_in_body"].copy(),
        acceleration_in_body=_known(row["acceleration_in_body"]),
        foot_forces=_known(row["foot_forces"]),
        temperatures=_known(row["temperatures"]),
        battery_voltage=None if np.isnan(battery) else battery,
        sequence=None if sequence == _UNKNOWN else sequence,
        motors_online=None if (online < 0).any() else tuple((online > 0).tolist()),
        buttons=frozenset(name for name, bit in _BITS.items() if pressed & bit),
    )


def tick_row(record: TickRecord) -> tuple[Any, ...]:
    """Return the values of ``tick_dtype`` for a tick, to be assigned to one element of an array."""
    snapshot, command, nan = record.snapshot, record.command, np.nan
    commanded: tuple[Any, ...] = (nan,) * 5
    if command is not None:
        commanded = (
            command.joint_positions,
            command.joint_velocities,
            command.kp,
            command.kd,
            command.joint_torques,
        )
    return (
        snapshot.tick,
        snapshot.time,
        record.lateness,
        snapshot.mode,
        snapshot.interruption,
        snapshot.ending,
        record.is_fresh,
        record.is_guarded,
        record.is_sent,
        snapshot.epoch,
        snapshot.target_sequence,
        snapshot.n_guarded,
        snapshot.n_late,
        snapshot.n_stale,
        state_row(record.sample),
        nan if record.proposed is None else record.proposed,
        *commanded,
        snapshot.fault.encode()[:FAULT_BYTES],
    )


def _known(values: NDArray[np.float64]) -> NDArray[np.float64] | None:
    return None if np.isnan(values).all() else values.copy()
