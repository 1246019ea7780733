"""Leg kinematics against each other, finite differences and MuJoCo's own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rl_zoo.motion.kinematics import LegGeometry, foot_jacobian, foot_position, joint_angles

PLANAR = LegGeometry("FR", "f", ("hip", "knee"), (0.1, -0.07, 0.02), 0.08, 0.09, 0.01)
SPATIAL = LegGeometry(
    "FL", "f", ("abd", "hip", "knee"), (0.19, 0.05, 0.0), 0.213, 0.2, 0.02, abduction_offset=0.08
)
MIRRORED = LegGeometry(
    "RL", "f", ("abd", "hip", "knee"), (-0.19, 0.05, 0.0), 0.2, 0.2, 0.02,
    abduction_offset=-0.06, knee_sign=1, joint_signs=(-1, -1, 1),
)  # fmt: skip
LEGS = (PLANAR, SPATIAL, MIRRORED)

abductions = st.floats(-0.7, 0.7)
hips = st.floats(-1.0, 1.0)
knees = st.floats(0.2, 2.4)


@pytest.mark.parametrize("leg", LEGS, ids=lambda leg: leg.name)
@given(abduction=abductions, hip=hips, knee=knees)
def test_inverse_of_forward(leg: LegGeometry, abduction: float, hip: float, knee: float) -> None:
    canonical = np.array([abduction, hip, leg.knee_sign * knee])[-len(leg.joints) :]
    angles = canonical * leg.signs
    if hip + leg.knee_sign * knee > 1.2 or hip + leg.knee_sign * knee < -1.9:
        return  # the foot is above the hip: another abduction reaches it too
    position = foot_position(leg, angles)
    np.testing.assert_allclose(foot_position(leg, joint_angles(leg, position)), position, atol=1e-9)


@pytest.mark.parametrize("leg", LEGS, ids=lambda leg: leg.name)
@given(abduction=abductions, hip=hips, knee=knees)
def test_jacobian_is_the_derivative(
    leg: LegGeometry, abduction: float, hip: float, knee: float
) -> None:
    angles = np.array([abduction, hip, knee])[-len(leg.joints) :]
    step = 1e-6
    columns = [
        (foot_position(leg, angles + d) - foot_position(leg, angles - d)) / (2 * step)
        for d in np.eye(len(angles)) * step
    ]
    np.testing.assert_allclose(foot_jacobian(leg, angles), np.array(columns).T, atol=1e-8)


@pytest.mark.parametrize("leg", LEGS, ids=lambda leg: leg.name)
def test_out_of_reach_is_projected(leg: LegGeometry) -> None:
    far = np.array(leg.hip_position) + np.array([0.0, leg.abduction_offset, -5.0])
    reached = foot_position(leg, joint_angles(leg, far))
    np.testing.assert_allclose(reached[:2], far[:2], atol=1e-3)
    length = leg.thigh_length + leg.shank_length
    assert leg.hip_position[2] - reached[2] == pytest.approx(length, abs=1e-5)
    assert np.isfinite(joint_angles(leg, np.array(leg.hip_position))).all()
