"""Reward terms that tasks share. Each is a pure function of a step; penalties are negative."""

from __future__ import annotations

import math

from rl_zoo.motion.rotations import gravity_in_body, heading, in_heading_frame
from rl_zoo.tasks.task import Step


def progress(speed: float, target: float) -> float:
    """Return 1 at the target speed, falling to 0 at rest and at twice that speed, at least -1."""
    return max(-1.0, 1.0 - abs(speed / target - 1.0))


def tracking(error: float, width: float) -> float:
    """Return 1 without error, exp(-1) at an error of ``width`` (legged_gym's kernel)."""
    return math.exp(-((error / width) ** 2))


def heading_error(step: Step) -> float:
    """Return minus the angle to the world's +x, rad."""
    return -abs(heading(step.state.orientation))


def rotation(step: Step) -> float:
    """Return minus the squared trunk rates, (rad/s)^2."""
    rates = step.state.angular_velocity_in_body
    return -float(rates @ rates)


def roll_and_pitch_rate(step: Step) -> float:
    """Return minus the squared rates about the horizontal axes, (rad/s)^2."""
    x, y, _ = step.state.angular_velocity_in_body.tolist()
    return -float(x * x + y * y)


def bounce(step: Step) -> float:
    """Return minus the squared vertical speed, (m/s)^2."""
    return -math.pow(float(step.velocity[2]), 2)


def action_change(step: Step) -> float:
    """Return minus the squared change of the action, summed over joints."""
    change = step.action - step.previous_action
    return -float(change @ change)


def effort(step: Step) -> float:
    """Return minus the squared torque as a fraction of the motors' largest, summed over joints."""
    share = step.state.joint_torques / step.spec.max_torques
    return -float(share @ share)


def upright(step: Step) -> float:
    """Return 1 with a level trunk, 0 on its side, -1 on its back."""
    return -gravity_in_body(step.state.orientation)[2]


def velocity_in_heading_frame(step: Step) -> tuple[float, float]:
    """Return the trunk's forward speed and its speed to the left, m/s."""
    vx, vy, _ = step.velocity.tolist()
    return in_heading_frame((vx, vy), heading(step.state.orientation))


def smoothness_terms(step: Step) -> dict[str, float]:
    """Return the terms that every task of ours has: bounce, action_change, effort."""
    return {"bounce": bounce(step), "action_change": action_change(step), "effort": effort(step)}


SMOOTHNESS_WEIGHTS = {"bounce": 1.0, "action_change": 0.02, "effort": 0.3, "fall": 2.0}
"""Of ``smoothness_terms``, and of a fall."""
