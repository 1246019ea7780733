"""The unit box in which an open-loop gait is searched, and the pattern that each point stands for.

Without legs a pattern of n joints has 3 n + 1 parameters: two frequencies, an amplitude and an
offset per joint, a phase per joint but the first (Raffin et al., RLJ 2024). Legs tied to a gait
share amplitudes, offsets and phases: the others do what the first does, some time earlier.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from rl_zoo.errors import ConfigError
from rl_zoo.motion.gaits import gait_fractions
from rl_zoo.motion.oscillator import (
    JointPattern,
    cycle_fraction,
    phase_at_fraction,
    wrap_phase,
)

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class LegTies:
    """Which joints move alike."""

    legs: tuple[tuple[int, ...], ...]
    """Joints of each leg, the corresponding ones in the same place. The first leg leads."""
    leads: tuple[float, ...] | None = None
    """Lead of each leg over the first, in cycles. None: searched as well."""


@dataclass(frozen=True)
class PatternSpace:
    """Maps points of the unit box to patterns and back."""

    frequencies: tuple[float, float]
    """Smallest and largest frequency, Hz."""
    amplitudes: FloatArray
    """Smallest and largest amplitude of each joint, units of the action. Shape: (n_joints, 2)."""
    offsets: FloatArray
    """Smallest and largest offset of each joint, units of the action. Shape: (n_joints, 2)."""
    ties: LegTies
    start: JointPattern | None = None
    """Pattern in the middle of the range of every phase, which is one turn; None: all half way,
    the first joint at zero."""

    def __post_init__(self) -> None:
        legs = self.ties.legs
        joints = sorted(joint for leg in legs for joint in leg)
        if joints != list(range(self.n_joints)) or len({len(leg) for leg in legs}) != 1:
            raise ConfigError(
                f"legs: {[list(leg) for leg in legs]} must name each of the {self.n_joints} "
                "joints (0 to n - 1) once, the same number for every leg"
            )
        if self.ties.leads is not None and len(self.ties.leads) != len(legs):
            raise ConfigError(f"gait: {len(self.ties.leads)} leads for {len(legs)} legs")
        if self.start is not None and self.start.n_joints != self.n_joints:
            raise ConfigError(
                f"initial_pattern: has {self.start.n_joints} joints, the action {self.n_joints}"
            )

    @property
    def n_joints(self) -> int:
        """Number of joints."""
        return len(self.amplitudes)

    @property
    def dimension(self) -> int:
        """Number of parameters."""
        return len(self._low)

    @property
    def _leader(self) -> tuple[int, ...]:
        return self.ties.legs[0]

    @property
    def _is_free(self) -> bool:
        return self.ties.leads is None

    def decode(self, point: FloatArray) -> JointPattern:
        """Return the pattern of a point in the unit box. Shape: (dimension,)."""
        values = self._low + np.clip(point, 0.0, 1.0) * (self._high - self._low)
        swing, stance = values[:2]
        m = len(self._leader)
        amplitudes, offsets = values[2 : 2 + m], values[2 + m : 2 + 2 * m]
        phases = np.array([self._first_phase, *values[2 + 2 * m : 1 + 3 * m]])
        leads = [0.0, *values[1 + 3 * m :]] if self.ties.leads is None else self.ties.leads
        everywhere = np.zeros((3, self.n_joints))
        fractions = cycle_fraction(phases, swing, stance)
        for leg, lead in zip(self.ties.legs, leads, strict=True):
            shifted = phases if lead == 0.0 else phase_at_fraction(fractions + lead, swing, stance)
            everywhere[:, leg] = amplitudes, wrap_phase(shifted), offsets
        return JointPattern(
            tuple(everywhere[0]), tuple(everywhere[1]), tuple(everywhere[2]), swing, stance
        )

    def encode(self, pattern: JointPattern) -> FloatArray:
        """Return the point nearest to ``pattern``, legs tied to the first. Shape: (dimension,)."""
        leader = list(self._leader)
        phases = np.array(pattern.phases)[leader]
        values = [
            pattern.swing_frequency,
            pattern.stance_frequency,
            *np.array(pattern.amplitudes)[leader],
            *np.array(pattern.offsets)[leader],
            *(phases[1:] - phases[0] + self._first_phase),
        ]
        if self._is_free:
            values += _leads_of(pattern, self.ties.legs)[1:]
        point = (np.array(values) - self._low) / (self._high - self._low)
        turns = slice(2 + 2 * len(leader), None)  # phases and leads: one turn is the whole range
        outside = (point[turns] < 0.0) | (point[turns] > 1.0)
        point[turns] = np.where(outside, np.mod(point[turns], 1.0), point[turns])
        return np.clip(point, 0.0, 1.0)

    @property
    def _first_phase(self) -> float:
        return 0.0 if self.start is None else float(self.start.phases[self._leader[0]])

    @property
    def _low(self) -> FloatArray:
        return self._bounds()[0]

    @property
    def _high(self) -> FloatArray:
        return self._bounds()[1]

    def _bounds(self) -> tuple[FloatArray, FloatArray]:
        leader = list(self._leader)
        turns, leads = np.full(len(leader) - 1, math.pi), np.full(len(self.ties.legs) - 1, 0.5)
        if self.start is not None:
            turns = np.array(self.start.phases)[leader[1:]]
            leads = np.array(_leads_of(self.start, self.ties.legs)[1:])
        rows = [[self.frequencies] * 2, self.amplitudes[leader], self.offsets[leader]]
        rows.append(turns[:, None] + [-math.pi, math.pi])
        if self._is_free:
            rows.append(leads[:, None] + [-0.5, 0.5])
        bounds = np.concatenate([np.array(row, dtype=np.float64).reshape(-1, 2) for row in rows])
        return bounds[:, 0], bounds[:, 1]


def as_rows(name: str, value: object, n_joints: int) -> FloatArray:
    """Return ``[low, high]``, or one such pair per joint, as an array (n_joints, 2).

    Raises:
        ConfigError: If it is neither.
    """
    pairs = np.array(value, dtype=np.float64)
    if pairs.shape not in ((2,), (n_joints, 2)):
        raise ConfigError(f"{name}: must be [low, high] or {n_joints} such pairs, one per joint")
    rows = np.broadcast_to(pairs, (n_joints, 2)).copy()
    if not np.isfinite(rows).all() or np.any(rows[:, 0] >= rows[:, 1]):
        raise ConfigError(f"{name}: {value} must be finite, the first less than the second")
    return rows


def _leads_of(pattern: JointPattern, legs: tuple[tuple[int, ...], ...]) -> list[float]:
    """Return by how many cycles each leg's first joint leads that of the first leg, in [0, 1)."""
    firsts = np.array(pattern.phases)[[leg[0] for leg in legs]]
    fractions = cycle_fraction(firsts, pattern.swing_frequency, pattern.stance_frequency)
    return [float(value) for value in np.mod(fractions - fractions[0], 1.0)]


