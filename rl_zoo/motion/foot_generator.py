"""Foot-space generator: one oscillator per leg moves the foot on half-ellipses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_zoo.motion.cpg import CpgDrive, CpgNetwork, CpgState, start_state
from rl_zoo.motion.cpg_modulation import ModulationRanges, ModulationValues
from rl_zoo.motion.foot_trajectory import FootTrajectory, joint_targets
from rl_zoo.motion.gait_prior import GaitPrior, LeggedPosture, foot_centres
from rl_zoo.motion.gaits import gait_fractions
from rl_zoo.motion.kinematics import LegGeometry
from rl_zoo.motion.oscillator import TWO_PI, phase_at_fraction

FloatArray = NDArray[np.float64]


class FootGenerator:
    """A network of one oscillator per leg, in the space of the feet, through inverse kinematics.

    Args:
        posture: Legs and default pose of the robot.
        prior: The gait.
        ranges: Modulation.
        positions_to_action: From joint positions in rad to the action that commands them.

    Raises:
        ConfigError: If a value of the gait does not fit; the message begins with its key.
    """

    default_scale = 0.01
    """Of the residual, m."""

    def __init__(
        self,
        posture: LeggedPosture,
        prior: GaitPrior,
        ranges: ModulationRanges,
        positions_to_action: Callable[[FloatArray], FloatArray],
    ) -> None:
        self.posture, self.prior = posture, prior
        self.legs = posture.legs
        self._positions_to_action = positions_to_action
        self._indices = [list(indices) for indices in posture.joint_indices]
        self._pose = np.array(posture.default_pose)
        self._make_network()
        self.centres = foot_centres(prior, posture)
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
        """Return the action of this instant, not clipped. Shape: (n_joints,)."""
        state = self._state
        self.foot_targets = self.centres + self._trajectory.foot_offsets(
            state.phases + values.phase, state.amplitudes, state.headings
        )
        if residual is not None:
            self.foot_targets[self._axes[:, 0], self._axes[:, 1]] += residual
        positions = self._pose.copy()
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
        """Return gait and posture, JSON-able."""
        return {
            **self.posture.to_dict(),
            "gait": {**asdict(self.prior), "gait": self._leads.tolist()},
            "foot_centres": self.centres.tolist(),
        }

    @classmethod
    def from_parameters(
        cls,
        data: Mapping[str, Any],
        ranges: ModulationRanges,
        positions_to_action: Callable[[FloatArray], FloatArray],
    ) -> FootGenerator:
        """Return the generator that ``parameters`` described.

        Raises:
            ConfigError: If a value does not fit.
        """
        posture, prior = LeggedPosture.from_dict(data), GaitPrior(**data["gait"])
        generator = cls(posture, prior, ranges, positions_to_action)
        # To the last bit those of training, whatever the other computer's sines are.
        generator.centres = np.array(data["foot_centres"], dtype=np.float64)
        generator.start(0.0)
        return generator

    def state(self) -> dict[str, Any]:
        """Return the state of the oscillators, JSON-able."""
        return self._state.to_dict()

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from ``state``."""
        self._state = CpgState.from_dict(state)

    def _make_network(self) -> None:
        prior, n_legs = self.prior, len(self.legs)
        self._leads = gait_fractions(prior.gait, n_legs)
        self._network = CpgNetwork(
            tuple((TWO_PI * self._leads).tolist()),
            prior.coupling_strength,
            prior.amplitude_model,
            prior.convergence,
            prior.coupling_angle,
        )
        self._trajectory = FootTrajectory(
            prior.per_leg("step_length", n_legs),
            prior.per_leg("clearance", n_legs),
            prior.per_leg("penetration", n_legs),
            prior.amplitude_lifts,
        )


def _axes(leg: LegGeometry) -> tuple[int, ...]:
    return (0, 1, 2) if leg.has_abduction else (0, 2)
