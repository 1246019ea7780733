"""What moving costs a robot: energy, torque, impacts of the feet, reversals of the motors.

Everything is computed from the readings of the sensors, so it is the same quantity in simulation
and on the robot.
"""

from __future__ import annotations

import numpy as np

from rl_zoo.robots.driver import RobotState
from rl_zoo.robots.spec import FloatArray, RobotSpec
from rl_zoo.robots.velocity_estimator import GRAVITY

MIN_DISTANCE = 0.1
"""Below this distance (m) the cost of transport means nothing."""
MIN_MOTOR_SPEED = 0.1
"""Below this speed (rad/s) a motor counts as standing: its sign is noise."""
TOUCH_DOWN, LIFT_OFF = 0.05, 0.02
"""A foot touches the ground above, and has left it below this share of the robot's weight."""

_BLOCK = 128  # readings that are evaluated together: one at a time costs as much as a physics step


def motor_work(motor_positions: FloatArray, torques: FloatArray) -> FloatArray:
    """Return the work of each motor between successive readings in J; negative where it brakes.

    The mean of two torques times the way of the motor; of an elastic joint the motor's side of the
    spring, so energy that the spring gives back is not paid twice.

    Args:
        motor_positions: rad. Shape: (n_readings, n_joints).
        torques: N m. Shape: (n_readings, n_joints).

    Returns:
        Shape: (n_readings - 1, n_joints).
    """
    return 0.5 * (torques[1:] + torques[:-1]) * np.diff(motor_positions, axis=0)


def cost_of_transport(energy: float, mass: float, distance: float) -> float | None:
    """Return ``E / (m g d)``; None if the robot did not get anywhere.

    Args:
        energy: J.
        mass: kg.
        distance: m.
    """
    if abs(distance) < MIN_DISTANCE:
        return None
    return energy / (mass * GRAVITY * abs(distance))


class MotionMeter:
    """Adds up what a robot's sensors say over an episode.

    Times come from the stamps of the readings: one that is not newer than the last adds nothing.

    Args:
        spec: The robot.
    """

    def __init__(self, spec: RobotSpec) -> None:
        self.spec = spec
        self.restart()

    def restart(self) -> None:
        """Begin with the next episode."""
        self._readings: list[RobotState] = []
        self._energy = 0.0
        self._duration = 0.0
        self._torque_time = 0.0
        self._peak_torque = 0.0
        self._reversals = 0
        self._touch_downs = 0
        self._peak_foot_force: float | None = None
        self._directions: FloatArray = np.zeros(self.spec.n_joints)
        self._contacts: FloatArray | None = None

    def skip(self) -> None:
        """Do not compare the next reading with the last one: there is a gap between them."""
        self._evaluate()
        self._readings = []
        self._directions = np.zeros(self.spec.n_joints)
        self._contacts = None

    def add(self, state: RobotState) -> float:
        """Count one reading, whose arrays must not change; return the time since the last in s."""
        readings = self._readings
        elapsed = state.time - readings[-1].time if readings else 0.0
        if readings and elapsed <= 0.0:
            return 0.0
        readings.append(state)
        if len(readings) > _BLOCK:
            self._evaluate()
        return elapsed

    def metrics(self) -> dict[str, float]:
        """Return the episode's numbers by name; none before time has passed.

        ``energy`` J (positive work of all motors; braking is neither paid for nor paid back),
        ``power`` W, ``mean_torque`` and ``peak_torque`` N m, ``direction_changes`` per s and joint,
        ``duration`` s; with sensors under the feet ``touch_downs`` per s and ``peak_foot_force`` N.
        """
        self._evaluate()
        if self._duration <= 0.0:
            return {}
        numbers = {
            "duration": self._duration,
            "energy": self._energy,
            "power": self._energy / self._duration,
            "mean_torque": self._torque_time / self._duration,
            "peak_torque": self._peak_torque,
            "direction_changes": self._reversals / self._duration / self.spec.n_joints,
        }
        if self._peak_foot_force is not None:
            numbers["touch_downs"] = self._touch_downs / self._duration
            numbers["peak_foot_force"] = self._peak_foot_force
        return numbers

    def _evaluate(self) -> None:
        readings = self._readings
        if len(readings) < 2:
            return
        elapsed = np.diff([state.time for state in readings])
        motors = np.stack([state.motor_positions for state in readings])
        torques = np.stack([state.joint_torques for state in readings])
        work = motor_work(motors, torques)
        self._duration += float(elapsed.sum())
        self._energy += float(work[work > 0.0].sum())
        sizes = np.abs(torques[1:])
        self._torque_time += float(sizes.mean(axis=1) @ elapsed)
        self._peak_torque = max(self._peak_torque, float(sizes.max()))
        self._note_reversals(np.diff(motors, axis=0) / elapsed[:, np.newaxis])
        self._note_feet(readings)
        self._readings = readings[-1:]

    def _note_reversals(self, speeds: FloatArray) -> None:
        directions = np.where(np.abs(speeds) < MIN_MOTOR_SPEED, 0.0, np.sign(speeds))
        held = _held(self._directions, directions)
        self._reversals += int(np.count_nonzero(held[1:] * held[:-1] < 0.0))
        self._directions = held[-1]

    def _note_feet(self, readings: list[RobotState]) -> None:
        measured = [state.foot_forces for state in readings if state.foot_forces is not None]
        if len(measured) < len(readings):
            return
        forces = np.stack(measured)
        self._peak_foot_force = max(self._peak_foot_force or 0.0, float(forces.max()))
        weight = self.spec.mass * GRAVITY
        contacts = 1.0 * (forces > TOUCH_DOWN * weight) - 1.0 * (forces < LIFT_OFF * weight)
        before = np.zeros(forces.shape[1]) if self._contacts is None else self._contacts
        held = _held(before, contacts)
        self._touch_downs += int(np.count_nonzero((held[1:] > 0.0) & (held[:-1] < 0.0)))
        self._contacts = held[-1]


def _held(before: FloatArray, signs: FloatArray) -> FloatArray:
    """Return ``before`` and ``signs`` below it, each zero replaced by what was there last.

    Args:
        before: Shape: (n,).
        signs: Shape: (n_steps, n).

    Returns:
        Shape: (n_steps + 1, n).
    """
    rows = np.vstack([before, signs])
    places = np.where(rows != 0.0, np.arange(len(rows))[:, np.newaxis], 0)
    held: FloatArray = np.take_along_axis(rows, np.maximum.accumulate(places, axis=0), axis=0)
    return held
