"""Observation normalisation as SB3 computes it: in float64, rounded to float32 at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_zoo.deploy.graph.builder import GraphBuilder, Observation, Tensor
from rl_zoo.deploy.graph.preprocess import OBSERVATION


@dataclass(frozen=True)
class Statistics:
    """Of one array of observations."""

    mean: NDArray[np.float64]
    standard_deviation: NDArray[np.float64]
    """Never zero."""


@dataclass(frozen=True)
class Normalization:
    """``clip((x - mean) / standard deviation)`` of some parts of the observation."""

    statistics: Mapping[str, Statistics]
    """By key; parts without stay as they are."""
    limit: float
    """Largest absolute value of a result."""

    def add_to(self, builder: GraphBuilder, observation: Observation) -> Observation:
        """Add the nodes of this stage."""
        return {
            key: self._add(builder, value, self.statistics[key])
            if key in self.statistics
            else value
            for key, value in observation.items()
        }

    def _add(self, builder: GraphBuilder, value: Tensor, statistics: Statistics) -> Tensor:
        centred = builder.binary("Sub", builder.cast(value, np.float64), statistics.mean)
        scaled = builder.binary("Div", centred, statistics.standard_deviation)
        bounds = [builder.constant(bound, np.float64) for bound in (-self.limit, self.limit)]
        return builder.cast(builder.node("Clip", scaled, *bounds), np.float32)


def normalization_of(wrapper: Any) -> Normalization | None:
    """Return the stage of a ``VecNormalize``; None: it normalises rewards only."""
    if not wrapper.norm_obs:
        return None
    running = wrapper.obs_rms
    if not isinstance(running, dict):
        running = {OBSERVATION: running}
    keys = wrapper.norm_obs_keys or list(running)
    statistics = {
        key: Statistics(
            np.array(running[key].mean, np.float64),
            np.sqrt(np.array(running[key].var, np.float64) + wrapper.epsilon),
        )
        for key in keys
    }
    return Normalization(statistics, float(wrapper.clip_obs))
