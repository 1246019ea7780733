"""How the robot is spoken to: an imaginary bus whose motors follow their commands with a lag.

A driver of your own replaces ``_Motors`` by its bus; all else is the contract of
``rl_zoo.robots.driver``.
"""

from __future__ import annotations

import threading

import numpy as np

from rl_zoo.errors import ConfigError, RobotFault
from rl_zoo.robots.clock import Clock, MonotonicClock, VirtualClock
from rl_zoo.robots.driver import Capabilities, RobotCommand, RobotState
from rl_zoo.robots.postures import folded_pose
from rl_zoo.robots.spec import FloatArray, RobotSpec

RATE = 200.0
"""Samples per second, Hz."""
_LAG = 0.03  # s, of a motor behind its command
_WATCHDOG = 0.1  # s without a command after which the motors are soft


class MyBusDriver:
    """Drive the imaginary robot.

    Args:
        spec: The robot.
        port: Where it is; ``nowhere`` does not answer.
        realtime: Live at the computer's clock; False: at a virtual one.

    Raises:
        ConfigError: If an option has no meaning.
    """

    ADDRESS_OPTIONS = frozenset({"port"})

    def __init__(self, spec: RobotSpec, *, port: str = "imaginary0", realtime: bool = True) -> None:
        if not isinstance(port, str) or not port:
            raise ConfigError(f"driver_options.port: {port!r} is no name of a port")
        self.spec = spec
        self.clock: Clock = MonotonicClock() if realtime else VirtualClock()
        self.capabilities = Capabilities(
            state_rate=RATE,
            measures=frozenset({"acceleration", "temperature", "battery"}),
            has_command_watchdog=True,
            can_zero=True,
        )
        self._port = port
        self._lock = threading.Lock()
        self._motors: _Motors | None = None
        self._is_open = False
        self._newest: RobotState | None = None

    def connect(self) -> None:
        """Find the robot on its port.

        Raises:
            RobotFault: If it does not answer.
        """
        if self._port == "nowhere":
            raise RobotFault(f"my_bus: no robot answers on port '{self._port}'")
        self._motors = _Motors(self.spec, self.clock.now())
        self._is_open = True
        self._newest = self._motors.sample(self.clock.now())

    def read(self) -> RobotState | None:
        """Return the newest sample."""
        with self._lock:
            if self._motors is not None and self._is_open:
                self._newest = self._motors.sample(self.clock.now())
            return self._newest

    def write(self, command: RobotCommand) -> None:
        """Send a command.

        Raises:
            RobotFault: If it is not finite or of the wrong size, or nothing is connected.
        """
        for name in ("joint_positions", "joint_velocities", "kp", "kd", "joint_torques"):
            values = getattr(command, name)
            if values is None:
                continue
            if values.shape != (self.spec.n_joints,) or not np.isfinite(values).all():
                raise RobotFault(f"my_bus: {name} is not {self.spec.n_joints} finite numbers")
        with self._lock:
            if self._motors is None or not self._is_open:
                raise RobotFault("my_bus: not connected")
            is_soft = command.kp is not None and not command.kp.any()
            target = None if is_soft else command.joint_positions.copy()
            self._motors.command(target, self.clock.now())

    def stop(self) -> None:
        """Make the motors soft."""
        with self._lock:
            if self._motors is not None and self._is_open:
                self._motors.command(None, self.clock.now())

    def zero(self) -> None:
        """Make the present pose the zero of every joint."""
        with self._lock:
            if self._motors is not None:
                self._motors.offset = self._motors.position.copy()

    def close(self) -> None:
        """Let go of the port."""
        with self._lock:
            self._is_open = False


class _Motors:
    """The robot itself: motors that follow their targets, and sink to the floor when soft."""

    def __init__(self, spec: RobotSpec, now: float) -> None:
        self._start = self._updated = self._commanded = now
        self._floor = np.array(folded_pose(spec))
        self.position: FloatArray = self._floor.copy()
        self.offset: FloatArray = np.zeros(spec.n_joints)
        self._target: FloatArray | None = None
        self._newest: RobotState | None = None

    def command(self, target: FloatArray | None, now: float) -> None:
        """Follow ``target`` (rad) from now on; None: be soft."""
        self._target = None if target is None else target + self.offset
        self._commanded = now

    def sample(self, now: float) -> RobotState:
        """Return the newest of the samples that the robot sends at its rate."""
        number = int((now - self._start) * RATE)
        if self._newest is not None and self._newest.sequence == number:
            return self._newest
        before = self.position.copy()
        if now - self._commanded > _WATCHDOG:
            self._target = None
        goal, lag = (self._floor, 0.5) if self._target is None else (self._target, _LAG)
        passed = now - self._updated
        self.position = goal + (self.position - goal) * np.exp(-passed / lag)
        self._updated = now
        velocity = (self.position - before) / passed if passed > 0.0 else np.zeros_like(before)
        measured = self.position - self.offset
        self._newest = RobotState(
            time=now,
            joint_positions=measured,
            joint_velocities=velocity,
            joint_torques=np.zeros_like(measured),
            motor_positions=measured,
            orientation=(1.0, 0.0, 0.0, 0.0),
            angular_velocity_in_body=np.zeros(3),
            acceleration_in_body=np.array([0.0, 0.0, 9.81]),
            temperatures=np.full_like(measured, 30.0),
            battery_voltage=24.0,
            sequence=number,
        )
        return self._newest
