"""Targets between two actions, and ramps between two postures: functions of time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from rl_zoo.robots.spec import FloatArray

RAMP_SPEED = 2.0
"""Of the fastest joint in the middle of a ramp, rad/s; a longer way takes longer."""
_SHARE_OF_MAX_VELOCITY = 0.25


@dataclass(frozen=True, slots=True)
class Ramp:
    """A smooth way from one pose to another: half a cosine, no speed at either end."""

    origin: FloatArray
    """rad. Shape: (n_joints,)."""
    goal: FloatArray
    """rad. Shape: (n_joints,)."""
    begin: float
    """s."""
    duration: float
    """s."""

    def at(self, now: float) -> FloatArray:
        """Return the target at ``now`` (s), rad. Shape: (n_joints,)."""
        progress = min(max((now - self.begin) / self.duration, 0.0), 1.0)
        share = 0.5 - 0.5 * math.cos(math.pi * progress)
        return self.origin + share * (self.goal - self.origin)

    @property
    def end(self) -> float:
        """Return the time at which the goal is reached, s."""
        return self.begin + self.duration

    def is_over(self, now: float) -> bool:
        """Say whether ``now`` (s) is past the end."""
        return now >= self.end


def make_ramp(
    origin: FloatArray, goal: FloatArray, begin: float, shortest: float, max_velocities: FloatArray
) -> Ramp:
    """Return a ramp that takes at least ``shortest``, and longer where the way is long.

    Args:
        origin: Pose at the start, rad. Shape: (n_joints,).
        goal: Pose at the end, rad. Shape: (n_joints,).
        begin: Time of the start, s.
        shortest: Duration of a short way, s.
        max_velocities: Of the motors, rad/s; a quarter of them, and ``RAMP_SPEED``, is never
            exceeded. Shape: (n_joints,).
    """
    speeds = np.minimum(_SHARE_OF_MAX_VELOCITY * max_velocities, RAMP_SPEED)
    # The speed of half a cosine is pi/2 times its mean in the middle.
    needed = 0.5 * math.pi * float((np.abs(goal - origin) / speeds).max())
    return Ramp(origin, goal, begin, max(shortest, needed, 1e-6))


@dataclass(frozen=True, slots=True)
class Segment:
    """The straight way from the target held now to an action, over one action period."""

    origin: FloatArray
    """rad. Shape: (n_joints,)."""
    goal: FloatArray
    """rad; whatever the policy says, the guard judges the result. Shape: (n_joints,)."""
    begin: float
    """s."""
    duration: float
    """s; 0: the goal at once."""

    def at(self, now: float) -> FloatArray:
        """Return the target at ``now`` (s), rad. Shape: (n_joints,)."""
        # Just before the end the goal itself, to the bit: an action is executed as it was given.
        if now >= self.begin + self.duration * (1.0 - 1e-9):
            return self.goal
        share = max(now - self.begin, 0.0) / self.duration
        return (1.0 - share) * self.origin + share * self.goal
