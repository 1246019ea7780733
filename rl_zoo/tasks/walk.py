"""Walk straight on at a target speed."""

from __future__ import annotations

from rl_zoo.robots.spec import RobotSpec
from rl_zoo.tasks.rewards import (
    SMOOTHNESS_WEIGHTS,
    heading_error,
    progress,
    rotation,
    smoothness_terms,
)
from rl_zoo.tasks.task import Step, Task, TaskOptions, fixed_command

WEIGHTS = {"forward": 1.0, "lateral": 0.3, "heading": 0.3, "rotation": 0.03, **SMOOTHNESS_WEIGHTS}
"""Of the reward terms."""
LEG_LENGTHS_PER_SECOND = 3.3
"""Default target speed, in standing heights per second."""


def make_walk(spec: RobotSpec, options: TaskOptions) -> Task:
    """Return the task: forward along +x of the world, without turning."""
    target = options.target_speed
    if target is None:
        target = round(LEG_LENGTHS_PER_SECOND * spec.standing_height, 1)
    speed = target

    def terms(step: Step) -> dict[str, float]:
        forward, lateral, _ = step.velocity.tolist()
        return {
            "forward": progress(forward, speed),
            "lateral": -abs(lateral),
            "heading": heading_error(step),
            "rotation": rotation(step),
            **smoothness_terms(step),
        }

    return Task(
        "walk",
        terms,
        {**WEIGHTS, **options.reward_weights},
        fixed_command(forward=speed),
        target_speed=speed,
    )
