"""Simulated moteus servos on a CAN bus, and an inertial sensor beside them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rl_zoo.robots.driver import RobotCommand, RobotState
from rl_zoo.robots.spec import FloatArray, RobotSpec
from rl_zoo.robots.wire.can_bus import CanBus
from rl_zoo.robots.wire.moteus_options import BusOptions, option_problems, read_options
from rl_zoo.robots.wire.moteus_registers import (
    IMU_ID,
    Register,
    Request,
    ServoMode,
    pack_imu,
    pack_reply,
    parse_request,
)
from rl_zoo.robots.wire.moteus_servos import Servo, make_servos

_IMU_PERIOD = 0.004  # s
_DEFAULT_TIMEOUT = 0.1  # s, of a servo that is not told another (servo.default_timeout_s)
_ROOM_TEMPERATURE = 25.0  # degrees Celsius, where the body knows none
_DEFAULT_VOLTAGE = 24.0
_COMMANDS: dict[int, float] = {
    Register.COMMAND_POSITION: 0.0,
    Register.COMMAND_VELOCITY: 0.0,
    Register.COMMAND_TORQUE: 0.0,
    Register.COMMAND_KP_SCALE: 1.0,
    Register.COMMAND_KD_SCALE: 1.0,
    Register.COMMAND_MAX_TORQUE: math.nan,
    Register.COMMAND_TIMEOUT: 0.0,
}
"""What an omitted register means."""
_OBEYED = (ServoMode.STOPPED, ServoMode.POSITION, ServoMode.ZERO_VELOCITY, ServoMode.BRAKE)


@dataclass
class SimulatedServo:
    """The registers of one servo and what its firmware does with them."""

    servo: Servo
    mode: int = ServoMode.STOPPED
    fault: int = 0
    commanded: dict[int, float] = field(default_factory=lambda: dict(_COMMANDS))
    deadline: float = math.inf
    """When the watchdog trips, s on the monotonic clock."""
    shift: float = 0.0
    """Difference of what it counts to the truth, revolutions: set by ``SET_OUTPUT_EXACT``."""
    measured: dict[int, float] = field(default_factory=dict)
    is_present: bool = True

    def write(self, values: Mapping[int, float], now: float) -> bool:
        """Carry out what was written; say whether the motor's law may have changed."""
        for register in (Register.SET_OUTPUT_EXACT, Register.SET_OUTPUT_NEAREST):
            if register in values:
                self._set_output(values[register], is_exact=register == Register.SET_OUTPUT_EXACT)
        mode = values.get(Register.MODE)
        if mode is None:
            return False
        if mode == ServoMode.STOPPED:
            self.fault = 0
        elif self.mode in (ServoMode.FAULT, ServoMode.TIMEOUT):
            return False  # only a stop ends these
        if mode not in _OBEYED:
            return False
        self.mode = int(mode)
        self.commanded = {r: values.get(r, default) for r, default in _COMMANDS.items()}
        self.deadline = math.inf
        timeout = self.commanded[Register.COMMAND_TIMEOUT] or _DEFAULT_TIMEOUT
        if mode == ServoMode.POSITION and not math.isnan(timeout):
            self.deadline = now + timeout
        return True

    def watch(self, now: float) -> bool:
        """Trip the watchdog if it is due; say whether it did."""
        if now < self.deadline:
            return False
        self.mode, self.deadline = ServoMode.TIMEOUT, math.inf
        return True

    def fail(self, code: int) -> None:
        """Go into a fault, as a servo whose driver, encoder or supply fails."""
        self.mode, self.fault, self.deadline = ServoMode.FAULT, code, math.inf

    def law(self) -> tuple[float, float, float, float, float]:
        """Return q, dq, kp, kd, tau of the joint that the servo acts by."""
        servo, given = self.servo, self.commanded
        held = self.measured.get(Register.POSITION, 0.0)
        angle = servo.to_angle(held - self.shift)
        if self.mode == ServoMode.POSITION:
            wanted = given[Register.COMMAND_POSITION]
            kp_scale = min(1.0, given[Register.COMMAND_KP_SCALE])
            kp, kd = servo.gains(kp_scale, min(kp_scale, given[Register.COMMAND_KD_SCALE]))
            q = angle if math.isnan(wanted) else servo.to_angle(wanted - self.shift)
            speed = servo.to_speed(given[Register.COMMAND_VELOCITY])
            return q, speed, kp, kd, servo.to_torque(given[Register.COMMAND_TORQUE])
        if self.mode == ServoMode.ZERO_VELOCITY:
            _, kd = servo.gains(0.0, min(1.0, given[Register.COMMAND_KD_SCALE]))
            return angle, 0.0, 0.0, kd, 0.0
        if self.mode in (ServoMode.TIMEOUT, ServoMode.BRAKE):
            return angle, 0.0, 0.0, servo.gains(0.0, 1.0)[1], 0.0
        return angle, 0.0, 0.0, 0.0, 0.0

    def registers(self) -> dict[int, float]:
        """Return what can be read."""
        state: dict[int, float] = {Register.MODE: self.mode, Register.FAULT: self.fault}
        return {**self.commanded, **self.measured, **state}

    def measure(self, values: Mapping[int, float]) -> None:
        """Take what the servo measures from now on; its position without its shift."""
        self.measured = dict(values)
        self.measured[Register.POSITION] += self.shift

    def _set_output(self, position: float, *, is_exact: bool) -> None:
        now = self.measured.get(Register.POSITION, 0.0)
        difference = position - now
        change = difference if is_exact else float(round(difference))
        self.shift += change
        if Register.POSITION in self.measured:
            self.measured[Register.POSITION] += change


