"""Feet on the ground over time: a recorded episode of a robot, duty factors, stride frequencies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

MIN_PHASE = 0.03
"""A stance or swing shorter than this (s) is a bounce or a scuff, no stride of its own."""
_STEADY_SHARE = 0.5  # of the time


@dataclass(frozen=True)
class GaitRecording:
    """One episode of a robot, or its beginning; row k is what was read at ``times[k]``.

    n is the number of readings. NaN stands for what the environment does not say.
    """

    feet: tuple[str, ...]
    """Names of the legs, in the order of contact arrays."""
    joints: tuple[str, ...]
    """Names of the joints, in the order of every joint array."""
    start_time: float
    """Stamp of the reading before the first one, s."""
    times: FloatArray
    """Stamps, s. Shape: (n,)."""
    foot_forces: FloatArray
    """N. Shape: (n, n_feet)."""
    contacts: BoolArray
    """Which feet stand. Shape: (n, n_feet)."""
    phases: FloatArray
    """Of the oscillators, rad; without any no columns. Shape: (n, n_oscillators)."""
    joint_positions: FloatArray
    """Link side, rad. Shape: (n, n_joints)."""
    joint_targets: FloatArray
    """What the motors are commanded, rad. Shape: (n, n_joints)."""
    spring_deflections: FloatArray
    """Motor minus joint, rad. Shape: (n, n_joints)."""
    forward_speed: FloatArray
    """True speed along the wanted direction, m/s. Shape: (n,)."""
    velocity_error: FloatArray
    """Of the on-board estimate, m/s. Shape: (n,)."""
    end_reason: str | None = None
    """Why the episode ended; None if the recording ended before it."""

    @property
    def durations(self) -> FloatArray:
        """Return the time between each reading and the one before, s. Shape: (n,)."""
        return np.diff(self.times, prepend=self.start_time)

    @property
    def duration(self) -> float:
        """Return the recorded time in s."""
        return float(self.times[-1] - self.start_time)

    @property
    def mean_speed(self) -> float:
        """Return the mean forward speed in m/s; NaN if it is unknown."""
        return float(self.forward_speed @ self.durations / self.duration)

    def strides(self) -> tuple[StrideStatistics, ...]:
        """Return the statistics of each foot."""
        durations = self.durations
        return tuple(stride_statistics(column, durations) for column in self.contacts.T)

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return everything as arrays by field name, for an ``.npz`` file without pickles."""
        return {
            name: np.array("" if value is None else value) for name, value in vars(self).items()
        }


@dataclass(frozen=True)
class StrideStatistics:
    """How one foot walks, over whole strides (touch-down to touch-down)."""

    duty_factor: float
    """Share of the time on the ground; without steady strides of all the time."""
    frequency: float | None
    """Strides per s; None without steady strides: they cover less than half of the time."""
    n_strides: int
    """Whole strides."""


def contacts_from_forces(forces: FloatArray, touch_down: float, lift_off: float) -> BoolArray:
    """Return which feet stand: from a force above ``touch_down`` until one below ``lift_off``.

    Args:
        forces: N. Shape: (n, n_feet).
        touch_down: N.
        lift_off: N, not above ``touch_down``; the first reading is judged by it alone.

    Returns:
        Shape: (n, n_feet).
    """
    contacts = np.empty(forces.shape, dtype=np.bool_)
    standing = forces[0] >= lift_off
    for row, force in enumerate(forces):
        standing = (force > touch_down) | (standing & (force >= lift_off))
        contacts[row] = standing
    return contacts


def stride_statistics(contacts: BoolArray, durations: FloatArray) -> StrideStatistics:
    """Return duty factor and stride frequency of one foot, bounces and scuffs left out.

    Args:
        contacts: Whether it stands. Shape: (n,).
        durations: Time that each reading stands for, s. Shape: (n,).
    """
    steady = _without_short(_without_short(contacts, durations, False), durations, True)
    touch_downs = np.flatnonzero(steady[1:] & ~steady[:-1]) + 1
    n_strides = max(0, len(touch_downs) - 1)
    whole = slice(touch_downs[0], touch_downs[-1]) if n_strides else slice(0)
    elapsed, total = durations[whole].sum(), durations.sum()
    if elapsed < _STEADY_SHARE * total:
        return StrideStatistics(float(steady @ durations / total), None, n_strides)
    duty_factor = steady[whole] @ durations[whole] / elapsed
    return StrideStatistics(float(duty_factor), float(n_strides / elapsed), n_strides)


def runs_of(values: BoolArray) -> list[tuple[int, int]]:
    """Return where ``values`` are true without interruption: first row and the row after."""
    edges = np.diff(values.astype(np.int8), prepend=0, append=0)
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def _without_short(contacts: BoolArray, durations: FloatArray, kind: bool) -> BoolArray:
    """Turn stances (``kind``) or swings shorter than ``MIN_PHASE`` over.

    Those cut off by the recording stay, but for a swing at its start: the robot is being set down.
    """
    result = contacts.copy()
    for first, end in runs_of(contacts == kind):
        is_cut_off = end == len(contacts) or (first == 0 and kind)
        if not is_cut_off and durations[first:end].sum() < MIN_PHASE:
            result[first:end] = not kind
    return result
