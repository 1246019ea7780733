"""Run straight on, as fast as possible."""

from __future__ import annotations

from rl_zoo.robots.spec import RobotSpec
from rl_zoo.tasks.rewards import SMOOTHNESS_WEIGHTS, heading_error, rotation, smoothness_terms
from rl_zoo.tasks.task import Step, Task, TaskOptions, fixed_command

WEIGHTS = {
    **SMOOTHNESS_WEIGHTS,
    "forward": 1.0,
    "lateral": 0.3,
    "heading": 0.3,
    "rotation": 0.01,
    "bounce": 0.3,
}
"""Of the reward terms."""
_SPEED_UNIT = 3.3  # standing heights per second


def make_fast(spec: RobotSpec, options: TaskOptions) -> Task:
    """Return the task; the reward is 1 per ``target_speed``, without an upper limit."""
    unit = options.target_speed or _SPEED_UNIT * spec.standing_height

    def terms(step: Step) -> dict[str, float]:
        forward, lateral, _ = step.velocity.tolist()
        return {
            "forward": max(-1.0, forward / unit),
            "lateral": -abs(lateral),
            "heading": heading_error(step),
            "rotation": rotation(step),
            **smoothness_terms(step),
        }

    return Task(
        "fast",
        terms,
        {**WEIGHTS, **options.reward_weights},
        fixed_command(forward=unit),
        target_speed=unit,
    )
