"""Judge what the sensors say: limits that no command can be projected to respect."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from rl_zoo.motion.rotations import gravity_in_body, tilt
from rl_zoo.robots.driver import RobotState
from rl_zoo.robots.guard_limits import SafetyLimits
from rl_zoo.robots.spec import FloatArray

LARGEST_ANGLE = 1e3  # rad: no sensor of a leg says more
LARGEST_VELOCITY = 1e4  # rad/s
_NORM_TOLERANCE = 0.05  # of the orientation's quaternion; a message of zeros is no orientation


@dataclass(frozen=True)
class StateCheck:
    """What a state says about the limits."""

    is_usable: bool
    """Whether joints and orientation are finite, plausible numbers."""
    excess: dict[str, float] = field(default_factory=dict)
    """How far outside, of each limit that was reached."""
    margins: dict[str, float] = field(default_factory=dict)
    """Normalised distance to each limit, negative outside."""


def check_state(limits: SafetyLimits, state: RobotState, *, now: float | None = None) -> StateCheck:
    """Compare a state with the limits on tilt, height, speed, temperature, battery and age.

    Args:
        limits: Of the robot.
        state: Newest reading; what it does not know (None) is not judged.
        now: On the clock of ``state.time``, s; None: the age is not judged.
    """
    if not _is_plausible(limits, state):
        return StateCheck(False, {"state": 1.0}, {"state": -1.0})
    distances = _distances(limits, state, now)
    excess = {name: -left for name, (left, _) in distances.items() if left < 0.0}
    margins = {name: min(1.0, left / scale) for name, (left, scale) in distances.items()}
    return StateCheck(True, excess, margins)


def _is_plausible(limits: SafetyLimits, state: RobotState) -> bool:
    n_joints = len(limits.joint_names)
    return (
        _is_below(state.joint_positions, n_joints, LARGEST_ANGLE)
        and _is_below(state.joint_velocities, n_joints, LARGEST_VELOCITY)
        and _is_below(state.motor_positions, n_joints, LARGEST_ANGLE)
        and abs(math.hypot(*state.orientation) - 1.0) <= _NORM_TOLERANCE
        and math.isfinite(state.time)
        and (state.battery_voltage is None or math.isfinite(state.battery_voltage))
        and (state.temperatures is None or bool(np.isfinite(state.temperatures).all()))
    )


def _is_below(values: FloatArray, n_joints: int, largest: float) -> bool:
    """Say whether all are smaller in size; NaN is not."""
    return values.shape == (n_joints,) and float(np.maximum.reduce(np.abs(values))) < largest


def _distances(
    limits: SafetyLimits, state: RobotState, now: float | None
) -> dict[str, tuple[float, float]]:
    """Return distance (negative outside) and scale of each limit that can be judged."""
    found: dict[str, tuple[float, float]] = {}
    if limits.arrays.joint_velocity is not None:
        speed = np.abs(state.joint_velocities)
        left = limits.arrays.joint_velocity - speed
        found["joint_velocity"] = float(np.minimum.reduce(left)), limits.arrays.fastest
    if now is not None and limits.max_state_age is not None:
        found["stale"] = limits.max_state_age - (now - state.time), limits.max_state_age
    if limits.max_tilt is not None:
        found["tilt"] = limits.max_tilt - tilt(state.orientation), limits.max_tilt
    if limits.min_height is not None:
        x, y, z = gravity_in_body(state.orientation)
        height = limits.leg_limits.trunk_height(state.joint_positions, (-x, -y, -z))
        found["height"] = height - limits.min_height, limits.min_height
    if limits.max_temperature is not None and state.temperatures is not None:
        left_to_heat = limits.max_temperature - float(state.temperatures.max())
        found["temperature"] = left_to_heat, limits.max_temperature
    if limits.min_battery_voltage is not None and state.battery_voltage is not None:
        left_to_drain = state.battery_voltage - limits.min_battery_voltage
        found["battery"] = left_to_drain, limits.min_battery_voltage
    return found
