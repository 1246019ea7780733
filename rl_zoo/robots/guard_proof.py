"""Prove once that no pose of a range breaks a geometric limit, so that no command has to be asked.

Branch and bound: a limit's excess changes at most by its Lipschitz constants times the change of
the joint angles; where that does not decide a cell of the range, the cell is halved.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from rl_zoo.motion.kinematics import LegGeometry
from rl_zoo.robots.guard_geometry import Box3, LegLimits
from rl_zoo.robots.spec import FloatArray

Excess = Callable[[FloatArray], FloatArray]

_ROUNDING = 1e-9  # m: more than all rounding errors together
_MOST_CELLS = 40_000
_MOST_ROUNDS = 40


def unproven(limits: LegLimits, lower: FloatArray, upper: FloatArray) -> LegLimits:
    """Return those of the limits that a pose between two ends may break.

    Args:
        limits: Boxes and pairs.
        lower: Smallest angles, rad. Shape: (n_joints,).
        upper: Largest angles, rad. Shape: (n_joints,).

    Returns:
        The same limits without a box if every foot stays in it, and without the pairs that stay
        apart.
    """
    boxes = limits.boxes_in_trunk
    are_in_boxes = all(
        _is_in_box(leg, box, lower[list(places)], upper[list(places)])
        for leg, box, places in zip(limits.legs, boxes, limits.indices, strict=bool(boxes))
    )
    pairs = limits.pairs if limits.min_distance is not None else ()
    near = tuple(pair for pair in pairs if not _is_apart(limits, pair, lower, upper))
    return dataclasses.replace(
        limits,
        box=None if are_in_boxes else limits.box,
        min_distance=limits.min_distance if near else None,
        pairs=near,
    )


def is_negative(excess: Excess, slopes: FloatArray, lower: FloatArray, upper: FloatArray) -> bool:
    """Say whether a function is proven to be negative everywhere between two ends.

    Args:
        excess: The function of points of shape (n_points, n).
        slopes: Largest change per change of each coordinate. Shape: (n,).
        lower: Lower ends. Shape: (n,).
        upper: Upper ends. Shape: (n,).

    Returns:
        False where it is not, and where a limited number of cells does not tell.
    """
    centers, half = 0.5 * (lower + upper)[None], 0.5 * (upper - lower)
    for _ in range(_MOST_ROUNDS):
        values = excess(centers)
        if not (values < -_ROUNDING).all():
            return False
        centers = centers[values + slopes @ half >= -_ROUNDING]
        if not len(centers):
            return True
        if 2 * len(centers) > _MOST_CELLS:
            return False
        widest = int(np.argmax(slopes * half))
        half = half.copy()
        half[widest] *= 0.5
        shift = np.zeros_like(half)
        shift[widest] = half[widest]
        centers = np.concatenate([centers - shift, centers + shift])
    return False


def slopes_of(leg: LegGeometry) -> FloatArray:
    """Return how far foot and knee move at most per rad of each joint, m. Shape: (n_joints,)."""
    reach = leg.thigh_length + leg.shank_length
    slopes = [reach + abs(leg.abduction_offset), reach, leg.shank_length]
    return np.array(slopes[-len(leg.joints) :])


def _is_in_box(leg: LegGeometry, box: Box3, lower: FloatArray, upper: FloatArray) -> bool:
    low, high = np.array(box).T

    def excess(angles: FloatArray) -> FloatArray:
        foot, _ = _points(leg, angles)
        outside: FloatArray = np.maximum(low - foot, foot - high).max(axis=1)
        return outside

    return is_negative(excess, slopes_of(leg), lower, upper)


def _is_apart(
    limits: LegLimits, pair: tuple[int, int], lower: FloatArray, upper: FloatArray
) -> bool:
    one, other = (limits.legs[index] for index in pair)
    places = [*limits.indices[pair[0]], *limits.indices[pair[1]]]
    n_first, distance = len(one.joints), limits.min_distance or 0.0

    def excess(angles: FloatArray) -> FloatArray:
        here, there = _points(one, angles[:, :n_first]), _points(other, angles[:, n_first:])
        distances = [np.linalg.norm(a - b, axis=1) for a in here for b in there]
        missing: FloatArray = distance - np.min(distances, axis=0)
        return missing

    slopes = np.concatenate([slopes_of(one), slopes_of(other)])
    return is_negative(excess, slopes, lower[places], upper[places])


def _points(leg: LegGeometry, angles: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return foot and knee of many poses, as ``guard_geometry.leg_points`` does of one, m."""
    turned = angles * leg.signs
    hip, knee = turned[:, -2], turned[:, -1]
    abduction = turned[:, 0] if leg.has_abduction else np.zeros_like(hip)
    x_knee = -leg.thigh_length * np.sin(hip)
    upper = leg.thigh_length * np.cos(hip)
    x_foot = x_knee - leg.shank_length * np.sin(hip + knee)
    lower = upper + leg.shank_length * np.cos(hip + knee)
    sine, cosine, offset = np.sin(abduction), np.cos(abduction), leg.abduction_offset

    def place(x: FloatArray, depth: FloatArray) -> FloatArray:
        y, z = offset * cosine + depth * sine, offset * sine - depth * cosine
        return np.stack([x, y, z], axis=1) + leg.hip_position

    return place(x_foot, lower), place(x_knee, upper)
