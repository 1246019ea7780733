"""Get up from the belly and stand."""

from __future__ import annotations

import math

import numpy as np

from rl_zoo.robots.spec import RobotSpec
from rl_zoo.tasks.rewards import SMOOTHNESS_WEIGHTS, rotation, smoothness_terms, upright
from rl_zoo.tasks.task import LYING, Step, Task, TaskOptions, fixed_command

WEIGHTS = {
    **SMOOTHNESS_WEIGHTS,
    "height": 1.0,
    "upright": 0.5,
    "pose": 0.5,
    "still": 0.2,
    "rotation": 0.01,
    "bounce": 0.1,
}
"""Of the reward terms."""
_POSE_WIDTH = 0.5  # rad, root mean square over the joints


def make_stand_up(spec: RobotSpec, options: TaskOptions) -> Task:
    """Return the task: reach and hold the default pose; there is no fall."""
    pose = spec.default_pose

    def terms(step: Step) -> dict[str, float]:
        error = float(np.sqrt(np.mean((step.state.joint_positions - pose) ** 2)))
        vx, vy, _ = step.velocity.tolist()
        return {
            "height": min(1.0, max(0.0, step.height / spec.standing_height)),
            "upright": upright(step),
            "pose": math.exp(-((error / _POSE_WIDTH) ** 2)),
            "still": -math.hypot(vx, vy),
            "rotation": rotation(step),
            **smoothness_terms(step),
        }

    return Task(
        "stand_up",
        terms,
        {**WEIGHTS, **options.reward_weights},
        fixed_command(),
        target_speed=0.0,
        observes_heading=False,
        max_tilt=None,
        min_height=None,
        start=LYING,
    )
