"""What a task is: a handful of pure functions over one step of the robot."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from rl_zoo.errors import ConfigError
from rl_zoo.robots.driver import RobotState
from rl_zoo.robots.spec import FloatArray, RobotSpec
from rl_zoo.robots.velocity_estimator import GRAVITY

REST = "rest"
"""Start near the default pose, at rest."""
LYING = "lying"
"""Start on the belly, legs folded at random."""


@dataclass(frozen=True, slots=True)
class Step:
    """Everything that a reward or a termination may depend on."""

    spec: RobotSpec
    """The robot."""
    state: RobotState
    """Readings after the step."""
    velocity: FloatArray
    """Of the trunk in the world, m/s: estimated on board unless the truth was asked for. (3,)"""
    height: float
    """Of the trunk above its standing feet, m."""
    action: FloatArray
    """Of this step, in [-1, 1]. Shape: (n_joints,)."""
    previous_action: FloatArray
    """Of the step before. Shape: (n_joints,)."""
    command: FloatArray
    """Wanted forward and sideways speed in m/s and yaw rate in rad/s. Shape: (3,)."""


RewardTerms = Callable[[Step], Mapping[str, float]]
"""Unweighted terms by name; a penalty is negative. ``fall`` is added at a termination."""


@dataclass(frozen=True)
class Task:
    """What the robot shall learn."""

    name: str
    """As in ``task: walk``."""
    reward_terms: RewardTerms
    """Of one step."""
    weights: Mapping[str, float]
    """By name of the reward term, ``fall`` included."""
    sample_command: Callable[[np.random.Generator], FloatArray]
    """Draw a command at the start of an episode, and after every ``command_period``."""
    target_speed: float
    """Speed that counts as full success in reports, m/s (0: none)."""
    observes_command: bool = False
    """Whether the policy is told the command."""
    observes_heading: bool = True
    """Whether the policy is told the heading against the world's +x."""
    command_period: float = math.inf
    """Time between commands, s."""
    max_tilt: float | None = 0.5
    """Tilt of the trunk beyond which the robot has fallen, rad; None: no such fall."""
    min_height: float | None = 0.6
    """Height below which it has fallen, as a fraction of the standing height; None: no such."""
    start: str = REST
    """How an episode starts: ``rest`` or ``lying``."""


@dataclass(frozen=True)
class TaskOptions:
    """What every task takes from a configuration; each task ignores what it has no use for."""

    target_speed: float | None = None
    """m/s; None: the task's own."""
    target_yaw_rate: float | None = None
    """rad/s; None: the task's own."""
    command_ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Of ``vx``, ``vy`` (m/s) and ``yaw_rate`` (rad/s)."""
    reward_weights: Mapping[str, float] = field(default_factory=dict)
    """Instead of the task's own."""


def weighted(task: Task, terms: Mapping[str, float]) -> dict[str, float]:
    """Return each reward term times its weight.

    Raises:
        ConfigError: If a term has no weight: it would count for nothing without a word.
    """
    weights = task.weights
    try:
        return {name: weights[name] * value for name, value in terms.items()}
    except KeyError as error:
        raise ConfigError(
            f"task '{task.name}': its reward term {error} has no weight; it has weights for "
            f"{', '.join(sorted(weights))}"
        ) from error


def standing_step(spec: RobotSpec, command: FloatArray) -> Step:
    """Return the step of a robot that stands still in its default pose and will go on to."""
    n = spec.n_joints
    state = RobotState(
        time=0.0,
        joint_positions=spec.default_pose,
        joint_velocities=np.zeros(n),
        joint_torques=np.zeros(n),
        motor_positions=spec.default_pose,
        orientation=(1.0, 0.0, 0.0, 0.0),
        angular_velocity_in_body=np.zeros(3),
        acceleration_in_body=np.array([0.0, 0.0, GRAVITY]),
        foot_forces=np.full(len(spec.legs), GRAVITY * spec.mass / len(spec.legs)),
    )
    height = spec.standing_height
    return Step(spec, state, np.zeros(3), height, np.zeros(n), np.zeros(n), command)


def termination_reason(task: Task, tilt: float, height: float, spec: RobotSpec) -> str | None:
    """Return ``"fall"`` if the robot has fallen, else None.

    Args:
        task: Limits.
        tilt: Of the trunk, rad.
        height: Of the trunk above the ground, m.
        spec: The robot.
    """
    if task.max_tilt is not None and tilt > task.max_tilt:
        return "fall"
    if task.min_height is not None and height < task.min_height * spec.standing_height:
        return "fall"
    return None


def fixed_command(
    forward: float = 0.0, sideways: float = 0.0, yaw_rate: float = 0.0
) -> Callable[[np.random.Generator], FloatArray]:
    """Return a ``sample_command`` that always gives the same command (m/s, m/s, rad/s)."""
    command = np.array([forward, sideways, yaw_rate])

    def sample(generator: np.random.Generator) -> FloatArray:
        return command

    return sample
