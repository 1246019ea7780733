"""States from the bytes of ``LowState_``: what is known, and what only reads zero."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from rl_zoo.robots.driver import RobotState
from rl_zoo.robots.spec import FloatArray, RobotSpec
from rl_zoo.robots.wire.unitree_layout import LOW_STATE, Record
from rl_zoo.robots.wire.unitree_remote import unpack_buttons

_LOST_IN_A_ROW = 5
"""Samples in a row that count a further lost packet of a motor: one alone is a glitch."""


class StateDecoder:
    """Turns the messages of one robot into states.

    Zero means "unknown" where a robot cannot measure zero (temperature, voltage). Where it can
    (feet in the air, tick after the start), zero is believed once another value was seen. The
    checksum is not looked at: UDP has its own, and whether robots fill it in is not known.

    Args:
        spec: The robot.
        slots: Motor slot of each joint.
    """

    def __init__(self, spec: RobotSpec, slots: Sequence[int]) -> None:
        self._spec = spec
        self._slots = list(slots)
        self._has_tick = False
        self._has_feet = False
        self._lost = np.zeros(spec.n_joints, np.int64)
        self._n_lost = np.zeros(spec.n_joints, np.int64)

    @property
    def has_tick(self) -> bool:
        """Return whether the robot counts its samples."""
        return self._has_tick

    def decode(self, structure: bytes, time: float, n_arrived: int) -> RobotState:
        """Return the state of a message.

        Args:
            structure: C structure of a ``LowState_``.
            time: Of its arrival, s.
            n_arrived: Counts arrivals: the sequence of a robot without tick.
        """
        message = LOW_STATE.view(structure)
        motors, imu = message["motor_state"][self._slots], message["imu_state"]
        tick = int(message["tick"])
        self._has_tick = self._has_tick or tick != 0
        positions = _floats(motors["q"])
        return RobotState(
            time=time,
            joint_positions=positions,
            joint_velocities=_floats(motors["dq"]),
            joint_torques=_floats(motors["tau_est"]),
            motor_positions=self._motor_positions(motors, positions),
            orientation=tuple(imu["quaternion"].tolist()),
            angular_velocity_in_body=_floats(imu["gyroscope"]),
            acceleration_in_body=_known(imu["accelerometer"]),
            foot_forces=self._foot_forces(message["foot_force"]),
            temperatures=_known(motors["temperature"]),
            battery_voltage=float(message["power_v"]) or None,
            sequence=tick if self._has_tick else n_arrived,
            motors_online=self._motors_online(motors["lost"].astype(np.int64)),
            buttons=unpack_buttons(message["wireless_remote"].tobytes()),
        )

    def _motor_positions(self, motors: Record, positions: FloatArray) -> FloatArray:
        """Return the motors' side of the springs; a rigid robot's raw values are not needed."""
        if not self._spec.is_elastic or not motors["q_raw"].any():
            return positions
        return _floats(motors["q_raw"])

    def _foot_forces(self, forces: Record) -> FloatArray | None:
        self._has_feet = self._has_feet or bool(forces.any())
        return _floats(forces[: len(self._spec.legs)]) if self._has_feet else None

    def _motors_online(self, lost: Record) -> tuple[bool, ...] | None:
        """Return which motors answer: the count of lost packets of a silent one rises and rises."""
        self._n_lost = np.where(lost > self._lost, self._n_lost + 1, 0)
        self._lost = lost
        if not self._has_tick:
            return None  # A robot that does not even count samples does not count lost packets.
        return tuple((self._n_lost < _LOST_IN_A_ROW).tolist())


def _floats(values: Record) -> FloatArray:
    return values.astype(np.float64)


def _known(values: Record) -> FloatArray | None:
    return _floats(values) if values.any() else None
