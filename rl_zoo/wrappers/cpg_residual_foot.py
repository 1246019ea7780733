"""Foot-space generator: one oscillator per leg moves the foot on half-ellipses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from rl_zoo.errors import ConfigError
from rl_zoo.finite import is_finite_number
from rl_zoo.motion.cpg import CpgDrive, CpgNetwork, CpgState, start_state
from rl_zoo.motion.foot_trajectory import FootTrajectory, joint_targets
from rl_zoo.motion.gaits import gait_fractions
from rl_zoo.motion.kinematics import LegGeometry, foot_position
from rl_zoo.motion.oscillator import TWO_PI, phase_at_fraction
from rl_zoo.wrappers.argument_checks import check_flag
from rl_zoo.wrappers.cpg_residual_settings import (
    WRAPPER,
    ModulationRanges,
    ModulationValues,
    read_group,
)

FloatArray = NDArray[np.float64]
PerLeg = float | tuple[float, ...]

_NEEDED = ("robot_spec", "positions_to_action")
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
    """Keys of ``prior`` in foot space; numbers or one per leg (FR, FL, RR, RL) where it says so."""

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


class FootGenerator:
    """A network of one oscillator per leg, in the space of the feet, through inverse kinematics.

    Args:
        env: Environment of a robot with legs.
        prior: Keys of ``GaitPrior``.
        ranges: Modulation.

    Raises:
        ConfigError: If the robot or a value does not fit.
    """

    default_scale = 0.01
    """Of the residual, m."""

    def __init__(
        self, env: gym.Env[Any, Any], prior: Mapping[str, Any], ranges: ModulationRanges
    ) -> None:
        for name in _NEEDED:
            if not env.has_wrapper_attr(name):
                raise ConfigError(
                    f"{WRAPPER}.space: foot needs a robot with legs, and this environment has no "
                    f"'{name}'; use space: joint"
                )
        self.spec = env.get_wrapper_attr("robot_spec")
        self._positions_to_action = env.get_wrapper_attr("positions_to_action")
        self.legs: tuple[LegGeometry, ...] = self.spec.legs
        self.prior = read_group(GaitPrior, prior, f"{WRAPPER}.prior")
        self._indices = [list(self.spec.leg_indices(leg)) for leg in self.legs]
        self._check(ranges)
        self.group_names = tuple(leg.name for leg in self.legs) if ranges.per_leg else ("all",)
        self._axes = np.array(
            [(i, axis) for i, leg in enumerate(self.legs) for axis in _axes(leg)], dtype=np.intp
        )
        self.residual_names = tuple(f"{self.legs[i].name}.{'xyz'[axis]}" for i, axis in self._axes)
        self._all_phases_observed = self.prior.coupling_strength > 0.0 or (
            ranges.per_leg and ranges.frequency is not None
        )
        self.start(0.0)

    @property
    def phases(self) -> FloatArray:
        """Return the phase of every leg, rad. Shape: (n_legs,)."""
        return self._state.phases

    @property
    def observed_phases(self) -> FloatArray:
        """Return the phases from which all others follow."""
        return self.phases if self._all_phases_observed else self.phases[:1]

    @property
    def amplitudes(self) -> tuple[FloatArray, FloatArray]:
        """Return amplitude and its rate (1/s), each of shape (n_groups,)."""
        n_groups = len(self.group_names)
        return self._state.amplitudes[:n_groups], self._state.amplitude_rates[:n_groups]

    @property
    def headings(self) -> FloatArray:
        """Return the direction of stepping, rad. Shape: (n_groups,)."""
        return self._state.headings[: len(self.group_names)]

    def start(self, cycles: float) -> None:
        """Start an episode, ``cycles`` of a period after the front right foot lifted off."""
        phases = phase_at_fraction(
            self._leads + cycles, self.prior.swing_frequency, self.prior.stance_frequency
        )
        self._state = start_state(phases, self.prior.initial_amplitude)
        self.foot_targets = self.centres

    def command(self, values: ModulationValues, residual: FloatArray | None) -> FloatArray:
        """Return the inner action of this instant, not clipped. Shape: (n_joints,)."""
        state = self._state
        self.foot_targets = self.centres + self._trajectory.foot_offsets(
            state.phases + values.phase, state.amplitudes, state.headings
        )
        if residual is not None:
            self.foot_targets[self._axes[:, 0], self._axes[:, 1]] += residual
        positions = np.array(self.spec.default_pose)
        for indices, angles in zip(
            self._indices, joint_targets(self.legs, self.foot_targets), strict=True
        ):
            positions[indices] = angles
        return np.asarray(self._positions_to_action(positions), dtype=np.float64)

    def advance(self, values: ModulationValues, duration: float) -> None:
        """Let ``duration`` s pass."""
        squared = self.prior.amplitude_model == "hopf"
        drive = CpgDrive(
            mu=values.amplitude**2 if squared else values.amplitude,
            swing_frequency=self.prior.swing_frequency * values.frequency,
            stance_frequency=self.prior.stance_frequency * values.frequency,
            heading_rate=values.heading_rate,
        )
        self._state = self._network.advance(self._state, drive, duration)

    def info(self) -> dict[str, Any]:
        """Return what a step reports beside the phases: where the feet shall be."""
        return {"cpg/foot_target": self.foot_targets}

    def parameters(self) -> dict[str, Any]:
        """Return what a deployed controller needs, JSON-able."""
        return {
            "robot": self.spec.name,
            "gait": {**asdict(self.prior), "gait": self._leads.tolist()},
            "foot_centres": self.centres.tolist(),
            "legs": [asdict(leg) for leg in self.legs],
            "joint_indices": self._indices,
        }

    def state(self) -> dict[str, Any]:
        """Return the state of the oscillators, JSON-able."""
        return self._state.to_dict()

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from ``state``."""
        self._state = CpgState.from_dict(state)

    def _check(self, ranges: ModulationRanges) -> None:
        prior = self.prior
        for name, lowest in _NUMBERS.items():
            value = getattr(prior, name)
            if name == "height" and value is None:
                continue
            if not is_finite_number(value) or value < lowest:
                kind = "a positive number" if lowest > 0.0 else "a number of at least 0"
                raise ConfigError(f"{WRAPPER}.prior.{name}: {value!r} is not {kind}")
        check_flag(f"{WRAPPER}.prior.amplitude_lifts", prior.amplitude_lifts)
        can_turn = all(leg.has_abduction for leg in self.legs)
        if ranges.heading_rate is not None and not can_turn:
            raise ConfigError(
                f"{WRAPPER}.modulation.heading_rate: the legs of {self.spec.name} have no "
                "abduction joint"
            )
        try:
            self._leads = gait_fractions(prior.gait, len(self.legs))
            self._network = CpgNetwork(
                tuple((TWO_PI * self._leads).tolist()),
                prior.coupling_strength,
                prior.amplitude_model,
                prior.convergence,
                prior.coupling_angle,
            )
            self._trajectory = FootTrajectory(
                self._per_leg("step_length"),
                self._per_leg("clearance"),
                self._per_leg("penetration"),
                prior.amplitude_lifts,
            )
            self.centres = self._centres()
        except ConfigError as error:
            problems = [f"{WRAPPER}.prior.{text.removeprefix('prior.')}" for text in error.problems]
            raise ConfigError(problems) from error

    def _per_leg(self, name: str) -> tuple[float, ...]:
        value = getattr(self.prior, name)
        try:
            array = np.asarray(value, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise ConfigError(f"{name}: {value!r} is not made of numbers") from error
        if array.shape not in ((), (len(self.legs),)) or not np.isfinite(array).all():
            raise ConfigError(f"{name}: {value!r} is neither a finite number nor one per leg")
        return tuple(np.broadcast_to(array, (len(self.legs),)).tolist())

    def _centres(self) -> FloatArray:
        """Return the centre of each foot's path in the trunk's frame, m. Shape: (n_legs, 3)."""
        pose = self.spec.default_pose
        shifts, outward = self._per_leg("x_shift"), self._per_leg("outward_shift")
        centres = []
        for i, (leg, indices) in enumerate(zip(self.legs, self._indices, strict=True)):
            centre = foot_position(leg, pose[indices])
            if self.prior.height is not None:
                centre[2] = leg.hip_position[2] - self.prior.height
            centre[0] += shifts[i]
            if leg.has_abduction:
                centre[1] += outward[i] * np.sign(leg.hip_position[1])
            centres.append(centre)
        return np.array(centres)


def _axes(leg: LegGeometry) -> tuple[int, ...]:
    return (0, 1, 2) if leg.has_abduction else (0, 2)
