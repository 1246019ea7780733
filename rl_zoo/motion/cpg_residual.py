"""A policy on top of oscillators: ``clip(f(oscillators) + residual_scale * action)``.

Raffin et al., "Learning to Exploit Elastic Actuators", 2022 (feet, residual); Bellegarda and
Ijspeert, "CPG-RL", RA-L 2022 (modulation). The same object acts in training, inside of
``rl_zoo.wrappers.cpg_residual``, and on the robot, inside of a layer of ``rl_zoo.deploy``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from rl_zoo.motion.action_bounds import ActionBounds, JointUnits
from rl_zoo.motion.cpg_modulation import ModulationRanges
from rl_zoo.motion.foot_generator import FootGenerator
from rl_zoo.motion.joint_generator import JointGenerator

FloatArray = NDArray[np.float64]
Generator = JointGenerator | FootGenerator


class CpgResidual:
    """Oscillators whose command a policy corrects, or whose pace it changes, or both.

    The action lies in [-1, 1]: first the residual, then the modulation; zeros are the prior itself.

    Args:
        generator: The oscillators.
        ranges: What an action of the modulation means.
        scale: What a residual of 1 adds; of length zero: the policy adds nothing. Shape: (n,).
        bounds: Of the inner action.
        dt: Time between two actions, s.

    Attributes:
        action: Last action of the policy, within [-1, 1]; zeros at the start.
        is_clipped: Whether the bounds cut the last command.
    """

    def __init__(
        self,
        generator: Generator,
        ranges: ModulationRanges,
        scale: FloatArray,
        bounds: ActionBounds,
        dt: float,
    ) -> None:
        self.generator, self.ranges, self.scale = generator, ranges, scale
        self.bounds, self.dt = bounds, dt
        self._n_residual = len(scale)
        self.action: FloatArray = np.zeros(
            len(scale) + len(ranges.names) * len(generator.group_names)
        )
        self.is_clipped = False
        self._values = ranges.decode(self.action[self._n_residual :])

    def start(self, cycles: float = 0.0) -> None:
        """Start an episode, ``cycles`` of a period after the generator's own start."""
        self.generator.start(cycles)
        self.action = np.zeros_like(self.action)

    def command(self, action: ArrayLike, ramp: float = 1.0) -> NDArray[Any]:
        """Return the inner action of this instant.

        Args:
            action: Of the policy; beyond 1 counts as 1. Shape: (n_actions,).
            ramp: Factor of its influence.
        """
        self.action = np.clip(np.asarray(action, dtype=np.float64), -1.0, 1.0)
        weighted = ramp * self.action
        residual = self.scale * weighted[: self._n_residual] if self._n_residual else None
        self._values = self.ranges.decode(weighted[self._n_residual :])
        wanted = self.generator.command(self._values, residual)
        self.is_clipped = self.bounds.is_outside(wanted)
        return self.bounds.cut(wanted)

    def advance(self) -> None:
        """Let the time until the next action pass, at the pace the last action asked for."""
        self.generator.advance(self._values, self.dt)

    def features(self) -> FloatArray:
        """Return what the policy sees of the oscillators.

        Sine and cosine of each distinct oscillator's phase at which the next command is made; with
        a modulated amplitude, its factor minus 1 and its rate in units of 10/s, per group; with a
        modulated heading, its sine and cosine per group.
        """
        phases = self.generator.observed_phases
        parts = [np.sin(phases), np.cos(phases)]
        if self.ranges.amplitude is not None:
            factors, rates = self.generator.amplitudes
            parts += [factors - 1.0, rates / 10.0]
        if self.ranges.heading_rate is not None and isinstance(self.generator, FootGenerator):
            headings = self.generator.headings
            parts += [np.sin(headings), np.cos(headings)]
        return np.concatenate(parts)

    def feature_bounds(self) -> FloatArray:
        """Return the largest absolute value of each feature."""
        n_angles = 2 * len(self.generator.observed_phases)
        n_amplitudes = 2 * len(self.generator.group_names) if self.ranges.amplitude else 0
        bounds = np.ones(len(self.features()))
        bounds[n_angles : n_angles + n_amplitudes] = np.inf
        return bounds

    def extended(self, observation: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return the observation followed by the features."""
        return np.concatenate([observation, self.features()]).astype(dtype)

    def to_dict(self) -> dict[str, Any]:
        """Return parameters and state as plain data; the unit of joints is the caller's to add."""
        names = self.generator.residual_names[: self._n_residual]
        return {
            "space": "joint" if isinstance(self.generator, JointGenerator) else "foot",
            "dt": self.dt,
            "residual_names": list(names),
            "residual_scale": self.scale.tolist(),
            "modulation": {name: getattr(self.ranges, name) for name in self.ranges.names},
            "modulation_per_leg": self.ranges.per_leg,
            "modulation_groups": list(self.generator.group_names),
            **self.bounds.to_dict(),
            "parameters": self.generator.parameters(),
            "state": self.generator.state(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> CpgResidual:
        """Return what ``to_dict`` described, at the start of an episode.

        Args:
            data: With ``joint_units`` in foot space.

        Raises:
            ConfigError: If a value does not fit.
        """
        ranges = ModulationRanges(**data["modulation"], per_leg=data["modulation_per_leg"])
        generator: Generator
        if data["space"] == "joint":
            generator = JointGenerator.from_parameters(data["parameters"], ranges)
        else:
            units = JointUnits.from_dict(data["joint_units"])
            generator = FootGenerator.from_parameters(data["parameters"], ranges, units)
        scale = np.array(data["residual_scale"], dtype=np.float64)
        return cls(generator, ranges, scale, ActionBounds.from_dict(data), float(data["dt"]))
