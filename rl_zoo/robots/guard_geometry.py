"""Limits on where feet and knees are: how far a pose is outside, and the nearest one that is not.

Plain floats instead of arrays: four legs take a few microseconds, which matters at 500 Hz.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from rl_zoo.motion.kinematics import LegGeometry, joint_angles
from rl_zoo.robots.spec import FloatArray

Point = tuple[float, float, float]
Box3 = tuple[tuple[float, float], tuple[float, float], tuple[float, float]]

INSET = 1e-6
"""How far inside of its limits a corrected command stays (rad, m), so that a rounding to float32
or by later arithmetic leaves it inside."""
_PROJECTIONS = 3
_BISECTIONS = 10


class Excess(NamedTuple):
    """How far a pose is outside of its geometric limits, m; negative inside."""

    boxes: Sequence[float]
    """Of each foot from its box; empty without the limit."""
    pairs: Sequence[float]
    """What is missing between each pair of legs; empty without the limit."""

    def worst(self) -> dict[str, float]:
        """Return the largest excess of each limit by its name."""
        worst = {}
        if self.boxes:
            worst["foot_box"] = max(self.boxes)
        if self.pairs:
            worst["self_collision"] = max(self.pairs)
        return worst


def leg_points(leg: LegGeometry, angles: Sequence[float]) -> tuple[Point, Point]:
    """Return the centre of the foot and the knee in the trunk's frame, m.

    Args:
        leg: Geometry.
        angles: Joint angles in rad, (abduction,) hip, knee.
    """
    signs = leg.joint_signs
    hip, knee = signs[-2] * angles[-2], signs[-1] * angles[-1]
    x_hip, y_hip, z_hip = leg.hip_position
    x_knee = x_hip - leg.thigh_length * math.sin(hip)
    x = x_knee - leg.shank_length * math.sin(hip + knee)
    upper = leg.thigh_length * math.cos(hip)
    lower = upper + leg.shank_length * math.cos(hip + knee)
    offset = leg.abduction_offset
    if len(angles) == 2:
        side = y_hip + offset
        return (x, side, z_hip - lower), (x_knee, side, z_hip - upper)
    abduction = signs[0] * angles[0]
    cosine, sine = math.cos(abduction), math.sin(abduction)
    y_hip, z_hip = y_hip + offset * cosine, z_hip + offset * sine
    return (
        (x, y_hip + lower * sine, z_hip - lower * cosine),
        (x_knee, y_hip + upper * sine, z_hip - upper * cosine),
    )


@dataclass(frozen=True)
class LegLimits:
    """The geometric limits of one robot, ready to be evaluated."""

    legs: tuple[LegGeometry, ...]
    indices: tuple[tuple[int, ...], ...]
    """Places of each leg's joints in the arrays of the robot."""
    box: Box3 | None
    min_distance: float | None
    pairs: tuple[tuple[int, int], ...]
    """Indices of legs that can touch."""

    @cached_property
    def boxes_in_trunk(self) -> tuple[Box3, ...]:
        """Return the box of each foot in the trunk's frame, m."""
        return () if self.box is None else tuple(_box_in_trunk(self.box, leg) for leg in self.legs)

    def points(self, pose: FloatArray) -> list[tuple[Point, Point]]:
        """Return foot and knee of each leg in the trunk's frame, m."""
        angles = pose.tolist()
        return [
            leg_points(leg, [angles[i] for i in indices])
            for leg, indices in zip(self.legs, self.indices, strict=True)
        ]

    def excess(self, pose: FloatArray) -> Excess:
        """Return how far ``pose`` (rad, shape (n_joints,)) is outside."""
        points = self.points(pose)
        boxes = [
            _outside(box, foot)
            for box, (foot, _) in zip(self.boxes_in_trunk, points, strict=self.box is not None)
        ]
        pairs = []
        if self.min_distance is not None:
            for first, second in self.pairs:
                (a, b), (c, d) = points[first], points[second]
                nearest = min(math.dist(a, c), math.dist(a, d), math.dist(b, c), math.dist(b, d))
                pairs.append(self.min_distance - nearest)
        return Excess(boxes, pairs)

    def margin(self, name: str, excess: float) -> float:
        """Return the normalised distance to a limit: 1 in the middle or far away, 0 on it."""
        if name == "foot_box" and self.box is not None:
            return -excess / min(0.5 * (high - low) for low, high in self.box)
        return -excess if self.min_distance is None else min(1.0, -excess / self.min_distance)

    def trunk_height(self, pose: FloatArray, up_in_body: Point) -> float:
        """Return the height of the trunk's centre above the sole of the lowest foot, m."""
        ux, uy, uz = up_in_body
        heights = [
            leg.foot_radius - (ux * x + uy * y + uz * z)
            for leg, ((x, y, z), _) in zip(self.legs, self.points(pose), strict=True)
        ]
        return max(heights)

    def nearest_in_box(self, index: int, pose: FloatArray) -> FloatArray:
        """Return the angles that put a foot at the point of its box nearest to where it is.

        Args:
            index: Of the leg.
            pose: Joint angles of the robot, rad. Shape: (n_joints,).

        Returns:
            Angles of this leg, rad. Shape: (n_leg_joints,).
        """
        leg = self.legs[index]
        foot, _ = leg_points(leg, pose[list(self.indices[index])].tolist())
        target = [
            min(max(value, low + 2.0 * INSET), high - 2.0 * INSET)
            for value, (low, high) in zip(foot, self.boxes_in_trunk[index], strict=True)
        ]
        return joint_angles(leg, np.array(target))


