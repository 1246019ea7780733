"""A task of a third party: stand still, as high as possible."""

from __future__ import annotations

from rl_zoo.robots.spec import RobotSpec
from rl_zoo.tasks.task import Step, Task, TaskOptions, fixed_command


def make_tall(spec: RobotSpec, options: TaskOptions) -> Task:
    """Return the task; its only reward is the height in standing heights."""

    def terms(step: Step) -> dict[str, float]:
        return {"tall": step.height / spec.standing_height}

    weights = {"tall": 1.0, "fall": 5.0, **options.reward_weights}
    return Task("tall", terms, weights, fixed_command(), target_speed=0.0, observes_heading=False)
