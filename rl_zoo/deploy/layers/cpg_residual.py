"""Oscillators whose command the policy corrects: ``CPGResidualWrapper``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rl_zoo.deploy.layer import Array, Observation, Reading
from rl_zoo.deploy.layers.base import FloatArray, with_entry
from rl_zoo.motion.cpg_residual import CpgResidual


class CpgResidualLayer:
    """Give the command of oscillators and policy; show the policy their phases.

    The policy has its full influence: the ramp of training is over.

    Args:
        data: What ``CPGResidualWrapper.deployment_state`` returns.

    Attributes:
        cpg: Oscillators and scales.
        random_initial_phase: Whether training started episodes anywhere in the cycle, so that
            ``Policy.reset`` may be told where; otherwise they start at the generator's own start.

    Raises:
        ConfigError: If a value does not fit.
    """

    kind = "cpg_residual"

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = dict(data)
        self.cpg = CpgResidual.from_dict(data)
        self.random_initial_phase = bool(data["random_initial_phase"])
        self._is_observed = bool(data["observe_phase"])
        self._dtype = np.dtype(data["observation_dtype"])

    def start(self, observation: Observation, reading: Reading) -> Observation:
        """Start the oscillators."""
        self.cpg.start(reading.initial_cycles if self.random_initial_phase else 0.0)
        return self._extended(observation)

    def observe(self, observation: Observation) -> Observation:
        """Let one control period pass and show the oscillators as they are then."""
        self.cpg.advance()
        return self._extended(observation)

    def act(self, action: Array, reading: Reading) -> Array:
        """Return the command of this instant."""
        return self.cpg.command(action)

    def held(self, inner: FloatArray | None) -> FloatArray | None:
        """Return zeros, the prior itself, at the start; then the last action of the policy."""
        return self.cpg.action.copy()

    def to_dict(self) -> dict[str, Any]:
        """Return what the layer was made of."""
        return {**self._data, "kind": self.kind}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> CpgResidualLayer:
        """Return the layer that ``to_dict`` described.

        Raises:
            ConfigError: If a value does not fit.
        """
        return cls(data)

    def _extended(self, observation: Observation) -> Observation:
        if not self._is_observed:
            return observation
        return with_entry(observation, None, self._with_features)

    def _with_features(self, observation: Array) -> Array:
        return self.cpg.extended(observation, self._dtype)