@dataclass(frozen=True)
class SearchBox:
    """What a configuration says about the box."""

    frequency_range: Any = (0.4, 4.0)
    amplitude_range: Any = None
    """None: up to half the range of the action, in both directions."""
    offset_range: Any = None
    """None: the range of the action."""
    gait: Any = None
    """Name of a gait, leads of the legs in cycles, ``free``, or None: joints are independent."""
    legs: Any = None
    """Joints of each leg; None: as the robot says, else all joints are one leg."""

    def space(
        self,
        action_space: spaces.Box,
        robot_legs: tuple[tuple[int, ...], ...] | None,
        start: JointPattern | None,
    ) -> PatternSpace:
        """Return the space of patterns for an environment.

        Args:
            action_space: Its action space, of one dimension.
            robot_legs: Joints of each leg of its robot, if it says so.
            start: Pattern from which the search starts.

        Raises:
            ConfigError: If something does not fit it.
        """
        n_joints = action_space.shape[0]
        low = np.array(action_space.low, dtype=np.float64)
        high = np.array(action_space.high, dtype=np.float64)
        half = (high - low) / 2.0
        amplitudes, offsets = np.stack([-half, half], axis=1), np.stack([low, high], axis=1)
        if self.amplitude_range is not None:
            amplitudes = as_rows("amplitude_range", self.amplitude_range, n_joints)
        if self.offset_range is not None:
            offsets = as_rows("offset_range", self.offset_range, n_joints)
        slowest, fastest = (float(value) for value in self.frequency_range)
        if not 0.0 < slowest < fastest:
            raise ConfigError(f"frequency_range: {self.frequency_range} must be two rising Hz > 0")
        ties = self._ties(n_joints, robot_legs)
        return PatternSpace((slowest, fastest), amplitudes, offsets, ties, start)

    def _ties(self, n_joints: int, robot_legs: tuple[tuple[int, ...], ...] | None) -> LegTies:
        if self.gait is None:
            if self.legs is not None:
                raise ConfigError("legs: has no effect without gait; add gait: trot")
            return LegTies((tuple(range(n_joints)),), (0.0,))
        legs = robot_legs if self.legs is None else tuple(tuple(leg) for leg in self.legs)
        if legs is None:
            raise ConfigError(
                "gait: this environment does not say which joints are a leg; add legs"
            )
        if self.gait == "free":
            return LegTies(legs)
        leads = gait_fractions(self.gait, len(legs))
        return LegTies(legs, tuple(float(lead) for lead in np.mod(leads - leads[0], 1.0)))
