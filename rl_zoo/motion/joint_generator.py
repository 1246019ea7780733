"""Joint-space generator: one oscillator per joint, in units of the action."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_zoo.motion.cpg import critically_damped
from rl_zoo.motion.cpg_modulation import ModulationRanges, ModulationValues
from rl_zoo.motion.oscillator import (
    JointPattern,
    advance_phase,
    cycle_fraction,
    phase_at_fraction,
)

FloatArray = NDArray[np.float64]

_CONVERGENCE = 50.0
"""Gain of the amplitude's way to its factor, 1/s: 95 % of the way after 0.2 s."""


@dataclass(frozen=True)
class JointGroups:
    """The joints and the groups that are modulated together."""

    joint_names: tuple[str, ...]
    names: tuple[str, ...]
    """Of the groups."""
    of_joint: tuple[int, ...]
    """Group of each joint."""


class JointGenerator:
    """The pattern of an open-loop run, modulated per group of joints.

    Args:
        pattern: Amplitude, phase and centre of each joint, units of the action.
        groups: Joints that are modulated together; where ``ranges`` is not per leg, all of them.
        ranges: Modulation.
    """

    default_scale = 0.2
    """Of the residual, units of the action."""

    def __init__(
        self, pattern: JointPattern, groups: JointGroups, ranges: ModulationRanges
    ) -> None:
        self.pattern = pattern
        self.group_names, self._group = groups.names, np.array(groups.of_joint, dtype=np.intp)
        if not ranges.per_leg:
            self.group_names, self._group = ("all",), np.zeros(pattern.n_joints, dtype=np.intp)
        self.residual_names = groups.joint_names
        self._leaders = np.array(
            [np.argmax(self._group == place) for place in range(len(self.group_names))]
        )
        self._frequency_is_shared = ranges.frequency is None or not ranges.per_leg
        self._offsets = np.array(self.pattern.offsets)
        self._amplitudes = np.array(self.pattern.amplitudes)
        self.start(0.0)

    @property
    def phases(self) -> FloatArray:
        """Return the phase of every joint, rad. Shape: (n_joints,)."""
        return self._phases

    @property
    def observed_phases(self) -> FloatArray:
        """Return the phases from which all others follow: of the first joint of each clock."""
        leaders = self._leaders[:1] if self._frequency_is_shared else self._leaders
        return np.asarray(self._phases[leaders])

    @property
    def amplitudes(self) -> tuple[FloatArray, FloatArray]:
        """Return factor of the amplitude and its rate (1/s), each of shape (n_groups,)."""
        return self._factors, self._factor_rates

    def start(self, cycles: float) -> None:
        """Start an episode, ``cycles`` of a period after the pattern's own start."""
        pattern = self.pattern
        self._phases = pattern.initial_phases
        if cycles != 0.0:
            speeds = (pattern.swing_frequency, pattern.stance_frequency)
            fraction = cycle_fraction(self._phases, *speeds)
            self._phases = phase_at_fraction(fraction + cycles, *speeds)
        self._factors = np.ones(len(self.group_names))
        self._factor_rates = np.zeros(len(self.group_names))

    def command(self, values: ModulationValues, residual: FloatArray | None) -> FloatArray:
        """Return the action of this instant, not clipped. Shape: (n_joints,)."""
        phases = self._phases + self._per_joint(values.phase)
        positions = self._amplitudes * self._per_joint(self._factors) * np.sin(phases)
        positions = positions + self._offsets
        return np.asarray(positions if residual is None else positions + residual)

    def advance(self, values: ModulationValues, duration: float) -> None:
        """Let ``duration`` s pass."""
        factor = self._per_joint(values.frequency)
        self._phases = advance_phase(
            self._phases,
            self.pattern.swing_frequency * factor,
            self.pattern.stance_frequency * factor,
            duration,
        )
        self._factors, self._factor_rates = critically_damped(
            self._factors, self._factor_rates, values.amplitude, _CONVERGENCE, duration
        )

    def info(self) -> dict[str, Any]:
        """Return what a step reports beside the phases: nothing."""
        return {}

    def parameters(self) -> dict[str, Any]:
        """Return the pattern and its groups, JSON-able."""
        return {
            "pattern": self.pattern.to_dict(),
            "joint_names": list(self.residual_names),
            "group_names": list(self.group_names),
            "groups": self._group.tolist(),
            "amplitude_convergence": _CONVERGENCE,
        }

    @classmethod
    def from_parameters(cls, data: Mapping[str, Any], ranges: ModulationRanges) -> JointGenerator:
        """Return the generator that ``parameters`` described.

        Raises:
            ConfigError: If a value does not fit.
        """
        groups = JointGroups(
            tuple(data["joint_names"]), tuple(data["group_names"]), tuple(data["groups"])
        )
        return cls(JointPattern.from_dict(data["pattern"]), groups, ranges)

    def state(self) -> dict[str, Any]:
        """Return the state of the oscillators, JSON-able."""
        return {
            "phases": self._phases.tolist(),
            "factors": self._factors.tolist(),
            "factor_rates": self._factor_rates.tolist(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from ``state``."""
        self._phases = np.array(state["phases"], dtype=np.float64)
        self._factors = np.array(state["factors"], dtype=np.float64)
        self._factor_rates = np.array(state["factor_rates"], dtype=np.float64)

    def _per_joint(self, values: FloatArray) -> FloatArray:
        return values if len(values) == 1 else values[self._group]
