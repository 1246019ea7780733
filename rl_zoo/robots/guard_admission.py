"""Whether the guard would leave an action alone: the same limits, judged in a few microseconds.

``admits`` is never wrong where it says yes: ``guard`` would return the same command, no limit
reached but those that are only reported, no stop. It says no where the guard might object or where
the answer would be a matter of the last digits; then ``guard`` has to be asked.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from rl_zoo.motion.kinematics import LegGeometry
from rl_zoo.robots.driver import RobotState
from rl_zoo.robots.guard_limits import SafetyLimits
from rl_zoo.robots.guard_proof import unproven
from rl_zoo.robots.guard_state import LARGEST_ANGLE, LARGEST_VELOCITY
from rl_zoo.robots.spec import FloatArray

Value = TypeVar("Value")

_ROUNDING = 1e-9  # rad, m: more than all rounding errors together
_LARGEST_NUMBER = 1e3  # rad: up to here rounding errors are that small
_LARGEST_STEP = 1e5  # rad per command: what is held is then a number that the guard believes
_SQUARED_NORM = (0.9026, 1.1024)  # of the orientation; the guard takes a norm from 0.95 to 1.05


class Admission:
    """The quick answer for one robot: a command is ``default_pose + ranges * action``.

    Every limit of single joints is a row ``|value| <= bound`` of one table, linear in what is
    known: one product of a matrix and a vector, one comparison. Limits of feet and legs that no
    action of the box can break are proven here, once, and not asked again.

    Args:
        limits: Of the robot.
        default_pose: Command of a zero action, rad. Shape: (n_joints,).
        ranges: Command per action, rad, positive. Shape: (n_joints,).
        low: Smallest action. Shape: (n_joints,).
        high: Largest action. Shape: (n_joints,).
    """

    def __init__(
        self,
        limits: SafetyLimits,
        default_pose: FloatArray,
        ranges: FloatArray,
        low: FloatArray,
        high: FloatArray,
    ) -> None:
        self.limits = limits
        self._pose, self._ranges = default_pose, ranges
        self._shape = default_pose.shape
        ends = default_pose + ranges * low, default_pose + ranges * high
        lower = np.maximum(limits.arrays.lower, ends[0])
        upper = np.minimum(limits.arrays.upper, ends[1])
        self._is_usable = bool(
            (ranges > 0.0).all()
            and (lower < upper).all()
            and np.abs(np.array([lower, upper, default_pose])).max() < _LARGEST_NUMBER
            and (limits.min_height is None or limits.legs)
        )
        self._legs = limits.enforced_leg_limits
        if self._is_usable:
            self._legs = unproven(self._legs, lower, upper)
        self._has_legs = self._legs.box is not None or self._legs.min_distance is not None
        self._needs_held = _enforced(limits, "command_velocity", limits.arrays.max_step) is not None
        self._hottest = _enforced(limits, "temperature", limits.max_temperature)
        self._least_voltage = _enforced(limits, "battery", limits.min_battery_voltage)
        self._fill_table(low, high)
        self._feet = [
            _Foot.of(leg, indices)
            for leg, indices in zip(limits.legs, limits.leg_limits.indices, strict=True)
        ]
        min_height = _enforced(limits, "height", limits.min_height)
        self._min_height = None if min_height is None else min_height + _ROUNDING
        max_tilt = _enforced(limits, "tilt", limits.max_tilt)
        self._least_cosine = -2.0
        if max_tilt is not None and max_tilt < math.pi:
            self._least_cosine = math.cos(max_tilt) + _ROUNDING

    def _fill_table(self, low: FloatArray, high: FloatArray) -> None:
        """Lay out known values, matrix and bounds."""
        n = len(self._pose)
        names = ("action", "velocity", "joint", "motor", "held")
        self._known = np.zeros(len(names) * n + 1)
        self._known[-1] = 1.0
        parts = {name: self._known[i * n : (i + 1) * n] for i, name in enumerate(names)}
        self._action, self._velocity, self._joint = (parts[name] for name in names[:3])
        self._motor, self._held = parts["motor"], parts["held"]
        rows = list(_rows(self.limits, self._pose, self._ranges, (low, high)))
        self._matrix = np.zeros((len(rows) * n, len(self._known)))
        for place, row in enumerate(rows):
            block = self._matrix[place * n : (place + 1) * n]
            for i, name in enumerate(names):
                factor = np.broadcast_to(getattr(row, name), (n,))
                block[:, i * n : (i + 1) * n] = np.diag(factor)
            block[:, -1] = row.constant
        self._bounds = np.concatenate([row.bound for row in rows])
        self._values = np.zeros_like(self._bounds)
        self._are_within = np.zeros(self._bounds.shape, np.bool_)
        self._all_within = b"\x01" * self._bounds.size

    def admits(self, state: RobotState, action: FloatArray, held: FloatArray | None) -> bool:
        """Say whether the guard would surely execute ``action`` as it is.

        Args:
            state: Newest reading.
            action: Shape: (n_joints,).
            held: The action whose command is held now; None: unknown, the answer is no if it
                matters. Shape: (n_joints,).
        """
        if not (self._is_usable and self._joints_are_within(state, action, held)):
            return False
        if not self._trunk_is_well(state):
            return False
        if state.temperatures is not None and not self._is_cool(state.temperatures):
            return False
        if state.battery_voltage is not None and not self._is_charged(state.battery_voltage):
            return False
        if not self._has_legs:
            return True
        command = self._pose + self._ranges * np.asarray(action, np.float64)
        return all(value < -_ROUNDING for value in self._legs.excess(command).worst().values())

    @np.errstate(invalid="ignore", over="ignore")
    def _joints_are_within(
        self, state: RobotState, action: FloatArray, held: FloatArray | None
    ) -> bool:
        """Fill the table and compare it; what is not finite is within no bound."""
        shape = self._shape
        q, dq, motors = state.joint_positions, state.joint_velocities, state.motor_positions
        if q.shape != shape or dq.shape != shape or action.shape != shape:
            return False
        if motors is not q and motors.shape != shape:
            return False
        if self._needs_held:
            if held is None or held.shape != shape:
                return False
            self._held[...] = held
        self._action[...], self._velocity[...], self._joint[...] = action, dq, q
        self._motor[...] = motors
        self._matrix.dot(self._known, self._values)
        np.abs(self._values, self._values)
        np.less_equal(self._values, self._bounds, self._are_within)
        return self._are_within.tobytes() == self._all_within

    def _trunk_is_well(self, state: RobotState) -> bool:
        """Say whether orientation, tilt, height and time are what they shall be."""
        w, x, y, z = state.orientation
        sideways = x * x + y * y
        smallest, largest = _SQUARED_NORM
        if not smallest <= sideways + w * w + z * z <= largest:
            return False
        if 1.0 - 2.0 * sideways < self._least_cosine or not math.isfinite(state.time):
            return False
        if (min_height := self._min_height) is None:
            return True
        # The trunk is as high as its lowest foot says: any foot that is low enough will do.
        down = 2.0 * (w * y - x * z), -2.0 * (y * z + w * x), 2.0 * sideways - 1.0
        angles = state.joint_positions.tolist()
        for place, foot in enumerate(self._feet):
            if foot.depth(angles, down) >= min_height:
                if place:
                    self._feet.insert(0, self._feet.pop(place))  # asked first the next time
                return True
        return False

    def _is_cool(self, temperatures: FloatArray) -> bool:
        if temperatures.size == 0 or not math.isfinite(np.add.reduce(temperatures)):
            return False
        return self._hottest is None or float(np.maximum.reduce(temperatures)) <= self._hottest

    def _is_charged(self, voltage: float) -> bool:
        least = self._least_voltage
        return math.isfinite(voltage) and (least is None or voltage >= least)


def _enforced(limits: SafetyLimits, name: str, value: Value | None) -> Value | None:
    """Return the value of a limit; None if no command is changed for its sake."""
    return value if limits.enforces(name) else None


@dataclass(frozen=True)
class _Row:
    """A limit of every joint: ``|sum of factor * value + constant| <= bound``."""

    bound: FloatArray
    action: FloatArray | float = 0.0
    velocity: FloatArray | float = 0.0
    joint: FloatArray | float = 0.0
    motor: FloatArray | float = 0.0
    held: FloatArray | float = 0.0
    constant: FloatArray | float = 0.0


def _rows(
    limits: SafetyLimits, pose: FloatArray, ranges: FloatArray, ends: tuple[FloatArray, FloatArray]
) -> Iterator[_Row]:
    """Yield the limits of single joints; a command is ``pose + ranges * action``."""
    arrays, all_joints = limits.arrays, np.ones_like(pose)
    low, high = (np.clip(end, -_LARGEST_NUMBER, _LARGEST_NUMBER) for end in ends)
    if np.array_equal(low, -high):
        yield _Row(high, action=1.0)  # on the very end is inside
    else:
        middle = 0.5 * (low + high)
        yield _Row(0.5 * (high - low) - _ROUNDING, action=1.0, constant=-middle)
    # Rounding is monotonous: an action between two ends gives a command between theirs.
    lowest, highest = pose + ranges * low, pose + ranges * high
    if (lowest < arrays.lower).any() or (highest > arrays.upper).any():
        middle = 0.5 * (arrays.lower + arrays.upper)
        yield _Row(arrays.half_range - _ROUNDING, action=ranges, constant=pose - middle)
    angle = np.nextafter(LARGEST_ANGLE, 0.0) * all_joints
    fastest = np.nextafter(LARGEST_VELOCITY, 0.0) * all_joints
    if (speed := _enforced(limits, "joint_velocity", arrays.joint_velocity)) is not None:
        fastest = np.minimum(fastest, speed)
    yield _Row(fastest, velocity=1.0)
    yield _Row(angle, joint=1.0)
    yield _Row(angle, motor=1.0)
    if (reach := _enforced(limits, "torque", arrays.torque_reach)) is not None:
        ratio = arrays.damping_ratio
        yield _Row(reach - _ROUNDING, ranges, velocity=-ratio, joint=-1.0, constant=pose)
    if (tracking := _enforced(limits, "tracking", arrays.tracking)) is not None:
        yield _Row(tracking - _ROUNDING, action=ranges, joint=-1.0, constant=pose)
    if (max_step := _enforced(limits, "command_velocity", arrays.max_step)) is not None:
        step = np.minimum(max_step, _LARGEST_STEP)
        yield _Row(step - _ROUNDING, action=ranges, held=-ranges)


@dataclass(frozen=True)
class _Foot:
    """One foot's place, as ``guard_geometry.leg_points`` has it, without the knee's."""

    indices: tuple[int, int, int]
    """Of abduction, hip and knee among the joints; without abduction the first is the hip's."""
    signs: tuple[int, int, int]
    lengths: tuple[float, float]
    offset: float
    hip: tuple[float, float, float]
    radius: float

    @classmethod
    def of(cls, leg: LegGeometry, indices: tuple[int, ...]) -> _Foot:
        """Return the foot of a leg whose joints have these indices."""
        signs = leg.joint_signs
        first = signs[0] if leg.has_abduction else 0
        return cls(
            (indices[0], indices[-2], indices[-1]),
            (first, signs[-2], signs[-1]),
            (leg.thigh_length, leg.shank_length),
            leg.abduction_offset,
            leg.hip_position,
            leg.foot_radius,
        )

    def depth(self, angles: list[float], down: tuple[float, float, float]) -> float:
        """Return how far the sole is below the trunk's centre, m.

        Args:
            angles: Of all joints, rad.
            down: Unit vector in the trunk's frame.
        """
        (i, j, k), (sign, hip_sign, knee_sign) = self.indices, self.signs
        (thigh, shank), offset, (x, y, z) = self.lengths, self.offset, self.hip
        hip = hip_sign * angles[j]
        shin = hip + knee_sign * angles[k]
        x -= thigh * math.sin(hip) + shank * math.sin(shin)
        length = thigh * math.cos(hip) + shank * math.cos(shin)
        if sign:
            abduction = sign * angles[i]
            cosine, sine = math.cos(abduction), math.sin(abduction)
            y += offset * cosine + length * sine
            z += offset * sine - length * cosine
        else:
            y, z = y + offset, z - length
        return self.radius + down[0] * x + down[1] * y + down[2] * z
