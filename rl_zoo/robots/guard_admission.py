"""Whether the guard would leave an action alone: the same limits, judged in a few microseconds.

``admits`` is never wrong where it says yes: ``guard`` would return the same command, no limit
reached, no stop. It says no where the guard might object or where the answer would be a matter of
the last digits; then ``guard`` has to be asked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from rl_zoo.motion.rotations import gravity_in_body
from rl_zoo.robots.driver import RobotState
from rl_zoo.robots.guard_geometry import leg_points
from rl_zoo.robots.guard_limits import SafetyLimits
from rl_zoo.robots.guard_proof import unproven
from rl_zoo.robots.guard_state import LARGEST_ANGLE, LARGEST_VELOCITY
from rl_zoo.robots.spec import FloatArray

_ROUNDING = 1e-9  # rad, m: more than all rounding errors together
_LARGEST_NUMBER = 1e3  # rad: up to here rounding errors are that small
_SQUARED_NORM = (0.9026, 1.1024)  # of the orientation; the guard takes a norm from 0.95 to 1.05


class Admission:
    """The quick answer for one robot: a command is ``default_pose + ranges * action``.

    Every limit of single joints is a row ``|value| <= bound`` of one table, filled in place and
    compared at once. Limits of feet and legs that no action of the box can break are proven here,
    once, and not asked again.

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
        self._damping = limits.arrays.damping_ratio
        self._command = np.zeros_like(default_pose)
        self._fill_table(low, high)
        ends = default_pose + ranges * low, default_pose + ranges * high
        lower = np.maximum(limits.arrays.lower, ends[0])
        upper = np.minimum(limits.arrays.upper, ends[1])
        self._is_usable = bool(
            (ranges > 0.0).all()
            and (lower < upper).all()
            and np.abs(np.array([lower, upper, default_pose])).max() < _LARGEST_NUMBER
            and (limits.min_height is None or limits.legs)
        )
        self._legs = limits.leg_limits
        if self._is_usable:
            self._legs = unproven(self._legs, lower, upper)
        self._has_legs = self._legs.box is not None or self._legs.min_distance is not None
        max_tilt = limits.max_tilt
        self._least_cosine = -2.0
        if max_tilt is not None and max_tilt < math.pi:
            self._least_cosine = math.cos(max_tilt) + _ROUNDING
        self._standing = 0

    def _fill_table(self, low: FloatArray, high: FloatArray) -> None:
        """Lay out the rows and their bounds; a row without a name here is not needed."""
        arrays = self.limits.arrays
        largest = np.full(self._shape, _LARGEST_NUMBER)
        low, high = np.maximum(low, -largest), np.minimum(high, largest)
        self._middle = 0.5 * (low + high)
        is_symmetric = not self._middle.any()
        bounds = {
            "action": high if is_symmetric else 0.5 * (high - low) - _ROUNDING,
            "velocity": np.full(self._shape, np.nextafter(LARGEST_VELOCITY, 0.0)),
            "joint": np.full(self._shape, np.nextafter(LARGEST_ANGLE, 0.0)),
            "motor": np.full(self._shape, np.nextafter(LARGEST_ANGLE, 0.0)),
        }
        if arrays.joint_velocity is not None:
            bounds["velocity"] = np.minimum(bounds["velocity"], arrays.joint_velocity)
        # Rounding is monotonous: an action between two ends gives a command between theirs.
        lowest, highest = self._pose + self._ranges * low, self._pose + self._ranges * high
        if (lowest < arrays.lower).any() or (highest > arrays.upper).any():
            bounds["range"] = arrays.half_range - _ROUNDING
        self._middle_of_range = 0.5 * (arrays.lower + arrays.upper)
        if arrays.max_step is not None:
            bounds["step"] = np.minimum((arrays.max_step - _ROUNDING) / self._ranges, 1e5)
        if arrays.torque_reach is not None:
            bounds["torque"] = arrays.torque_reach - _ROUNDING
            fastest = self._damping * bounds["velocity"]
            if float((np.abs(highest) + arrays.torque_reach + fastest).max()) < LARGEST_ANGLE:
                del bounds["joint"]  # follows from torque and velocity
        if arrays.tracking is not None:
            bounds["tracking"] = arrays.tracking - _ROUNDING
        self._bounds = np.array(list(bounds.values()))
        self._table = np.zeros_like(self._bounds)
        self._are_within = np.zeros(self._bounds.shape, np.bool_)
        self._all_within = b"\x01" * self._bounds.size
        rows = {name: self._table[index] for index, name in enumerate(bounds)}
        self._action, self._velocity, self._motor = rows["action"], rows["velocity"], rows["motor"]
        self._shifted = None if is_symmetric else self._middle
        self._joint, self._range = rows.get("joint"), rows.get("range")
        self._step, self._torque = rows.get("step"), rows.get("torque")
        self._tracking = rows.get("tracking")

    def admits(self, state: RobotState, action: FloatArray, held: FloatArray | None) -> bool:
        """Say whether the guard would surely execute ``action`` as it is, and reach no limit.

        Args:
            state: Newest reading.
            action: Shape: (n_joints,).
            held: The action whose command is held now; None: unknown, the answer is no if it
                matters. Shape: (n_joints,).
        """
        shape = self._shape
        if (
            not self._is_usable
            or state.joint_positions.shape != shape
            or state.joint_velocities.shape != shape
            or state.motor_positions.shape != shape
            or not self._joints_are_within(state, action, held)
            or not self._trunk_is_well(state)
        ):
            return False
        if state.temperatures is not None and not self._is_cool(state.temperatures):
            return False
        if state.battery_voltage is not None and not self._is_charged(state.battery_voltage):
            return False
        return not self._has_legs or all(
            value < -_ROUNDING for value in self._legs.excess(self._command).worst().values()
        )

    @np.errstate(invalid="ignore", over="ignore")  # what is not finite is within no bound
    def _joints_are_within(
        self, state: RobotState, action: FloatArray, held: FloatArray | None
    ) -> bool:
        """Fill the table and compare it."""
        q, dq, command = state.joint_positions, state.joint_velocities, self._command
        np.multiply(self._ranges, action, command)
        np.add(self._pose, command, command)
        self._action[:] = action
        self._velocity[:] = dq
        self._motor[:] = state.motor_positions
        if self._step is not None:
            if held is None or held.shape != self._shape:
                return False
            np.subtract(action, held, self._step)
        if (torque := self._torque) is not None:
            np.multiply(self._damping, dq, torque)
            np.add(torque, q, torque)
            np.subtract(command, torque, torque)
        if self._shifted is not None:
            np.subtract(action, self._shifted, self._action)
        if self._joint is not None:
            self._joint[:] = q
        if self._range is not None:
            np.subtract(command, self._middle_of_range, self._range)
        if self._tracking is not None:
            np.subtract(command, q, self._tracking)
        np.abs(self._table, self._table)
        np.less_equal(self._table, self._bounds, self._are_within)
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
        if (min_height := self.limits.min_height) is None:
            return True
        # The trunk is as high as its lowest foot says: any foot that is low enough will do.
        angles, down = state.joint_positions.tolist(), gravity_in_body(state.orientation)
        least = min_height + _ROUNDING
        if self._height(self._standing, angles, down) >= least:
            return True
        for index in range(len(self._legs.legs)):
            if self._height(index, angles, down) >= least:
                self._standing = index  # asked first the next time
                return True
        return False

    def _height(self, index: int, angles: list[float], down: Sequence[float]) -> float:
        leg = self._legs.legs[index]
        (x, y, z), _ = leg_points(leg, [angles[i] for i in self._legs.indices[index]])
        return leg.foot_radius + down[0] * x + down[1] * y + down[2] * z

    def _is_cool(self, temperatures: FloatArray) -> bool:
        if temperatures.size == 0 or not math.isfinite(np.add.reduce(temperatures)):
            return False
        hottest, largest = float(np.maximum.reduce(temperatures)), self.limits.max_temperature
        return largest is None or hottest <= largest

    def _is_charged(self, voltage: float) -> bool:
        least = self.limits.min_battery_voltage
        return math.isfinite(voltage) and (least is None or voltage >= least)