def _box_in_trunk(box: Box3, leg: LegGeometry) -> Box3:
    """Return the box of a leg; y is outward in ``box`` and to the left in the trunk's frame."""
    x, y, z = leg.hip_position
    (x_low, x_high), (y_low, y_high), (z_low, z_high) = box
    if y < 0.0:
        y_low, y_high = -y_high, -y_low
    if not leg.has_abduction:  # nothing moves it sideways
        y_low, y_high = -math.inf, math.inf
    return ((x + x_low, x + x_high), (y + y_low, y + y_high), (z + z_low, z + z_high))


def _outside(box: Box3, point: Point) -> float:
    (x_low, x_high), (y_low, y_high), (z_low, z_high) = box
    x, y, z = point
    return max(x_low - x, x - x_high, y_low - y, y - y_high, z_low - z, z - z_high)


@dataclass(frozen=True)
class Interval:
    """Where each joint's command may be, rad. Shape of each: (n_joints,)."""

    lower: FloatArray
    upper: FloatArray

    def project(self, pose: FloatArray) -> FloatArray:
        """Return the nearest pose inside; what is inside stays bit for bit."""
        inset = np.minimum(INSET, 0.5 * (self.upper - self.lower))
        pose = np.where(pose < self.lower, self.lower + inset, pose)
        pose = np.where(pose > self.upper, self.upper - inset, pose)
        # Halves of an interval of a few last places can round to beyond its other end.
        return np.minimum(np.maximum(pose, self.lower), self.upper)


def respect_geometry(
    limits: LegLimits, pose: FloatArray, anchor: FloatArray, interval: Interval
) -> FloatArray:
    """Return a pose inside the geometric limits near ``pose``.

    ``anchor`` is the pose to fall back to. Where it is itself outside of a limit, "inside" means
    not further outside than the anchor: a robot that starts badly can move in, never out.

    Args:
        limits: Boxes and pairs that are enforced.
        pose: Wanted, inside ``interval``, rad. Shape: (n_joints,).
        anchor: Held now, inside ``interval``, rad. Shape: (n_joints,).
        interval: Of the other limits; the result is inside it too.
    """
    at_anchor = limits.excess(anchor)
    if _is_within(limits.excess(pose), at_anchor):
        return pose
    for index, box in enumerate(at_anchor.boxes):
        pose = _pull_foot_in(limits, index, (pose, anchor, interval), max(-INSET, box))
    # A foot that needed no correction may stay on the limit itself.
    if _is_within(limits.excess(pose), at_anchor, pair_inset=INSET):
        return pose
    return _line_search(limits, pose, anchor, interval)


def _is_within(
    excess: Excess, at_anchor: Excess, *, box_inset: float = 0.0, pair_inset: float = 0.0
) -> bool:
    boxes = zip(excess.boxes, at_anchor.boxes, strict=True)
    pairs = zip(excess.pairs, at_anchor.pairs, strict=True)
    return all(here <= max(-box_inset, there) for here, there in boxes) and all(
        here <= max(-pair_inset, there) for here, there in pairs
    )


def _pull_foot_in(
    limits: LegLimits,
    index: int,
    poses: tuple[FloatArray, FloatArray, Interval],
    threshold: float,
) -> FloatArray:
    """Return the pose with one leg moved so that its foot is in its box.

    Alternates between the box and the interval; what that does not solve is solved on the line to
    the anchor, which ends at the anchor itself.
    """
    pose, anchor, interval = poses
    if limits.excess(pose).boxes[index] <= max(0.0, threshold):
        return pose
    joints = list(limits.indices[index])
    pose = pose.copy()
    for _ in range(_PROJECTIONS):
        pose[joints] = limits.nearest_in_box(index, pose)
        pose = interval.project(pose)
        if limits.excess(pose).boxes[index] <= threshold:
            return pose
    wanted, nearest = pose[joints], anchor[joints]
    good, low, high = nearest, 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        pose[joints] = nearest + middle * (wanted - nearest)
        pose = np.minimum(np.maximum(pose, interval.lower), interval.upper)
        if limits.excess(pose).boxes[index] <= threshold:
            good, low = pose[joints], middle
        else:
            high = middle
    pose[joints] = good
    return pose


def _line_search(
    limits: LegLimits, pose: FloatArray, anchor: FloatArray, interval: Interval
) -> FloatArray:
    """Return the point furthest from the anchor on the way to ``pose`` that is found inside."""
    at_anchor = limits.excess(anchor)
    good, low, high = anchor, 0.0, 1.0
    for _ in range(_BISECTIONS):
        middle = 0.5 * (low + high)
        between = anchor + middle * (pose - anchor)
        between = np.minimum(np.maximum(between, interval.lower), interval.upper)
        if _is_within(limits.excess(between), at_anchor, box_inset=INSET, pair_inset=INSET):
            good, low = between, middle
        else:
            high = middle
    return good
