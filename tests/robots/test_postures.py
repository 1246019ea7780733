"""Poses that follow from a robot's geometry."""

import numpy as np
import pytest

from rl_zoo.motion.kinematics import foot_position
from rl_zoo.robots.catalog import ROBOTS
from rl_zoo.robots.postures import crouched_pose, folded_pose


@pytest.mark.parametrize("name", ROBOTS.built_in_names())
def test_a_crouching_robot_has_its_feet_under_it_and_short_legs(name):
    spec = ROBOTS.load(name)
    pose = crouched_pose(spec)
    for leg in spec.legs:
        joints = list(spec.leg_indices(leg))
        foot = foot_position(leg, pose[joints])
        default = foot_position(leg, spec.default_pose[joints])
        np.testing.assert_allclose(foot[:2], default[:2], atol=1e-6)
        assert default[2] < foot[2] < 0.0
        assert foot[2] > 0.7 * default[2]


@pytest.mark.parametrize("name", ROBOTS.built_in_names())
@pytest.mark.parametrize("make", [crouched_pose, folded_pose])
def test_poses_are_within_the_joint_limits(name, make):
    spec = ROBOTS.load(name)
    pose = make(spec)
    assert (pose >= spec.lower_limits).all()
    assert (pose <= spec.upper_limits).all()
