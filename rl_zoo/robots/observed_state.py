"""The robot's state as far as an observation says it, for limits that are judged on the state."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_zoo.errors import RobotFault
from rl_zoo.motion.rotations import Quaternion
from rl_zoo.robots.driver import RobotState
from rl_zoo.robots.spec import FloatArray

_NORM_TOLERANCE = 0.05  # of gravity's unit vector, as of an orientation in the guard
_UPSIDE_DOWN = 1e-9


@dataclass(frozen=True)
class ObservedPart:
    """Where a reading is in the observation."""

    start: int
    size: int
    scale: float = 1.0
    """Entry of the observation per SI unit."""


@dataclass(frozen=True)
class ObservedState:
    """How to read a robot's state from an observation."""

    size: int
    """Length of the observation."""
    parts: Mapping[str, ObservedPart]
    """``gravity``, ``gyroscope``, ``joint_positions`` (minus the default pose),
    ``joint_velocities``, ``spring_deflections``: those that there are."""
    default_pose: tuple[float, ...]
    """rad."""
    is_elastic: bool = False
    """Whether springs are between motors and joints."""

    @property
    def missing(self) -> tuple[str, ...]:
        """Return the parts without which the limits of a robot cannot be judged."""
        needed = ["gravity", "joint_positions", "joint_velocities"]
        if self.is_elastic:
            needed.append("spring_deflections")
        return tuple(name for name in needed if name not in self.parts)

    def read(self, observation: Any) -> RobotState:
        """Return the state: heading 0, time 0 s, torques unknown (NaN).

        Args:
            observation: Not normalised. Shape: (size,).

        Raises:
            RobotFault: If the observation does not say enough; names what is missing.
        """
        if self.missing:
            raise RobotFault(
                f"the safety limits need the robot's {' and '.join(self.missing)}, which the "
                "observation does not hold: give step() the robot's state"
            )
        if np.shape(observation) != (self.size,):
            raise RobotFault(
                f"the safety limits need the robot's state: the observation has shape "
                f"{np.shape(observation)}, not ({self.size},)"
            )
        values = np.asarray(observation, np.float64)
        positions = self._part(values, "joint_positions") + self._pose
        motors = positions
        if self.is_elastic:
            motors = positions + self._part(values, "spring_deflections")
        rates = self._part(values, "gyroscope") if "gyroscope" in self.parts else _UNKNOWN
        return RobotState(
            time=0.0,
            joint_positions=positions,
            joint_velocities=self._part(values, "joint_velocities"),
            joint_torques=np.full(positions.shape, np.nan),
            motor_positions=motors,
            orientation=orientation_of(*self._part(values, "gravity").tolist()),
            angular_velocity_in_body=rates,
        )

    def _part(self, values: FloatArray, name: str) -> FloatArray:
        part = self.parts[name]
        found: FloatArray = values[part.start : part.start + part.size] / part.scale
        return found

    @property
    def _pose(self) -> FloatArray:
        return np.array(self.default_pose)

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold."""
        parts = {
            name: {"start": part.start, "size": part.size, "scale": part.scale}
            for name, part in self.parts.items()
        }
        return {
            "size": self.size,
            "parts": parts,
            "default_pose": list(self.default_pose),
            "is_elastic": self.is_elastic,
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> ObservedState:
        """Return what ``to_dict`` described."""
        parts = {name: ObservedPart(**part) for name, part in plain["parts"].items()}
        pose = tuple(float(value) for value in plain["default_pose"])
        return cls(int(plain["size"]), parts, pose, bool(plain["is_elastic"]))


def orientation_of(x: float, y: float, z: float) -> Quaternion:
    """Return an orientation in which gravity is seen in this direction, heading 0.

    It is the shortest rotation that turns the trunk's 'up', minus gravity, to the world's.

    Args:
        x: Of the unit vector of gravity in the trunk's frame; level: (0, 0, -1).
        y: Of the same.
        z: Of the same.

    Returns:
        w, x, y, z; zeros, which is no orientation, if the vector is none of length 1.
    """
    norm = math.sqrt(x * x + y * y + z * z)
    if not abs(norm - 1.0) <= _NORM_TOLERANCE:
        return (0.0, 0.0, 0.0, 0.0)
    x, y, w = x / norm, y / norm, 1.0 - z / norm
    if w < _UPSIDE_DOWN:
        return (0.0, 1.0, 0.0, 0.0)
    scale = 1.0 / math.sqrt(w * w + x * x + y * y)
    return (w * scale, -y * scale, x * scale, 0.0)


_UNKNOWN: NDArray[np.float64] = np.full(3, np.nan)
