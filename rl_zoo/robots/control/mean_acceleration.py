"""What an accelerometer felt over a whole action period, as the velocity estimator needs it."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import numpy as np

from rl_zoo.robots.driver import RobotState
from rl_zoo.robots.spec import FloatArray

_MOST_SAMPLES = 1000


class MeanAcceleration:
    """Mean of the accelerometer over the samples of the last ``duration``.

    A policy sees one sample in ten. The one sample alone would alias every impact of a foot; the
    change of velocity over the period is the mean times the period.

    Args:
        duration: s.
    """

    def __init__(self, duration: float) -> None:
        self._duration = duration
        self._samples: deque[tuple[float, FloatArray]] = deque()

    def add(self, state: RobotState) -> None:
        """Take a new sample."""
        if state.acceleration_in_body is None:
            return
        self._samples.append((state.time, state.acceleration_in_body))
        oldest = state.time - self._duration + 1e-9
        while self._samples[0][0] <= oldest or len(self._samples) > _MOST_SAMPLES:
            self._samples.popleft()

    def apply(self, state: RobotState) -> RobotState:
        """Return the state with the mean in place of its own acceleration, if there is one."""
        if state.acceleration_in_body is None or not self._samples:
            return state
        mean = np.mean([acceleration for _, acceleration in self._samples], axis=0)
        return replace(state, acceleration_in_body=mean)
