"""From the phase of a leg to the place of its foot.

Raffin et al., "Learning to Exploit Elastic Actuators", 2022, and Bellegarda and Ijspeert,
"CPG-RL", RA-L 2022: half an ellipse with its own height above the ground (swing) and another one
below it (stance, which presses the foot down). The sign of x is such that the robot walks forward:
swing carries the foot from the rear to the front.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rl_zoo.errors import ConfigError
from rl_zoo.motion.kinematics import LegGeometry, joint_angles

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class FootTrajectory:
    """The half-ellipses of all feet, around a centre for each foot.

    Each field is one number for all legs or one per leg, in m.

    Raises:
        ConfigError: If clearance or penetration is negative or a value is not finite.
    """

    step_length: float | tuple[float, ...]
    """From the rearmost to the foremost place at amplitude 1; twice the d_x of the papers.
    Negative: backward."""
    clearance: float | tuple[float, ...]
    """Highest place of swing above the centre."""
    penetration: float | tuple[float, ...]
    """Lowest place of stance below the centre."""
    amplitude_lifts: bool = False
    """Whether the amplitude scales z as it scales x; the papers differ."""

    def __post_init__(self) -> None:
        for name in ("step_length", "clearance", "penetration"):
            value = getattr(self, name)
            try:
                array = np.asarray(value, dtype=np.float64)
            except (TypeError, ValueError) as error:
                raise ConfigError(f"{name}: {value!r} is not made of numbers") from error
            if array.ndim > 1 or not np.isfinite(array).all():
                raise ConfigError(f"{name}: {value!r} is neither a number nor one per leg")
            if name != "step_length" and (array < 0.0).any():
                raise ConfigError(f"{name}: {value!r} is negative")
            plain = tuple(array.tolist()) if array.ndim else array.item()
            object.__setattr__(self, name, plain)

    def foot_offsets(
        self, phases: FloatArray, amplitudes: FloatArray, headings: ArrayLike = 0.0
    ) -> FloatArray:
        """Return the place of each foot relative to its centre, axes of the trunk, m.

        Args:
            phases: rad; swing is the half in which the sine is positive. Shape: (n_legs,).
            amplitudes: Factor of the step. Shape: (n_legs,).
            headings: Direction of the step, rad, 0 forward, positive to the left.

        Returns:
            Shape: (n_legs, 3).
        """
        along = -0.5 * np.asarray(self.step_length) * amplitudes * np.cos(phases)
        sines = np.sin(phases)
        height = np.where(sines > 0.0, np.asarray(self.clearance), np.asarray(self.penetration))
        lift = height * sines * (amplitudes if self.amplitude_lifts else 1.0)
        return np.stack([along * np.cos(headings), along * np.sin(headings), lift], axis=-1)


def joint_targets(legs: Sequence[LegGeometry], foot_positions: FloatArray) -> list[FloatArray]:
    """Return the joint angles of each leg that put its foot at a place, rad.

    A place out of reach is replaced by the nearest one on the line from the hip.

    Args:
        legs: Geometry of each leg.
        foot_positions: Centres of the feet in the trunk's frame, m, finite. Shape: (n_legs, 3).

    Returns:
        One array of shape (n_leg_joints,) per leg.
    """
    return [joint_angles(leg, position) for leg, position in zip(legs, foot_positions, strict=True)]
