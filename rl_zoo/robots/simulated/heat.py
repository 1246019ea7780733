"""Temperature of the motors and voltage of the battery of the simulated robot."""

from __future__ import annotations

import numpy as np

from rl_zoo.robots.spec import FloatArray, RobotSpec

AMBIENT = 25.0
"""Temperature of the air, degrees Celsius."""
_RISE = 150.0  # degrees above the air at which a motor with full torque would settle
_TIME_CONSTANT = 240.0  # s, of a motor's temperature
_CELL_FULL, _CELL_EMPTY = 4.2, 3.0  # V
_SAG = 0.08  # share of the voltage lost while all motors give their full torque
_ENERGY_PER_MASS = 8.0 * 3600.0  # J per kg of robot: an hour or two of walking
_IDLE_POWER = 2.0  # W per kg of robot: computer and electronics
_FULL_TORQUE_POWER = 40.0  # W per kg of robot, lost as heat while all motors give full torque


class Heat:
    """Warms each motor with the square of its torque, as the current in its windings does.

    ``dT/dt = (ambient + rise (torque / max_torque)^2 - T) / time_constant``.

    Args:
        spec: The robot.
    """

    def __init__(self, spec: RobotSpec) -> None:
        self._max_torques = spec.max_torques
        self._temperatures = np.full(spec.n_joints, AMBIENT)
        self._forced: dict[int, float] = {}

    def advance(self, torques: FloatArray, duration: float) -> None:
        """Let ``duration`` (s) pass with these torques (N m, shape (n_joints,))."""
        load = torques / self._max_torques
        settled = AMBIENT + _RISE * load * load
        share = min(1.0, duration / _TIME_CONSTANT)
        self._temperatures += share * (settled - self._temperatures)

    def force(self, joint: int, temperature: float | None) -> None:
        """Let a motor read ``temperature`` (degrees Celsius); None: what it really has."""
        if temperature is None:
            self._forced.pop(joint, None)
        else:
            self._forced[joint] = temperature

    def read(self) -> FloatArray:
        """Return the temperatures in degrees Celsius. Shape: (n_joints,)."""
        temperatures = self._temperatures.copy()
        for joint, temperature in self._forced.items():
            temperatures[joint] = temperature
        return temperatures


class Battery:
    """A lithium battery that suits the robot's mass: discharges, and sags under load.

    Args:
        spec: The robot.
    """

    def __init__(self, spec: RobotSpec) -> None:
        self.n_cells = 4 if spec.mass < 8.0 else 7
        self._mass = spec.mass
        self._max_torque = float(spec.max_torques.sum())
        self._charge = 1.0
        self._load = 0.0
        self._forced: float | None = None

    def advance(self, torques: FloatArray, velocities: FloatArray, duration: float) -> None:
        """Let ``duration`` (s) pass with these torques (N m) and speeds (rad/s) of the motors."""
        load = float(np.abs(torques).sum()) / self._max_torque
        self._load = min(1.0, load)
        motion = max(0.0, float(torques @ velocities))
        power = motion + self._mass * (_IDLE_POWER + _FULL_TORQUE_POWER * load * load)
        self._charge -= power * duration / (_ENERGY_PER_MASS * self._mass)
        self._charge = max(0.0, self._charge)

    def force(self, voltage: float | None) -> None:
        """Let the battery read ``voltage`` (V); None: what it really has."""
        self._forced = voltage

    def read(self) -> float:
        """Return the voltage in V."""
        if self._forced is not None:
            return self._forced
        cell = _CELL_EMPTY + (_CELL_FULL - _CELL_EMPTY) * self._charge
        return self.n_cells * cell * (1.0 - _SAG * self._load)
