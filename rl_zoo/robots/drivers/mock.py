"""A robot of arithmetic: motors that follow their targets, no ground, no weight, faults by call.

For tests of the control loop, of environments and of third parties' code: deterministic, and fast
with a virtual clock.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from rl_zoo.errors import ConfigError, RobotFault
from rl_zoo.finite import is_finite_number
from rl_zoo.robots.clock import Clock, MonotonicClock, VirtualClock
from rl_zoo.robots.driver import (
    BUTTONS,
    Capabilities,
    RobotCommand,
    RobotState,
    check_command,
    damping_command,
)
from rl_zoo.robots.postures import folded_pose
from rl_zoo.robots.spec import FloatArray, RobotSpec
from rl_zoo.suggest import did_you_mean

_CLOCKS = ("virtual", "real")
_POSES = ("folded", "default")
_MEASURES = ("acceleration", "temperature", "battery", "torque", "motor_position")
_GRAVITY = 9.81  # m/s^2
_FAULTS = (
    *("freeze", "drop", "nan", "spike", "restart", "lose_motor", "heat", "battery", "tilt"),
    *("press", "release", "disconnect", "reconnect"),
)
_N_KEPT = 100_000  # newest commands that are kept


class MockDriver:
    """A kinematic robot: each motor with stiffness follows its target with a first-order lag.

    Args:
        spec: The robot; its model is not needed.
        clock: ``virtual``: moves when somebody sleeps; ``real``: the computer's.
        state_rate: Samples per second, Hz.
        lag: Time constant of a motor with the robot's own stiffness, s.
        pose: Where it starts: ``folded`` on the floor, or ``default``.
        faults: Pairs or triples ``[time in s after connecting, method, argument...]``, as in
            ``[[2.0, battery, 20.0], [3.0, freeze]]``.

    Raises:
        ConfigError: If an option has no meaning.

    Attributes:
        written: Time (s) and command of each ``write``, the newest 100 000.
        n_stops: Calls of ``stop``.
    """

    def __init__(
        self,
        spec: RobotSpec,
        *,
        clock: str = "virtual",
        state_rate: float = 500.0,
        lag: float = 0.03,
        pose: str = "folded",
        faults: Sequence[Sequence[Any]] = (),
    ) -> None:
        _check({"clock": clock, "pose": pose, "state_rate": state_rate, "lag": lag}, faults)
        self.spec = spec
        self.clock: Clock = VirtualClock() if clock == "virtual" else MonotonicClock()
        self.capabilities = Capabilities(
            state_rate=float(state_rate),
            measures=frozenset({*_MEASURES, "motors_online", "buttons"}),
        )
        self.written: deque[tuple[float, RobotCommand]] = deque(maxlen=_N_KEPT)
        self.n_stops = 0
        self._lag = float(lag)
        start = folded_pose(spec) if pose == "folded" else spec.default_pose
        self._positions = start.copy()
        self._velocities = np.zeros(spec.n_joints)
        self._command: RobotCommand | None = None
        self._temperatures = np.full(spec.n_joints, 35.0)
        self._voltage: float | None = 24.0
        self._online = [True] * spec.n_joints
        self._buttons: frozenset[str] = frozenset()
        self._tilt = 0.0
        self._script = sorted((tuple(fault) for fault in faults), key=lambda fault: fault[0])
        self._is_open = self._is_silent = self._is_frozen = False
        self._connected = 0.0
        self._moved = 0.0
        self._sample = self._first_sequence = 0
        self._drop_left = self._nan_left = self._spike_left = 0
        self._spike = (0, 0.0)
        self._newest: RobotState | None = None

    def connect(self) -> None:
        """Take a first sample.

        Raises:
            RobotFault: If ``disconnect`` was called.
        """
        if self._is_silent:
            raise RobotFault(f"the mock of '{self.spec.name}' does not answer: it is disconnected")
        self._is_open = True
        self._connected = self._moved = self.clock.now()
        self._sample = -1
        self.read()

    def read(self) -> RobotState | None:
        """Return the newest sample."""
        if not self._is_open:
            return self._newest
        now = self.clock.now()
        self._run_script(now)
        # A sample is due at every period since connecting; 1e-6 of one for the sake of rounding.
        number = int((now - self._connected) * self.capabilities.state_rate + 1e-6)
        if number > self._sample:
            self._move(now)
            n_new, self._sample = number - self._sample, number
            if self._drop_left > 0:
                self._drop_left = max(0, self._drop_left - n_new)
            elif not self._is_silent:
                stamp = self._connected + number / self.capabilities.state_rate
                self._newest = self._make_sample(min(stamp, now))
        return self._newest

    def write(self, command: RobotCommand) -> None:
        """Obey a command from now on.

        Raises:
            RobotFault: If it is not finite or of the wrong size.
        """
        self._require_open()
        check_command(command, self.spec.n_joints)
        now = self.clock.now()
        self._move(now)
        self._command = command
        self.written.append((now, command))

    def stop(self) -> None:
        """Make the motors soft."""
        self.n_stops += 1
        if self._is_open and self._newest is not None:
            self.write(damping_command(self._newest, self.spec.kd))

    def close(self) -> None:
        """Release the connection."""
        self._is_open = False

    def freeze(self, is_frozen: bool = True) -> None:
        """Let samples go on with the same counter and values, as of a robot that hangs."""
        self._is_frozen = is_frozen

    def drop(self, n: int = 1) -> None:
        """Lose the next ``n`` samples."""
        self._drop_left = n

    def nan(self, n: int = 1) -> None:
        """Put NaN into the joint positions of the next ``n`` samples."""
        self._nan_left = n

    def spike(self, joint: int = 0, angle: float = 1.0, n: int = 1) -> None:
        """Add ``angle`` (rad) to one joint of the next ``n`` samples."""
        self._spike, self._spike_left = (joint, angle), n

    def restart(self) -> None:
        """Let the counter begin anew, the motors soft."""
        self._first_sequence = self._sample
        self._command = None

    def lose_motor(self, joint: int = 0, is_lost: bool = True) -> None:
        """Let a motor not answer and not move."""
        self._online[joint] = not is_lost

    def heat(self, joint: int, temperature: float) -> None:
        """Set a motor's temperature, degrees Celsius."""
        self._temperatures = self._temperatures.copy()
        self._temperatures[joint] = temperature

    def battery(self, voltage: float | None) -> None:
        """Set the battery's voltage, V."""
        self._voltage = voltage

    def tilt(self, angle: float) -> None:
        """Roll the trunk by ``angle``, rad."""
        self._tilt = angle

    def press(self, *buttons: str) -> None:
        """Hold buttons of the remote, and no others."""
        for name in buttons:
            if name not in BUTTONS:
                raise ConfigError(f"unknown button '{name}'{did_you_mean(name, BUTTONS)}")
        self._buttons = frozenset(buttons)

    def release(self) -> None:
        """Release all buttons."""
        self._buttons = frozenset()

    def disconnect(self) -> None:
        """Send no more samples."""
        self._is_silent = True

    def reconnect(self) -> None:
        """Send samples again."""
        self._is_silent = False

    def _require_open(self) -> None:
        if not self._is_open:
            raise RobotFault(f"the mock of '{self.spec.name}' is not connected")

    def _run_script(self, now: float) -> None:
        while self._script and now - self._connected >= self._script[0][0] - 1e-9:
            _, name, *arguments = self._script.pop(0)
            getattr(self, name)(*arguments)

    def _move(self, now: float) -> None:
        """Let the motors follow their targets until ``now``."""
        elapsed, self._moved = now - self._moved, now
        if elapsed <= 0.0:
            return
        command = self._command
        way = np.zeros(self.spec.n_joints)
        if command is not None:
            kp = self.spec.kp if command.kp is None else command.kp
            share = -np.expm1(-elapsed / self._lag * np.maximum(kp, 0.0) / self.spec.kp)
            reach = self.spec.max_velocities * elapsed
            way = np.clip(share * (command.joint_positions - self._positions), -reach, reach)
        way = np.where(self._online, way, 0.0)
        self._positions = self._positions + way
        self._velocities = way / elapsed

    def _make_sample(self, stamp: float) -> RobotState:
        if self._is_frozen and self._newest is not None:
            return replace(self._newest, time=stamp, buttons=self._buttons)
        up = (0.0, math.sin(self._tilt), math.cos(self._tilt))
        return RobotState(
            time=stamp,
            joint_positions=self._corrupt(self._positions),
            joint_velocities=self._velocities,
            joint_torques=np.zeros(self.spec.n_joints),
            motor_positions=self._positions,
            orientation=(math.cos(0.5 * self._tilt), math.sin(0.5 * self._tilt), 0.0, 0.0),
            angular_velocity_in_body=np.zeros(3),
            acceleration_in_body=_GRAVITY * np.array(up),
            temperatures=self._temperatures,
            battery_voltage=self._voltage,
            sequence=self._sample - self._first_sequence,
            motors_online=tuple(self._online),
            buttons=self._buttons,
        )

    def _corrupt(self, positions: FloatArray) -> FloatArray:
        if self._nan_left > 0:
            self._nan_left -= 1
            return np.full_like(positions, np.nan)
        if self._spike_left > 0:
            self._spike_left -= 1
            joint, angle = self._spike
            positions = positions.copy()
            positions[joint] += angle
        return positions


def _check(options: Mapping[str, Any], faults: Sequence[Sequence[Any]]) -> None:
    """Raise one ConfigError for all options that have no meaning."""
    problems = [
        f"driver_options.{name}: '{options[name]}' is unknown"
        f"{did_you_mean(str(options[name]), valid)}"
        for name, valid in (("clock", _CLOCKS), ("pose", _POSES))
        if options[name] not in valid
    ]
    problems += [
        f"driver_options.{name}: {options[name]!r} is not a positive number"
        for name in ("state_rate", "lag")
        if not is_finite_number(options[name]) or options[name] <= 0.0
    ]
    for fault in faults:
        if isinstance(fault, str) or len(fault) < 2 or not is_finite_number(fault[0]):
            problems.append(f"driver_options.faults: {fault!r} is not [time, name, ...]")
        elif fault[1] not in _FAULTS:
            hint = did_you_mean(str(fault[1]), _FAULTS)
            problems.append(f"driver_options.faults: no fault '{fault[1]}'{hint}")
    if problems:
        raise ConfigError(problems)
