"""Orientation of the trunk: unit quaternions w, x, y, z from the trunk's frame to the world's."""

from __future__ import annotations

import math

Quaternion = tuple[float, float, float, float]
Row = tuple[float, float, float]


def heading(orientation: Quaternion) -> float:
    """Return the direction of the trunk's x axis on the floor in rad, 0 along +x of the world."""
    w, x, y, z = orientation
    return math.atan2(2.0 * (w * z + x * y), 1.0 - 2.0 * (y * y + z * z))


def rotation_matrix(orientation: Quaternion) -> tuple[Row, Row, Row]:
    """Return the rows of the rotation from the trunk's frame to the world's.

    The last row is the world's 'up' in the trunk's frame. Plain numbers: for one vector they are
    faster than arrays.
    """
    w, x, y, z = orientation
    return (
        (1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)),
        (2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)),
        (2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)),
    )


def tilt(orientation: Quaternion) -> float:
    """Return the angle in rad between the trunk's and the world's vertical."""
    _, x, y, _ = orientation
    return math.acos(max(-1.0, min(1.0, 1.0 - 2.0 * (x * x + y * y))))


def gravity_in_body(orientation: Quaternion) -> tuple[float, float, float]:
    """Return the unit vector of gravity in the trunk's frame; level: (0, 0, -1)."""
    w, x, y, z = orientation
    return 2.0 * (w * y - x * z), -2.0 * (y * z + w * x), 2.0 * (x * x + y * y) - 1.0


def in_heading_frame(velocity: tuple[float, float], direction: float) -> tuple[float, float]:
    """Return a horizontal world velocity along and across a heading: forward, to the left.

    Args:
        velocity: x and y in the world, m/s.
        direction: The heading in rad.
    """
    cosine, sine = math.cos(direction), math.sin(direction)
    vx, vy = velocity
    return cosine * vx + sine * vy, cosine * vy - sine * vx
