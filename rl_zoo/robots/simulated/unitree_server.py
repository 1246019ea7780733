"""The robot's side of Unitree's DDS: takes commands, publishes states, gives up its motors."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_zoo.motion.rotations import heading
from rl_zoo.robots.driver import RobotCommand, RobotState
from rl_zoo.robots.simulated.unitree_motion import MotionResponder
from rl_zoo.robots.spec import FloatArray, RobotSpec
from rl_zoo.robots.wire.unitree_command import HEAD, LOW_LEVEL, is_genuine, unpack_command
from rl_zoo.robots.wire.unitree_crc import store_checksum
from rl_zoo.robots.wire.unitree_dds import COMMAND_TOPIC, STATE_TOPIC, Bus, send
from rl_zoo.robots.wire.unitree_idl import VARIANTS, message_types
from rl_zoo.robots.wire.unitree_layout import LOW_CMD, LOW_STATE, Record
from rl_zoo.robots.wire.unitree_options import BusOptions, option_problems, read_options
from rl_zoo.robots.wire.unitree_remote import pack_buttons
from rl_zoo.robots.wire.unitree_slots import motor_slots
from rl_zoo.suggest import did_you_mean

_DEPTH = 32
"""Commands that are kept between two calls of ``receive``; a real board obeys the newest anyway."""
_N_FEET = 4


@dataclass(frozen=True)
class UnitreeServerOptions(BusOptions):
    """Options of the server."""

    type_variant: str = "byte"
    """Of the messages' 8-bit fields: ``byte`` as robots, ``uint8`` as the vendor's SDK on 11.0."""
    motion_service: bool = True
    """Whether a motion mode is active at first, and must be released, as on a robot."""
    strict_crc: bool = False
    """Whether commands with a wrong checksum or head are refused; robots are said not to."""
    bare: bool = False
    """Be only as much as the vendor's Python simulator: no motion service, no checksum, head,
    tick, roll-pitch-yaw, temperature, voltage or foot force, no look at the checksum."""

    def problems(self) -> list[str]:
        """Return what is wrong, each starting with the option."""
        found = super().problems()
        if self.type_variant not in VARIANTS:
            nearest = did_you_mean(str(self.type_variant), VARIANTS)
            found.append(f"type_variant: {self.type_variant!r} is unknown{nearest}")
        return found + self.not_bool("motion_service", "strict_crc", "bare")


@dataclass
class _Link:
    """What exists while the server is open."""

    bus: Bus
    reader: Any
    writer: Any
    state_type: Any
    motion: MotionResponder | None


class UnitreeServer:
    """Speaks Unitree's DDS for a robot.

    Args:
        spec: The robot.
        domain: Number of the DDS domain.
        interface: Network interface; None: DDS chooses.
        **options: More of ``UnitreeServerOptions``.

    Attributes:
        packets: Called with arrival (s, monotonic clock) and CDR of every command, obeyed or not.
        n_refused: Commands with a wrong checksum, head or size.
        n_ignored: Commands that came while the motion service had the motors.

    Raises:
        ConfigError: If an option does not exist or has no meaning.
    """

    def __init__(
        self, spec: RobotSpec, *, domain: int = 1, interface: str | None = None, **options: Any
    ) -> None:
        self.spec = spec
        self.packets: Callable[[float, bytes], None] | None = None
        self.n_refused = 0
        self.n_ignored = 0
        self._options = read_options(
            UnitreeServerOptions, {"domain": domain, "interface": interface, **options}
        )
        self._slots = motor_slots(spec, self._options.slots)
        self._packer = StatePacker(spec, self._slots, is_bare=self._options.bare)
        self._link: _Link | None = None

    @staticmethod
    def keyword_problems(keywords: dict[str, Any]) -> list[str]:
        """Return what is wrong with the server's keywords."""
        return option_problems(UnitreeServerOptions, keywords)

    @property
    def address(self) -> str:
        """Return where a driver finds it."""
        return str(self._options.place)

    @property
    def motion_mode(self) -> str:
        """Return the motion mode that has the motors; empty: none."""
        return self._link.motion.mode if self._link and self._link.motion else ""

    def open(self) -> None:
        """Join the domain; the motion mode is active again, as after the start of a robot.

        Raises:
            RobotFault: If the network interface does not exist.
        """
        if self._link is not None:
            return
        bus, types = Bus(self._options.place), message_types(self._options.type_variant)
        has_service = self._options.motion_service and not self._options.bare
        self._link = _Link(
            bus,
            bus.make_reader(COMMAND_TOPIC, types.low_cmd, _DEPTH),
            bus.make_writer(STATE_TOPIC, types.low_state),
            types.low_state,
            MotionResponder(bus, types) if has_service else None,
        )
        self._packer = StatePacker(self.spec, self._slots, is_bare=self._options.bare)

    def receive(self) -> list[RobotCommand]:
        """Return the commands to obey, oldest first; answer requests to the motion service."""
        if self._link is None:
            return []
        motion = self._link.motion
        if motion is not None:
            motion.answer()
        commands = []
        for sample in self._link.reader.take(N=_DEPTH):
            if not sample.sample_info.valid_data:
                continue
            if self.packets is not None:
                self.packets(time.monotonic(), sample.cdr)
            structure = LOW_CMD.from_cdr(sample.cdr)
            if structure is None or (self._options.strict_crc and not is_genuine(structure)):
                self.n_refused += 1
            elif motion is not None and motion.mode:
                self.n_ignored += 1
            else:
                commands.append(unpack_command(structure, self._slots))
        return commands

    def publish(self, state: RobotState) -> None:
        """Send a state."""
        if self._link is not None:
            message = self._link.state_type(self._packer.pack(state))
            send(self._link.writer, message)

    def close(self) -> None:
        """Leave the domain."""
        self._link = None


