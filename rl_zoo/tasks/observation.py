"""What the policy sees: readings that a real robot has, scaled to order one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rl_zoo.motion.rotations import gravity_in_body, heading
from rl_zoo.robots.driver import RobotState
from rl_zoo.robots.spec import FloatArray, RobotSpec
from rl_zoo.tasks.task import Task

GYRO_SCALE = 0.25
"""Observation per rad/s of trunk rotation."""
JOINT_VELOCITY_SCALE = 0.1
"""Observation per rad/s of a joint."""
DEFLECTION_SCALE = 4.0
"""Observation per rad of spring deflection."""


@dataclass(frozen=True)
class ObservationLayout:
    """Which parts an observation has, and in which order."""

    spec: RobotSpec
    heading: bool
    """The angle to the world's +x, rad."""
    contacts: bool
    """1 for each foot on the ground, else 0."""
    command: bool
    """The commanded speeds: m/s, m/s, rad/s."""
    velocity: bool
    """Of the trunk in its heading frame, m/s."""

    @property
    def parts(self) -> dict[str, int]:
        """Return the length of each part, in order."""
        n, feet = self.spec.n_joints, len(self.spec.legs)
        sizes = {
            "gravity": 3,
            "heading": int(self.heading),
            "gyroscope": 3,
            "joint_positions": n,
            "joint_velocities": n,
            "spring_deflections": n if self.spec.is_elastic else 0,
            "previous_action": n,
            "contacts": feet if self.contacts else 0,
            "command": 3 if self.command else 0,
            "velocity": 3 if self.velocity else 0,
        }
        return {name: size for name, size in sizes.items() if size > 0}

    @property
    def size(self) -> int:
        """Return the length of the observation."""
        return sum(self.parts.values())


def layout_of(spec: RobotSpec, task: Task, *, contacts: bool, velocity: bool) -> ObservationLayout:
    """Return the layout for a robot and a task."""
    return ObservationLayout(spec, task.observes_heading, contacts, task.observes_command, velocity)


@dataclass(frozen=True, slots=True)
class Observed:
    """What an observation is made of."""

    state: RobotState
    previous_action: FloatArray
    command: FloatArray
    velocity_in_heading_frame: FloatArray


def observe(layout: ObservationLayout, seen: Observed, contact_force: float) -> FloatArray:
    """Return the observation.

    Args:
        layout: Its parts.
        seen: Readings, previous action, command, estimated velocity.
        contact_force: Force above which a foot is on the ground, N.

    Returns:
        Shape: (layout.size,).
    """
    state, spec = seen.state, layout.spec
    parts: list[FloatArray | list[float]] = [list(gravity_in_body(state.orientation))]
    if layout.heading:
        parts.append([heading(state.orientation)])
    parts += [
        state.angular_velocity_in_body * GYRO_SCALE,
        state.joint_positions - spec.default_pose,
        state.joint_velocities * JOINT_VELOCITY_SCALE,
    ]
    if spec.is_elastic:
        parts.append(state.spring_deflections * DEFLECTION_SCALE)
    parts.append(seen.previous_action)
    if layout.contacts:
        forces = state.foot_forces
        n = len(spec.legs)
        on_ground = [0.0] * n if forces is None else (forces > contact_force).tolist()
        parts.append(on_ground)
    if layout.command:
        parts.append(seen.command)
    if layout.velocity:
        parts.append(seen.velocity_in_heading_frame)
    return np.concatenate(parts)
