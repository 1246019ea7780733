"""What the entries of a robot's observation mean: units, frames, scales, names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rl_zoo.robots.spec import RobotSpec
from rl_zoo.tasks.observation import DEFLECTION_SCALE, GYRO_SCALE, JOINT_VELOCITY_SCALE

JOINTS, FEET = "joints", "feet"
_AXES = ("x", "y", "z")


@dataclass(frozen=True)
class Meaning:
    """What one part of an observation says."""

    unit: str
    """Of the quantity before ``scale``; empty: none."""
    frame: str
    entries: tuple[str, ...] | str
    """Names, or ``JOINTS`` or ``FEET`` for those of the robot."""
    scale: float = 1.0
    """Entry per unit."""
    note: str = ""

    def names(self, spec: RobotSpec) -> tuple[str, ...]:
        """Return the name of each entry."""
        if isinstance(self.entries, tuple):
            return self.entries
        return spec.joint_names if self.entries == JOINTS else spec.feet


MEANINGS: Mapping[str, Meaning] = {
    "gravity": Meaning("", "trunk", _AXES, note="direction of gravity, a unit vector"),
    "heading": Meaning("rad", "world", ("yaw",), note="angle to +x of the world"),
    "gyroscope": Meaning("rad/s", "trunk", _AXES, GYRO_SCALE),
    "joint_positions": Meaning("rad", "joint", JOINTS, note="minus the default pose"),
    "joint_velocities": Meaning("rad/s", "joint", JOINTS, JOINT_VELOCITY_SCALE),
    "spring_deflections": Meaning(
        "rad", "joint", JOINTS, DEFLECTION_SCALE, "motor minus joint position"
    ),
    "previous_action": Meaning("", "joint", JOINTS, note="what the motors were last told"),
    "contacts": Meaning("", "", FEET, note="1 on the ground, 0 in the air"),
    "command": Meaning(
        "", "heading", ("forward", "left", "turn"), note="wanted speeds: m/s, m/s, rad/s"
    ),
    "velocity": Meaning("m/s", "heading", ("forward", "left", "up"), note="of the trunk"),
}
"""By the names of ``ObservationLayout.parts``."""
