"""Robots of moteus servos on CAN-FD: frames by the official client library, bus by python-can.

Nothing here waits: ``write`` sends a frame to each servo that commands and asks in one, and
``read`` takes in what has come back. So it needs neither thread nor event loop, and a lost servo
costs no time.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rl_zoo import console
from rl_zoo.errors import RobotFault
from rl_zoo.robots.clock import Clock, MonotonicClock
from rl_zoo.robots.driver import Capabilities, RobotCommand, RobotState
from rl_zoo.robots.spec import FloatArray, RobotSpec
from rl_zoo.robots.wire.can_bus import CanBus
from rl_zoo.robots.wire.inertial_sensor import (
    BusSensor,
    InertialReading,
    InertialSensor,
    open_sensor,
)
from rl_zoo.robots.wire.moteus_options import MoteusOptions, option_problems, read_options
from rl_zoo.robots.wire.moteus_registers import (
    IMU_ID,
    Register,
    ServoMode,
    fault_text,
    pad,
    parse_reply,
)
from rl_zoo.robots.wire.moteus_servos import FramePacker, make_servos
from rl_zoo.robots.wire.remote_readings import command_values
from rl_zoo.robots.wire.servo_readings import ServoReadings

_REPLY_WANTED = 0x8000
_COUNTER_MASK = 0x7FFFFFFF
_ZERO_TOLERANCE = 0.02  # rad
_SENSOR_PATIENCE = 0.05
"""Age (s) of the inertial sensor's sample beyond which there is no new sample of the robot."""
_RESTART = 100  # ms that a servo's clock must fall back: less is a late answer
_WARN_AGAIN = 10.0  # s


