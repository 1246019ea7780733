"""Joint-space generator: one oscillator per joint, in units of the inner action."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from rl_zoo.errors import ConfigError
from rl_zoo.motion.cpg import critically_damped
from rl_zoo.motion.oscillator import (
    JointPattern,
    advance_phase,
    cycle_fraction,
    phase_at_fraction,
)
from rl_zoo.wrappers.cpg_residual_settings import WRAPPER, ModulationRanges, ModulationValues

FloatArray = NDArray[np.float64]

_CONVERGENCE = 50.0
"""Gain of the amplitude's way to its factor, 1/s: 95 % of the way after 0.2 s."""


class JointGenerator:
    """The pattern of an open-loop run, modulated per group of joints.

    Args:
        env: Environment whose action has one entry per joint.
        prior: What ``JointPattern.to_dict`` returns.
        ranges: Modulation.
        n_joints: Size of the action.

    Raises:
        ConfigError: If the pattern does not fit.
    """

    default_scale = 0.2
    """Of the residual, units of the inner action."""

    def __init__(
        self,
        env: gym.Env[Any, Any],
        prior: Mapping[str, Any],
        ranges: ModulationRanges,
        n_joints: int,
    ) -> None:
        self.pattern = read_joint_pattern(prior)
        if self.pattern.n_joints != n_joints:
            raise ConfigError(
                f"{WRAPPER}.prior: the pattern has {self.pattern.n_joints} joints, the action of "
                f"this environment {n_joints}"
            )
        if ranges.heading_rate is not None:
            raise ConfigError(
                f"{WRAPPER}.modulation.heading_rate: has no meaning with space: joint"
            )
        names, self._group = _groups(env, n_joints)
        if not ranges.per_leg:
            names, self._group = ("all",), np.zeros(n_joints, dtype=np.intp)
        self.group_names = names
        self.residual_names = _joint_names(env, n_joints)
        self._leaders = np.array([np.argmax(self._group == g) for g in range(len(names))])
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
        """Return the inner action of this instant, not clipped. Shape: (n_joints,)."""
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
        """Return what a deployed controller needs, JSON-able."""
        return {
            "pattern": self.pattern.to_dict(),
            "groups": self._group.tolist(),
            "amplitude_convergence": _CONVERGENCE,
        }

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


def read_joint_pattern(prior: Mapping[str, Any]) -> JointPattern:
    """Return the pattern of a prior in joint space.

    Raises:
        ConfigError: If a key or value does not fit.
    """
    try:
        return JointPattern.from_dict(prior)
    except ConfigError as error:
        problems = [text.replace("pattern", f"{WRAPPER}.prior", 1) for text in error.problems]
        raise ConfigError(problems) from error


def _groups(env: gym.Env[Any, Any], n_joints: int) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """Return the legs of the robot and the leg of each joint; without a robot, each joint alone."""
    if not env.has_wrapper_attr("robot_spec"):
        return _joint_names(env, n_joints), np.arange(n_joints)
    spec = env.get_wrapper_attr("robot_spec")
    group = np.zeros(n_joints, dtype=np.intp)
    for place, leg in enumerate(spec.legs):
        group[list(spec.leg_indices(leg))] = place
    return tuple(leg.name for leg in spec.legs), group


def _joint_names(env: gym.Env[Any, Any], n_joints: int) -> tuple[str, ...]:
    if env.has_wrapper_attr("robot_spec"):
        names = tuple(env.get_wrapper_attr("robot_spec").joint_names)
        if len(names) == n_joints:
            return names
    return tuple(f"joint_{i}" for i in range(n_joints))
