"""Limits as data: from a spec, from YAML, through JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest

from rl_zoo.errors import ConfigError
from rl_zoo.motion.kinematics import foot_position
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.catalog import ROBOTS
from rl_zoo.robots.guard_geometry import leg_points
from rl_zoo.robots.guard_limits import SafetyLimits
from tests.robots.guarded_robots import TWELVE

ALL = [*map(ROBOTS.load, ROBOTS.built_in_names()), TWELVE]


@pytest.mark.parametrize("spec", ALL, ids=lambda spec: spec.name)
def test_limits_survive_json(spec):
    limits = SafetyLimits.from_spec(spec, max_torque=1.5, reactions={"tilt": "truncate"})
    assert SafetyLimits.from_dict(json.loads(json.dumps(limits.to_dict()))) == limits


def test_limits_from_a_damaged_file_are_refused():
    plain = SafetyLimits.from_spec(BERT).to_dict()
    with pytest.raises(ConfigError, match="max_speed"):
        SafetyLimits.from_dict({**plain, "max_speed": 3.0})
    with pytest.raises(ConfigError, match="shin_length"):
        SafetyLimits.from_dict({**plain, "legs": [{**plain["legs"][0], "shin_length": 0.1}]})


def test_per_joint_values_may_be_a_number_a_list_or_by_name():
    assert SafetyLimits.from_spec(BERT, max_torque=2.0).max_torque == (2.0,) * 8
    assert SafetyLimits.from_spec(BERT, max_torque=[1, 2, 3, 4, 5, 6, 7, 8]).max_torque[4] == 5.0
    named = SafetyLimits.from_spec(BERT, max_torque={"FL_knee": 1.0})
    assert named.max_torque == (4.0, 4.0, 4.0, 1.0, 4.0, 4.0, 4.0, 4.0)
    narrow = SafetyLimits.from_spec(BERT, joint_range={"FR_hip": [0.0, 1.0]})
    assert narrow.joint_range[:2] == ((0.0, 1.0), (-2.2, -0.1))
    assert SafetyLimits.from_spec(BERT, foot_box=None).foot_box is None


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"max_torqe": 1.0}, r"limits.max_torqe: unknown limit; did you mean 'max_torque'"),
        ({"max_torque": -1.0}, r"limits.max_torque: -1.0 is not a positive number"),
        ({"max_torque": [1.0]}, "limits.max_torque: 1 values for 8 joints"),
        ({"max_torque": {"FL_kne": 1.0}}, "unknown name 'FL_kne'; did you mean 'FL_knee'"),
        ({"max_joint_velocity": {"FL_knee": 1.0}}, "no value for the joint 'FR_hip'"),
        ({"max_tilt": float("nan")}, "limits.max_tilt: nan is not a finite number"),
        ({"joint_range": None}, "limits.joint_range: None is neither"),
        ({"joint_range": {"FR_hip": [1, 0]}}, "low below high"),
        ({"foot_box": {"x": [0, 1]}}, r"limits.foot_box.y: missing"),
        ({"leg_pairs": [["FR", "RRR"]]}, "unknown name 'RRR'"),
        ({"leg_pairs": [["FR", "FR"]]}, "limits.leg_pairs: 'FR' cannot be kept away from itself"),
        ({"reactions": {"tilt": "soft"}}, "^reactions.tilt: 'soft' is not possible"),
        ({"reactions": {"joint_range": "report"}}, "joint_range: 'report' is not possible"),
        ({"reactions": {"tild": "report"}}, "did you mean 'tilt'"),
        ({"cost_weights": {"tilt": -1}}, "^cost_weights.tilt: -1 is negative"),
    ],
)
def test_a_mistake_is_named(options, text):
    with pytest.raises(ConfigError, match=text):
        SafetyLimits.from_spec(BERT, **options)


def test_all_mistakes_are_reported_at_once():
    with pytest.raises(ConfigError) as error:
        SafetyLimits.from_spec(BERT, max_torqe=1.0, max_tilt=0.0)
    assert len(error.value.problems) == 2


@pytest.mark.parametrize("spec", ALL, ids=lambda spec: spec.name)
def test_the_fast_kinematics_are_those_of_the_motion_package(spec):
    rng = np.random.default_rng(0)
    for leg in spec.legs:
        for angles in rng.uniform(-3, 3, (50, len(leg.joints))):
            foot, knee = leg_points(leg, angles.tolist())
            np.testing.assert_allclose(foot, foot_position(leg, angles), atol=1e-15)
            assert np.linalg.norm(np.subtract(foot, knee)) == pytest.approx(leg.shank_length)


def test_the_height_of_the_trunk_is_that_of_the_default_pose():
    limits = SafetyLimits.from_spec(TWELVE)
    depth = 0.213 * np.cos(0.9) + 0.213 * np.cos(-0.9)
    height = limits.leg_limits.trunk_height(TWELVE.default_pose, (0.0, 0.0, 1.0))
    assert height == pytest.approx(depth + 0.02)


@pytest.mark.parametrize("spec", ALL, ids=lambda spec: spec.name)
def test_the_default_limits_leave_ordinary_actions_alone(spec):
    limits = SafetyLimits.from_spec(spec)
    rng = np.random.default_rng(1)
    for action in rng.uniform(-1, 1, (300, spec.n_joints)):
        pose = spec.default_pose + spec.action_ranges * action
        pose = np.clip(pose, spec.lower_limits, spec.upper_limits)
        assert max(limits.leg_limits.excess(pose).worst().values()) <= 0.0
    height = limits.leg_limits.trunk_height(spec.default_pose, (0.0, 0.0, 1.0))
    assert height > 3.0 * limits.min_height
