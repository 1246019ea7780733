"""The limits of single joints as intervals of the command, and their intersection by priority."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from rl_zoo.robots.driver import RobotState
from rl_zoo.robots.guard_geometry import INSET, Interval
from rl_zoo.robots.guard_limits import SafetyLimits
from rl_zoo.robots.guard_state import StateCheck
from rl_zoo.robots.spec import FloatArray

_LARGEST_EXCESS = 1e3  # reported, rad: sums over an episode stay finite


class JointLimit(NamedTuple):  # three times as fast to make as a frozen dataclass
    """One limit of every joint as an interval of the command. Shape of each array: (n_joints,)."""

    name: str
    lower: FloatArray
    upper: FloatArray
    scale: FloatArray | float
    """Distance from an end at which the margin is 1, rad."""

    def margin(self, pose: FloatArray) -> float:
        """Return the normalised distance of ``pose`` to the nearer end, negative outside."""
        distance = np.minimum(pose - self.lower, self.upper - pose)
        return float(np.minimum.reduce(distance / self.scale))  # half the time of .min()

    def excess(self, pose: FloatArray) -> float:
        """Return how far ``pose`` is outside, rad."""
        outside = float(np.maximum(self.lower - pose, pose - self.upper).max())
        return min(outside, _LARGEST_EXCESS)


def joint_limits(
    limits: SafetyLimits, state: RobotState, held: FloatArray, check: StateCheck
) -> Iterator[JointLimit]:
    """Yield the limits of single joints as intervals, the one that wins first."""
    arrays = limits.arrays
    yield JointLimit("joint_range", arrays.lower, arrays.upper, arrays.half_range)
    if check.is_usable:
        q, dq = state.joint_positions, state.joint_velocities
        relaxed = q + arrays.damping_ratio * dq
        if (reach := arrays.torque_reach) is not None:
            yield JointLimit("torque", relaxed - reach, relaxed + reach, reach)
        if "joint_velocity" in check.excess and arrays.joint_velocity is not None:
            too_fast = arrays.joint_velocity
            yield JointLimit(  # no torque in the direction of a joint that is too fast
                "joint_velocity",
                np.where(dq < -too_fast, relaxed, arrays.lower),
                np.where(dq > too_fast, relaxed, arrays.upper),
                arrays.half_range,
            )
        if (tracking := arrays.tracking) is not None:
            yield JointLimit("tracking", q - tracking, q + tracking, tracking)
    if (step := arrays.max_step) is not None:
        yield JointLimit("command_velocity", held - step, held + step, step)


def intersect(limits: SafetyLimits, joints: list[JointLimit]) -> tuple[Interval, tuple[str, ...]]:
    """Return the intersection of the enforced intervals, and those that had no room left.

    Each is cut to what the ones before it leave; of one that does not meet that, the end nearest to
    it remains, so that the result is never empty.
    """
    lower, upper = joints[0].lower, joints[0].upper
    conflicts = []
    for joint in joints[1:]:
        if not limits.enforces(joint.name):
            continue
        low = np.minimum(np.maximum(joint.lower, lower), upper)
        high = np.minimum(np.maximum(joint.upper, lower), upper)
        above, below = joint.lower > upper, joint.upper < lower
        if above.any() or below.any():
            conflicts.append(joint.name)
            inset = np.minimum(INSET, 0.5 * (upper - lower))
            low = np.where(above, upper - inset, np.where(below, lower, low))
            high = np.where(below, lower + inset, np.where(above, upper, high))
        lower, upper = low, high
    return Interval(lower, upper), tuple(conflicts)
