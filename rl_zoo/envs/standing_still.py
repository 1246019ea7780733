"""Say whether a robot that waits still is where its last observation showed it."""

from __future__ import annotations

import numpy as np

from rl_zoo.motion.rotations import tilt
from rl_zoo.robots.driver import RobotState

# What a robot may differ from the observation of its reset when the first step begins:
_MOVED = 0.02  # rad, of a joint
_LEANT = 0.02  # rad, of the trunk
_TURNING = 0.2  # rad/s, of the trunk
_MOVING = 0.5  # rad/s, of a joint; the readings of a resting one are noisy


def is_as_before(one: RobotState, two: RobotState) -> bool:
    """Say whether the observation of a standing robot still holds, up to noise and heading."""
    changes = (
        (one.joint_positions - two.joint_positions, _MOVED),
        (np.array([tilt(one.orientation) - tilt(two.orientation)]), _LEANT),
        (one.angular_velocity_in_body - two.angular_velocity_in_body, _TURNING),
        (one.joint_velocities - two.joint_velocities, _MOVING),
    )
    return all(np.max(np.abs(change), initial=0.0) <= limit for change, limit in changes)