class StatePacker:
    """Turns the states of one robot into messages.

    Args:
        spec: The robot.
        slots: Motor slot of each joint.
        is_bare: Whether to fill in only what the vendor's Python simulator does.
    """

    def __init__(self, spec: RobotSpec, slots: tuple[int, ...], *, is_bare: bool = False) -> None:
        self._slots = np.array(slots)
        self._is_bare = is_bare
        self._tick_length = 1000.0 / spec.physics_frequency
        self._lost = np.zeros(spec.n_joints, np.uint32)
        self._template = bytearray(LOW_STATE.dtype.itemsize)
        if not is_bare:
            message = LOW_STATE.view(self._template)
            message["head"] = HEAD
            message["level_flag"] = LOW_LEVEL
            message["motor_state"]["mode"][self._slots] = 1

    def pack(self, state: RobotState) -> bytes:
        """Return the CDR of a state."""
        structure = bytearray(self._template)
        message = LOW_STATE.view(structure)
        motors, imu = message["motor_state"], message["imu_state"]
        motors["q"][self._slots] = state.joint_positions
        motors["dq"][self._slots] = state.joint_velocities
        motors["tau_est"][self._slots] = state.joint_torques
        imu["quaternion"] = state.orientation
        imu["gyroscope"] = state.angular_velocity_in_body
        if state.acceleration_in_body is not None:
            imu["accelerometer"] = state.acceleration_in_body
        message["wireless_remote"] = np.frombuffer(pack_buttons(state.buttons), np.uint8)
        if not self._is_bare:
            self._fill(message, state)
        if not self._is_bare:
            store_checksum(structure)
        return LOW_STATE.to_cdr(structure)

    def _fill(self, message: Record, state: RobotState) -> None:
        """Write what the vendor's Python simulator leaves zero."""
        motors = message["motor_state"]
        motors["q_raw"][self._slots] = state.motor_positions
        message["imu_state"]["rpy"] = roll_pitch_yaw(state.orientation)
        if state.temperatures is not None:
            motors["temperature"][self._slots] = _integers(state.temperatures, np.uint8)
        if state.motors_online is not None:
            self._lost += ~np.array(state.motors_online)
            motors["lost"][self._slots] = self._lost
        if state.foot_forces is not None:
            message["foot_force"] = _integers(state.foot_forces, np.int16)
        if state.battery_voltage is not None:
            message["power_v"] = state.battery_voltage
        message["tick"] = self._tick(state) & 0xFFFFFFFF

    def _tick(self, state: RobotState) -> int:
        """Return milliseconds since the start of the board."""
        if state.sequence is not None:
            return round(state.sequence * self._tick_length)
        return round(1000.0 * state.time) if math.isfinite(state.time) else 0


def roll_pitch_yaw(orientation: tuple[float, float, float, float]) -> tuple[float, float, float]:
    """Return the angles about x, y and z (in this order, fixed axes) in rad."""
    w, x, y, z = orientation
    roll = math.atan2(2.0 * (w * x + y * z), 1.0 - 2.0 * (x * x + y * y))
    sine = 2.0 * (w * y - z * x)
    return roll, math.asin(max(-1.0, min(1.0, sine))), heading(orientation)


def _integers(values: FloatArray, kind: type[np.integer[Any]]) -> NDArray[Any]:
    """Return values as integers of a type, as near as it can; not a number becomes 0."""
    limits = np.iinfo(kind)
    known = np.nan_to_num(values, nan=0.0, posinf=limits.max, neginf=limits.min)
    return np.clip(np.rint(known), limits.min, limits.max).astype(kind)
