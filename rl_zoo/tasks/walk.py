"""Walking forward in a straight line at a target speed.

Observation, reward and termination are pure functions of sensor readings and the previous action.
Speeds come from outside (today from the simulation): a real quadruped does not measure them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import numpy as np

from rl_zoo.errors import ConfigError
from rl_zoo.robots.driver import GroundTruth, RobotState
from rl_zoo.robots.spec import FloatArray, RobotSpec
from rl_zoo.suggest import did_you_mean

GYRO_SCALE = 0.25
"""Observation per rad/s of trunk rotation."""
JOINT_VELOCITY_SCALE = 0.1
"""Observation per rad/s of a joint."""
DEFLECTION_SCALE = 4.0
"""Observation per rad of spring deflection."""


@dataclass(frozen=True)
class RewardWeights:
    """Weight of each reward term; a penalty's term is negative already, so weights are positive."""

    forward: float = 1.0
    """Per unit of progress: 1 at the target speed."""
    lateral: float = 0.3
    """Per m/s of sideways speed."""
    heading: float = 0.3
    """Per rad between the heading and the direction to walk in."""
    rotation: float = 0.03
    """Per (rad/s)^2 of roll, pitch and yaw rate."""
    bounce: float = 1.0
    """Per (m/s)^2 of vertical speed."""
    action_change: float = 0.02
    """Per unit of squared action change, summed over joints."""
    effort: float = 0.02
    """Per (N m)^2 of torque, summed over joints."""
    fall: float = 2.0
    """At the step of a fall."""


@dataclass(frozen=True)
class WalkTask:
    """What walking means."""

    target_speed: float = 0.5
    """Forward speed that earns the full reward, m/s; slower and faster earn less."""
    max_tilt: float = 0.8
    """Tilt of the trunk from level beyond which the robot has fallen, rad."""
    min_height: float = 0.06
    """Height of the trunk's centre below which the robot has fallen, m."""
    weights: RewardWeights = field(default_factory=RewardWeights)
    """Of the reward terms."""


def heading(orientation: tuple[float, float, float, float]) -> float:
    """Return the direction of the trunk's x axis on the floor in rad, 0 along +x of the world."""
    w, x, y, z = orientation
    return math.atan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))


def tilt(orientation: tuple[float, float, float, float]) -> float:
    """Return the angle in rad between the trunk's and the world's vertical."""
    _, x, y, _ = orientation
    return math.acos(max(-1.0, min(1.0, 1.0 - 2.0 * (x * x + y * y))))


def observation_size(spec: RobotSpec) -> int:
    """Return the length of the observation."""
    return 4 + 3 + 4 * spec.n_joints


def observe(
    spec: RobotSpec, pose: FloatArray, state: RobotState, previous_action: FloatArray
) -> FloatArray:
    """Return what the policy sees, each entry of order one.

    Gravity in the trunk's frame (3), heading against the direction to walk in in rad (1), gyroscope
    (3), then n_joints each: joint positions against the default pose, joint velocities, spring
    deflections, previous action.

    Args:
        spec: The robot.
        pose: Its default pose, rad. Shape: (n_joints,).
        state: Sensor readings.
        previous_action: In [-1, 1]. Shape: (n_joints,).

    Returns:
        Shape: (7 + 4 n_joints,).
    """
    n = spec.n_joints
    w, x, y, z = state.orientation
    out = np.empty(7 + 4 * n)
    out[0] = 2.0 * (w * y - x * z)
    out[1] = -2.0 * (y * z + w * x)
    out[2] = 2.0 * (x * x + y * y) - 1.0
    out[3] = heading(state.orientation)
    np.multiply(state.angular_velocity_in_body, GYRO_SCALE, out=out[4:7])
    np.subtract(state.joint_positions, pose, out=out[7 : 7 + n])
    np.multiply(state.joint_velocities, JOINT_VELOCITY_SCALE, out=out[7 + n : 7 + 2 * n])
    np.multiply(state.spring_deflections, DEFLECTION_SCALE, out=out[7 + 2 * n : 7 + 3 * n])
    out[7 + 3 * n :] = previous_action
    return out


def reward_terms(
    task: WalkTask,
    state: RobotState,
    truth: GroundTruth,
    action: FloatArray,
    previous_action: FloatArray,
) -> dict[str, float]:
    """Return the weighted reward terms of one step, the fall's excepted; their sum is the reward.

    Args:
        task: Target and weights.
        state: Sensor readings after the step.
        truth: Speeds after the step.
        action: Of this step, in [-1, 1]. Shape: (n_joints,).
        previous_action: Of the step before. Shape: (n_joints,).
    """
    weights = task.weights
    forward, lateral, vertical = truth.velocity_in_world.tolist()
    rates = state.angular_velocity_in_body
    torques = state.joint_torques
    change = action - previous_action
    return {
        "forward": weights.forward * progress(forward, task.target_speed),
        "lateral": -weights.lateral * abs(lateral),
        "heading": -weights.heading * abs(heading(state.orientation)),
        "rotation": -weights.rotation * float(rates @ rates),
        "bounce": -weights.bounce * vertical * vertical,
        "action_change": -weights.action_change * float(change @ change),
        "effort": -weights.effort * float(torques @ torques),
    }


def progress(forward_speed: float, target_speed: float) -> float:
    """Return 1 at the target speed, falling to 0 at rest and at twice that speed, at least -1."""
    return max(-1.0, 1.0 - abs(forward_speed / target_speed - 1.0))


def termination_reason(task: WalkTask, state: RobotState, height: float | None) -> str | None:
    """Return ``"fall"`` if the robot has fallen, else None.

    Args:
        task: Limits.
        state: Sensor readings.
        height: Of the trunk's centre above the floor, m; None: unknown.
    """
    if tilt(state.orientation) > task.max_tilt:
        return "fall"
    if height is not None and height < task.min_height:
        return "fall"
    return None


def make_walk_task(
    target_speed: float = 0.5, reward_weights: Mapping[str, float] | None = None
) -> WalkTask:
    """Build the task from plain values, as a configuration file gives them.

    Args:
        target_speed: Forward speed that earns the full reward, m/s.
        reward_weights: By name of the reward term, instead of the defaults.

    Raises:
        ConfigError: All problems at once: a weight without a term, a value that is not a number.
    """
    given = dict(reward_weights or {})
    terms = [item.name for item in fields(RewardWeights)]
    problems = [
        f"env_kwargs.reward_weights: no reward term '{name}'{did_you_mean(name, terms)}"
        for name in given
        if name not in terms
    ]
    problems += [
        f"env_kwargs.reward_weights.{name}: must be a finite number, not {value!r}"
        for name, value in given.items()
        if not _is_finite_number(value)
    ]
    if not _is_finite_number(target_speed) or target_speed <= 0.0:
        problems.append(
            f"env_kwargs.target_speed: must be a positive number of m/s, not {target_speed!r}"
        )
    if problems:
        raise ConfigError(problems)
    return WalkTask(target_speed=target_speed, weights=RewardWeights(**given))


def _is_finite_number(value: object) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)
