"""Follow commanded forward, sideways and turning speeds."""

from __future__ import annotations

import math

import numpy as np

from rl_zoo.robots.spec import FloatArray, RobotSpec
from rl_zoo.tasks.rewards import (
    SMOOTHNESS_WEIGHTS,
    roll_and_pitch_rate,
    smoothness_terms,
    tracking,
    velocity_in_heading_frame,
)
from rl_zoo.tasks.task import Step, Task, TaskOptions

WEIGHTS = {"velocity": 1.0, "yaw_rate": 0.5, "rotation": 0.03, **SMOOTHNESS_WEIGHTS}
"""Of the reward terms."""
COMMAND_PERIOD = 5.0
"""Time between commands, s."""
_FORWARD, _BACKWARD, _SIDEWAYS, _YAW_RATE = 3.3, -1.5, 1.0, 0.8  # heights per s; rad/s
_YAW_RATE_WIDTH = 0.5  # rad/s


def make_omnidirectional(spec: RobotSpec, options: TaskOptions) -> Task:
    """Return the task; a robot without abduction is not asked to walk sideways by default."""
    height = spec.standing_height
    sideways = _SIDEWAYS * height if all(leg.has_abduction for leg in spec.legs) else 0.0
    ranges = {
        "vx": (_BACKWARD * height, _FORWARD * height),
        "vy": (-sideways, sideways),
        "yaw_rate": (-_YAW_RATE, _YAW_RATE),
        **options.command_ranges,
    }
    lows, highs = np.array(list(ranges.values())).T
    fastest = float(max(abs(lows[0]), abs(highs[0])))
    width = 0.5 * fastest if fastest > 0.0 else height

    def sample(generator: np.random.Generator) -> FloatArray:
        return np.asarray(generator.uniform(lows, highs))

    def terms(step: Step) -> dict[str, float]:
        forward, left = velocity_in_heading_frame(step)
        wanted_forward, wanted_left, wanted_rate = step.command.tolist()
        error = math.hypot(forward - wanted_forward, left - wanted_left)
        rate_error = float(step.state.angular_velocity_in_body[2]) - wanted_rate
        return {
            "velocity": tracking(error, width),
            "yaw_rate": tracking(rate_error, _YAW_RATE_WIDTH),
            "rotation": roll_and_pitch_rate(step),
            **smoothness_terms(step),
        }

    return Task(
        "omnidirectional",
        terms,
        {**WEIGHTS, **options.reward_weights},
        sample,
        target_speed=fastest,
        observes_command=True,
        observes_heading=False,
        command_period=COMMAND_PERIOD,
    )
