"""A gait of a robot with legs as plain numbers: what its oscillators do without a policy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from rl_zoo.errors import ConfigError
from rl_zoo.finite import is_finite_number
from rl_zoo.motion.kinematics import LegGeometry, foot_position

FloatArray = NDArray[np.float64]
PerLeg = float | tuple[float, ...]

_TINY = 1e-6
_NUMBERS = {
    "swing_frequency": _TINY,
    "stance_frequency": _TINY,
    "initial_amplitude": _TINY,
    "height": _TINY,
    "convergence": _TINY,
    "coupling_strength": 0.0,
}
"""Keys that hold one number, with the smallest allowed."""


@dataclass(frozen=True)
class GaitPrior:
    """Keys of ``prior`` in foot space; numbers or one per leg (FR, FL, RR, RL) where it says so.

    Raises:
        ConfigError: If a number is out of range.
    """

    gait: Any = "trot"
    """Name of a gait, or the lead of each leg in cycles."""
    swing_frequency: float = 2.0
    """Hz, while a foot is in the air."""
    stance_frequency: float = 2.0
    """Hz, while it is on the ground."""
    step_length: PerLeg = 0.05
    """From the rearmost to the foremost place, m; per leg."""
    clearance: PerLeg = 0.02
    """Height of swing, m; per leg."""
    penetration: PerLeg = 0.005
    """Depth of stance, m; per leg."""
    height: float | None = None
    """From the first joint of a leg down to the centre of its foot, m; None: the default pose's."""
    x_shift: PerLeg = 0.0
    """Added to the centre of the foot's path, m, forward; per leg."""
    outward_shift: PerLeg = 0.0
    """Added likewise, away from the trunk, legs with abduction only; per leg."""
    amplitude_lifts: bool = False
    """Whether the amplitude scales the height too."""
    initial_amplitude: float = 1.0
    """Amplitude at the start of an episode; it grows to 1."""
    coupling_strength: float = 0.0
    """Of the legs among each other."""
    coupling_angle: Literal["phase", "time"] = "time"
    """``phase``: as published; ``time``: holds gaits whose swing and stance differ."""
    amplitude_model: Literal["cpg_rl", "hopf"] = "cpg_rl"
    """Equation of the amplitude."""
    convergence: float = 50.0
    """Of that equation, 1/s."""

    def __post_init__(self) -> None:
        for name, lowest in _NUMBERS.items():
            value = getattr(self, name)
            if name == "height" and value is None:
                continue
            if not is_finite_number(value) or value < lowest:
                kind = "a positive number" if lowest > 0.0 else "a number of at least 0"
                raise ConfigError(f"{name}: {value!r} is not {kind}")
        if not isinstance(self.amplitude_lifts, bool):
            raise ConfigError(
                f"amplitude_lifts: {self.amplitude_lifts!r} is neither true nor false"
            )

    def per_leg(self, name: str, n_legs: int) -> tuple[float, ...]:
        """Return the value called ``name`` of each leg.

        Raises:
            ConfigError: If it is neither one finite number nor one per leg.
        """
        value = getattr(self, name)
        try:
            array = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"{name}: {value!r} is not made of numbers") from error
        if array.shape not in ((), (n_legs,)) or not np.isfinite(array).all():
            raise ConfigError(f"{name}: {value!r} is neither a finite number nor one per leg")
        return tuple(np.broadcast_to(array, (n_legs,)).tolist())


@dataclass(frozen=True)
class LeggedPosture:
    """What a gait needs to know of a robot."""

    robot: str
    """Name."""
    legs: tuple[LegGeometry, ...]
    joint_indices: tuple[tuple[int, ...], ...]
    """Places of each leg's joints among the joints of the robot."""
    default_pose: tuple[float, ...]
    """Positions of joints that are part of no leg, and around which the feet step, rad."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return {
            "robot": self.robot,
            "legs": [asdict(leg) for leg in self.legs],
            "joint_indices": [list(indices) for indices in self.joint_indices],
            "default_pose": list(self.default_pose),
        }

    @classmethod
    def from_dict(cls, data: Any) -> LeggedPosture:
        """Return the posture that ``to_dict`` described; unknown keys are left out."""
        return cls(
            str(data["robot"]),
            tuple(_leg(leg) for leg in data["legs"]),
            tuple(tuple(indices) for indices in data["joint_indices"]),
            tuple(data["default_pose"]),
        )


def foot_centres(prior: GaitPrior, posture: LeggedPosture) -> FloatArray:
    """Return the centre of each foot's path in the trunk's frame, m. Shape: (n_legs, 3).

    Raises:
        ConfigError: If the number of shifts is not that of the legs.
    """
    pose = np.array(posture.default_pose)
    n_legs = len(posture.legs)
    shifts, outward = prior.per_leg("x_shift", n_legs), prior.per_leg("outward_shift", n_legs)
    centres = []
    for i, (leg, indices) in enumerate(zip(posture.legs, posture.joint_indices, strict=True)):
        centre = foot_position(leg, pose[list(indices)])
        if prior.height is not None:
            centre[2] = leg.hip_position[2] - prior.height
        centre[0] += shifts[i]
        if leg.has_abduction:
            centre[1] += outward[i] * np.sign(leg.hip_position[1])
        centres.append(centre)
    return np.array(centres)


def _leg(data: dict[str, Any]) -> LegGeometry:
    plain = {key: _tuple(value) for key, value in data.items()}
    return LegGeometry(**plain)


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