class MoteusServer:
    """Servos of a robot on a CAN bus that python-can knows.

    Args:
        spec: The robot.
        options: Of ``BusOptions``; by default ``udp_multicast`` instead of real hardware.

    Attributes:
        address: Interface and channel.
        packets: Called with arrival (s, monotonic clock) and arbitration id (4 bytes,
            little-endian) plus data of every frame to a servo.
        n_refused: Frames to a servo that it does not understand.
        servos: The servos in joint order: tests look at them and make them fail.

    Raises:
        ConfigError: If an option is unknown or has no meaning.
    """

    def __init__(self, spec: RobotSpec, **options: Any) -> None:
        given = {"bus": "udp_multicast", "channel": "239.74.163.2", **options}
        self._options: BusOptions = read_options(BusOptions, spec, given, "--protocol-options")
        self.address = f"{self._options.bus} {self._options.channel}"
        self.packets: Callable[[float, bytes], None] | None = None
        self.n_refused = 0
        self._spec = spec
        self._layout = make_servos(spec, self._options)
        self._bus: CanBus | None = None
        self._start()

    @staticmethod
    def keyword_problems(options: Mapping[str, Any]) -> list[str]:
        """Return what is wrong with options, whatever the robot, as ``key: what``."""
        return option_problems(BusOptions, options)

    def _start(self) -> None:
        self.servos = [SimulatedServo(servo) for servo in self._layout]
        self._by_id = {servo.id: i for i, servo in enumerate(self._layout)}
        self._has_changed = False
        self._imu_due = -math.inf
        self._n_imu = 0

    def open(self) -> None:
        """Join the bus; after ``close`` with servos that have just got power.

        Raises:
            RobotFault: If there is no such bus.
        """
        if self._bus is None:
            self._start()
            chosen = self._options
            self._bus = CanBus(chosen.bus, chosen.channel, chosen.bus_options)

    def receive(self) -> list[RobotCommand]:
        """Return the law that the servos act by if it has changed."""
        self.respond(0.0)
        now = time.monotonic()
        tripped = [servo.watch(now) for servo in self.servos]
        if not (self._has_changed or any(tripped)):
            return []
        self._has_changed = False
        q, dq, kp, kd, tau = np.array([servo.law() for servo in self.servos]).T
        limit = self._spec.max_torques
        return [RobotCommand(q, dq, kp, kd, np.clip(tau, -limit, limit))]

    def respond(self, deadline: float) -> None:
        """Answer queries until ``deadline`` (monotonic clock, s)."""
        n_late = 0
        while self._bus is not None and n_late < 2 * len(self.servos):  # physics must go on
            left = deadline - time.monotonic()
            received = self._bus.receive(max(0.0, left))
            if received is None and left <= 0.0:
                return
            n_late += left <= 0.0
            if received is not None:
                self._take(*received)

    def publish(self, state: RobotState) -> None:
        """Keep a state as the answer to the next query; send the inertial sensor's part."""
        for i, simulated in enumerate(self.servos):
            simulated.measure(_registers(self._layout[i], state, i))
            simulated.is_present = state.motors_online is None or state.motors_online[i]
        now = time.monotonic()
        if self._bus is not None and now >= self._imu_due:
            self._imu_due = max(now, self._imu_due + _IMU_PERIOD)
            self._n_imu += 1
            acceleration = state.acceleration_in_body
            values = (
                *state.orientation,
                *state.angular_velocity_in_body,
                *(np.zeros(3) if acceleration is None else acceleration),
            )
            has_acceleration = acceleration is not None
            frame = pack_imu(values, self._n_imu, has_acceleration=has_acceleration)
            self._bus.send(IMU_ID, frame)

    def close(self) -> None:
        """Leave the bus; may be called twice."""
        bus, self._bus = self._bus, None
        if bus is not None:
            bus.close()

    def _take(self, arbitration_id: int, data: bytes, arrival: float) -> None:
        joint = self._by_id.get(arbitration_id & 0x7F)
        if joint is None or arbitration_id >> 16:
            return  # not for a servo: replies (a bus may hand back one's own), the sensor
        if self.packets is not None:
            self.packets(arrival, arbitration_id.to_bytes(4, "little") + data)
        request = parse_request(arbitration_id, data)
        if request is None:
            self.n_refused += 1
        elif self.servos[joint].is_present:
            self._serve(self.servos[joint], request, arrival)

    def _serve(self, simulated: SimulatedServo, request: Request, arrival: float) -> None:
        if request.writes:
            self._has_changed |= simulated.write(request.writes, arrival)
        if request.wants_reply and self._bus is not None and simulated.measured:
            reply_id = request.servo << 8 | request.source
            self._bus.send(reply_id, pack_reply(simulated.registers(), request.reads))


def _registers(servo: Servo, state: RobotState, joint: int) -> dict[int, float]:
    """Return what a servo measures; its clock is the robot's counter of samples."""
    temperature = _ROOM_TEMPERATURE if state.temperatures is None else state.temperatures[joint]
    voltage = _DEFAULT_VOLTAGE if state.battery_voltage is None else state.battery_voltage
    motors: FloatArray = state.motor_positions
    speed = float(state.joint_velocities[joint])
    return {
        Register.POSITION: servo.to_turns(float(motors[joint])),
        Register.VELOCITY: servo.to_turn_rate(speed),
        Register.TORQUE: servo.to_servo_torque(float(state.joint_torques[joint])),
        Register.MOTOR_TEMPERATURE: float(temperature),
        Register.TEMPERATURE: float(temperature),
        Register.VOLTAGE: float(voltage),
        Register.LINK_POSITION: servo.link_turns(float(state.joint_positions[joint])),
        Register.LINK_VELOCITY: servo.link_turn_rate(speed),
        Register.COUNTER: float(state.sequence or 0),
    }