class MoteusDriver:
    """A robot whose joints are moteus servos.

    Args:
        spec: The robot.
        options: Of ``MoteusOptions``.

    Attributes:
        faults: Joint -> why its servo does not do as it is told; the newest sample's.

    Raises:
        ConfigError: If an option is unknown or has no meaning.
        MissingDependencyError: If python-can or the client library is not installed.
    """

    def __init__(self, spec: RobotSpec, **options: Any) -> None:
        self._options: MoteusOptions = read_options(MoteusOptions, spec, options, "driver_options")
        chosen = self._options
        has_links = spec.is_elastic if chosen.link_encoders is None else chosen.link_encoders
        measures = {"temperature", "battery", "torque", "motors_online"}
        if has_links:
            measures.add("motor_position")
        if chosen.imu != "none":
            measures.add("acceleration")
        self.spec = spec
        self.clock: Clock = MonotonicClock()
        self.capabilities = Capabilities(
            chosen.rate, frozenset(measures), has_command_watchdog=True, can_zero=True
        )
        self.faults: dict[str, str] = {}
        self._servos = make_servos(spec, chosen)
        self._packer = FramePacker(self._servos, chosen.watchdog, has_links)
        self._needed = {Register.MODE, Register.POSITION, Register.VELOCITY, Register.TORQUE}
        if has_links:
            self._needed |= {Register.LINK_POSITION, Register.LINK_VELOCITY}
        self._joints = {servo.id: i for i, servo in enumerate(self._servos)}
        self._bus: CanBus | None = None
        self._sensor: InertialSensor | None = None
        self._begin()

    @staticmethod
    def keyword_problems(options: Mapping[str, Any]) -> list[str]:
        """Return what is wrong with options, whatever the robot, as ``key: what``."""
        return option_problems(MoteusOptions, options)

    def _begin(self) -> None:
        """Forget an earlier connection."""
        self._readings = ServoReadings(len(self._servos))
        self._state: RobotState | None = None
        self._restarted: set[int] = set()
        self._is_stiff = False
        self._has_written = False
        self._asked = -math.inf
        self._warned: dict[str, float] = {}

    def connect(self) -> None:
        """Open bus and sensor and wait until every servo has answered; command nothing.

        Raises:
            RobotFault: If the bus does not open or somebody does not answer.
        """
        self.close()
        self._begin()
        chosen = self._options
        self._bus = CanBus(chosen.bus, chosen.channel, chosen.bus_options)
        try:
            self._sensor = open_sensor(chosen.imu, chosen.imu_options)
            if not self._wait(lambda: self.read() is not None, chosen.timeout):
                raise RobotFault(self._silence(self._bus.name))
        except BaseException:
            self.close()
            raise
        if chosen.imu == "none":
            console.warn(
                "moteus: no inertial sensor (imu: none): the trunk is ASSUMED upright, no fall is "
                "noticed: only for a robot in a stand"
            )

    def read(self) -> RobotState | None:
        """Return the newest sample without waiting, None before the first.

        A sample is complete when every servo has answered, or 20 ms later without those that owe an
        answer; its stamp is the arrival of its oldest part.
        """
        if self._bus is not None:
            self._receive(self._bus)
            self._update(self._readings.finish(time.monotonic()))
            self._ask()
        return self._state

    def write(self, command: RobotCommand) -> None:
        """Send a command now, and ask for the next sample with it.

        Raises:
            RobotFault: If it is not finite or of the wrong size: nothing is sent then.
        """
        values = command_values(self.spec, command)
        self._send(values)

    def stop(self) -> None:
        """Make the motors soft: damping, no stiffness. May be called twice and from any thread."""
        values = np.zeros((5, len(self._servos)))
        values[3] = self.spec.kd
        for _ in range(2):  # one may get lost
            self._send(values)

    def close(self) -> None:
        """Release bus and sensor; the servos' watchdogs damp them."""
        bus, self._bus = self._bus, None
        sensor, self._sensor = self._sensor, None
        if bus is not None:
            bus.close()
        if sensor is not None:
            sensor.close()

    def zero(self) -> None:
        """Call the present position of every joint 0; motors are free while it happens.

        It holds until the servos lose power: ``docs/moteus.md`` says how to keep it.

        Raises:
            RobotFault: If not connected, or a servo does not read 0 afterwards.
        """
        bus = self._bus
        if bus is None or self._state is None:
            raise RobotFault("moteus: not connected: no zero was set")
        for joint, servo in enumerate(self._servos):
            bus.send(servo.id, pad(self._packer.stop(joint)))
            bus.send(servo.id, pad(self._packer.set_output(joint, 0.0)))
        if not self._wait(self._is_at_zero, self._options.timeout):
            worst = int(np.argmax(np.abs(self._state.motor_positions)))
            raise RobotFault(
                f"moteus: '{self.spec.joint_names[worst]}' reads "
                f"{self._state.motor_positions[worst]:+.3f} rad after its zero was set"
            )

    def _is_at_zero(self) -> bool:
        state = self.read()
        return state is not None and float(np.abs(state.motor_positions).max()) < _ZERO_TOLERANCE

    def _wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.002)
        return True

    def _send(self, values: FloatArray) -> None:
        bus = self._bus  # another thread may close it
        if bus is None:
            return
        laws = values.T.tolist()
        is_stiff = bool(values[2].any() or values[4].any())
        if not is_stiff:
            self._restarted.clear()
        for joint, servo in enumerate(self._servos):
            law = laws[joint]
            if joint in self._restarted:  # it may have lost its zero: soft until all are
                law = [law[0], 0.0, 0.0, float(self.spec.kd[joint]), 0.0]
            if not is_stiff and self._mode(joint) in (ServoMode.FAULT, ServoMode.TIMEOUT):
                # Only a stop ends these; damping follows at once.
                bus.send(servo.id, pad(self._packer.stop(joint)))
            bus.send(_REPLY_WANTED | servo.id, pad(self._packer.servo(joint, tuple(law))))
        self._is_stiff = is_stiff
        self._has_written = True
        self._asked = time.monotonic()

    def _ask(self) -> None:
        """Ask for a sample where nobody writes (commands ask themselves)."""
        if self._has_written or self._bus is None:
            self._has_written = False
            return
        now = time.monotonic()
        if now - self._asked < 1.0 / self._options.rate:
            return
        self._asked = now
        for joint, servo in enumerate(self._servos):
            self._bus.send(_REPLY_WANTED | servo.id, pad(self._packer.query(joint)))

    def _receive(self, bus: CanBus) -> None:
        while (received := bus.receive()) is not None:
            arbitration_id, data, arrival = received
            if arbitration_id == IMU_ID and isinstance(self._sensor, BusSensor):
                self._sensor.take(data, arrival)
                continue
            joint = self._joints.get(arbitration_id >> 8)  # from a servo to client 0
            reply = None
            if joint is not None and not arbitration_id & 0xFF:
                reply = parse_reply(data)
            if joint is not None and reply is not None and self._needed <= reply.keys():
                before = self._readings.newest[joint].get(Register.COUNTER, -math.inf)
                if reply.get(Register.COUNTER, math.inf) < before - _RESTART:
                    self._restarted.add(joint)
                self._readings.take(joint, reply, arrival)

    def _update(self, stamp: float | None) -> None:
        """Make a state of what has come in, if it is complete."""
        inertial = self._sensor.read() if self._sensor is not None else None
        if stamp is None or inertial is None or not self._readings.has_all():
            return
        if stamp - inertial.time < _SENSOR_PATIENCE:
            self._state = self._make_state(stamp, inertial)

    def _mode(self, joint: int) -> int:
        return int(self._readings.newest[joint].get(Register.MODE, ServoMode.STOPPED))

    def _make_state(self, stamp: float, inertial: InertialReading) -> RobotState:
        servos, newest = self._servos, self._readings.newest
        rows = list(zip(servos, newest, strict=True))
        motors = np.array([s.to_angle(r[Register.POSITION]) for s, r in rows])
        speeds = np.array([s.to_speed(r[Register.VELOCITY]) for s, r in rows])
        positions = motors
        if self._packer.has_link_encoders:
            positions = np.array([s.link_angle(r[Register.LINK_POSITION]) for s, r in rows])
            speeds = np.array([s.link_speed(r[Register.LINK_VELOCITY]) for s, r in rows])
        temperatures = np.array([_hottest(reply) for reply in newest])
        online = self._judge_motors()
        return RobotState(
            time=stamp,
            joint_positions=positions,
            joint_velocities=speeds,
            joint_torques=np.array([s.to_torque(r[Register.TORQUE]) for s, r in rows]),
            motor_positions=motors,
            orientation=inertial.orientation,
            angular_velocity_in_body=inertial.angular_velocity,
            acceleration_in_body=inertial.acceleration,
            temperatures=temperatures if np.isfinite(temperatures).all() else None,
            battery_voltage=_lowest_voltage(newest),
            sequence=self._count(),
            motors_online=online,
        )

    def _judge_motors(self) -> tuple[bool, ...]:
        """Return which motors do as they are told, and keep in words why others do not."""
        faults = {}
        for joint, servo in enumerate(self._servos):
            mode = self._mode(joint)
            if not self._readings.is_present(joint):
                faults[servo.name] = f"servo {servo.id} does not answer"
            elif joint in self._restarted and self._is_stiff:
                faults[servo.name] = f"servo {servo.id} has restarted: is its zero still right?"
            elif mode == ServoMode.FAULT or (mode == ServoMode.TIMEOUT and self._is_stiff):
                code = int(self._readings.newest[joint].get(Register.FAULT, 0))
                faults[servo.name] = f"servo {servo.id}: {fault_text(mode, code)}"
        if faults:
            self._warn("moteus: " + "; ".join(f"'{k}': {v}" for k, v in faults.items()))
        self.faults = faults
        return tuple(servo.name not in faults for servo in self._servos)

    def _warn(self, words: str) -> None:
        """Warn, of the same thing not at every sample."""
        now = time.monotonic()
        if now - self._warned.get(words, -math.inf) > _WARN_AGAIN:
            self._warned[words] = now
            console.warn(words)

    def _count(self) -> int | None:
        """Return the smallest clock of the servos: it falls back if one of them restarts."""
        counters = [
            int(reply[Register.COUNTER])
            for joint, reply in enumerate(self._readings.newest)
            if Register.COUNTER in reply and self._readings.is_present(joint)
        ]
        return min(counters) & _COUNTER_MASK if counters else None

    def _silence(self, bus: str) -> str:
        silent = [
            f"'{servo.name}' (id {servo.id})"
            for servo, reply in zip(self._servos, self._readings.newest, strict=True)
            if not reply
        ]
        if not silent:
            return f"moteus: no inertial sensor (imu: {self._options.imu}) sends anything on {bus}"
        if len(silent) == len(self._servos):
            return f"moteus: no servo answers on {bus}: power, channel or ids"
        return f"moteus: no answer on {bus} from {', '.join(silent)}"


def _hottest(reply: Mapping[int, float]) -> float:
    """Return the temperature of a servo, °C: of its board, or its motor where that is hotter."""
    values = [reply.get(r, math.nan) for r in (Register.TEMPERATURE, Register.MOTOR_TEMPERATURE)]
    return max((value for value in values if math.isfinite(value)), default=math.nan)


def _lowest_voltage(replies: list[dict[int, float]]) -> float | None:
    values = [reply.get(Register.VOLTAGE, math.nan) for reply in replies]
    return min((value for value in values if math.isfinite(value)), default=None)
