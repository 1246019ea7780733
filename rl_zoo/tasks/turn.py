"""Turn on the spot."""

from __future__ import annotations

import math

from rl_zoo.robots.spec import RobotSpec
from rl_zoo.tasks.rewards import (
    SMOOTHNESS_WEIGHTS,
    progress,
    roll_and_pitch_rate,
    smoothness_terms,
)
from rl_zoo.tasks.task import Step, Task, TaskOptions, fixed_command

WEIGHTS = {"turn": 1.0, "drift": 1.0, "rotation": 0.03, **SMOOTHNESS_WEIGHTS}
"""Of the reward terms."""
DEFAULT_YAW_RATE = 0.8
"""rad/s, to the left."""


def make_turn(spec: RobotSpec, options: TaskOptions) -> Task:
    """Return the task: turn at ``target_yaw_rate`` without leaving the spot."""
    rate = options.target_yaw_rate or DEFAULT_YAW_RATE

    def terms(step: Step) -> dict[str, float]:
        vx, vy, _ = step.velocity.tolist()
        return {
            "turn": progress(float(step.state.angular_velocity_in_body[2]), rate),
            "drift": -math.hypot(vx, vy),
            "rotation": roll_and_pitch_rate(step),
            **smoothness_terms(step),
        }

    return Task(
        "turn",
        terms,
        {**WEIGHTS, **options.reward_weights},
        fixed_command(yaw_rate=rate),
        target_speed=0.0,
        observes_heading=False,
    )
