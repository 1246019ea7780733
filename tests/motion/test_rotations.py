"""Orientation of the trunk, against scipy's rotations."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from rl_zoo.motion.rotations import (
    gravity_in_body,
    heading,
    in_heading_frame,
    rotation_matrix,
    tilt,
)

angles = st.floats(-3.1, 3.1)
slopes = st.floats(-1.5, 1.5)


def quaternion(yaw, pitch=0.0, roll=0.0):
    x, y, z, w = Rotation.from_euler("ZYX", [yaw, pitch, roll]).as_quat()
    return (w, x, y, z)


def matrix(q):
    w, x, y, z = q
    return Rotation.from_quat([x, y, z, w]).as_matrix()


@given(angles, slopes, angles)
def test_heading_is_where_the_x_axis_points_on_the_floor(yaw, pitch, roll):
    q = quaternion(yaw, pitch, roll)
    forward = matrix(q)[:, 0]
    assert heading(q) == pytest.approx(math.atan2(forward[1], forward[0]), abs=1e-6)
    assert heading(q) == pytest.approx(yaw, abs=1e-6)


@given(angles, slopes, angles)
def test_rotation_matrix_is_that_of_scipy(yaw, pitch, roll):
    q = quaternion(yaw, pitch, roll)
    np.testing.assert_allclose(rotation_matrix(q), matrix(q), atol=1e-12)


@given(angles, slopes, angles)
def test_tilt_is_the_angle_between_the_verticals(yaw, pitch, roll):
    q = quaternion(yaw, pitch, roll)
    expected = math.acos(max(-1.0, min(1.0, matrix(q)[2, 2])))
    assert tilt(q) == pytest.approx(expected, abs=1e-6)


@given(angles, slopes, angles)
def test_gravity_is_turned_into_the_trunks_frame(yaw, pitch, roll):
    q = quaternion(yaw, pitch, roll)
    np.testing.assert_allclose(gravity_in_body(q), matrix(q).T @ [0, 0, -1], atol=1e-9)


@pytest.mark.parametrize(
    ("velocity", "direction", "expected"),
    [
        ((1.0, 0.0), 0.0, (1.0, 0.0)),
        ((1.0, 0.0), math.pi / 2, (0.0, -1.0)),
        ((0.0, 2.0), math.pi / 2, (2.0, 0.0)),
        ((1.0, 1.0), math.pi / 4, (math.sqrt(2), 0.0)),
    ],
)
def test_velocity_along_and_across_the_heading(velocity, direction, expected):
    assert in_heading_frame(velocity, direction) == pytest.approx(expected, abs=1e-12)
