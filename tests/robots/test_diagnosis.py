"""What a robot at rest gives away: wrong signs, wrong order, wrong units, bad sensors."""

import math
from dataclasses import replace

import numpy as np
import pytest

from rl_zoo.robots.bert import BERT
from rl_zoo.robots.diagnosis import diagnose, gravity_mismatch, judge_cadence
from rl_zoo.robots.driver import MEASURES, Capabilities
from rl_zoo.robots.guard_limits import SafetyLimits
from rl_zoo.robots.postures import folded_pose
from rl_zoo.robots.sampling import Cadence
from tests.robots.guarded_robots import TWELVE, make_state

PROMISES = Capabilities(500.0, frozenset(MEASURES))
UP = np.array([0.0, 0.0, 9.81])


def lying(spec=BERT, **changes):
    """A healthy robot on the floor that tells everything."""
    values = {
        "joint_positions": folded_pose(spec).copy(),
        "acceleration_in_body": UP,
        "foot_forces": np.full(4, 7.0),
        "temperatures": np.full(spec.n_joints, 30.0),
        "battery_voltage": 16.0,
        "motors_online": (True,) * spec.n_joints,
    }
    return make_state(spec, **{**values, **changes})


def findings(*states, spec=BERT, **limits):
    found = diagnose(spec, SafetyLimits.from_spec(spec, **limits), PROMISES, states)
    return [(finding.is_problem, finding.text) for finding in found]


@pytest.mark.parametrize("spec", [BERT, TWELVE], ids=lambda spec: spec.name)
def test_a_healthy_robot_has_no_findings(spec):
    assert findings(lying(spec), lying(spec), spec=spec) == []


def test_a_joint_a_little_outside_is_a_hint_far_outside_a_problem():
    pose = folded_pose(BERT).copy()
    pose[1] = -2.2 - 0.1
    ((is_problem, text),) = findings(lying(joint_positions=pose))
    assert not is_problem
    assert "'FR_knee' is 0.10 rad outside of its limits [-2.20, -0.10]" in text
    pose[1] = -2.2 - 0.6
    ((is_problem, text),) = findings(lying(joint_positions=pose))
    assert is_problem
    assert "sign" not in text


def test_a_wrong_sign_is_suggested():
    pose = BERT.default_pose.copy()
    pose[3] = 1.0  # FL_knee
    ((is_problem, text),) = findings(lying(joint_positions=pose))
    assert is_problem
    assert "'FL_knee'" in text
    assert "is its sign wrong?" in text


def test_a_wrong_order_is_suggested():
    pose = TWELVE.default_pose.reshape(4, 3).T.ravel()  # all abductions, all hips, all knees
    texts = [text for _, text in findings(lying(TWELVE, joint_positions=pose), spec=TWELVE)]
    assert texts[-1] == (
        "all would be inside if the bus counted joint type by joint type: wrong order?"
    )


def test_degrees_are_recognised():
    texts = [text for _, text in findings(lying(joint_positions=np.degrees(BERT.default_pose)))]
    assert "some angles are larger than a turn: degrees instead of radians?" in texts


def test_a_robot_that_fills_nothing_in_is_recognised():
    texts = [text for _, text in findings(lying(joint_positions=np.zeros(8)))]
    assert any("every joint reads exactly 0" in text for text in texts)
    ((_, text),) = findings(lying(orientation=(0.0, 0.0, 0.0, 0.0)))
    assert text.startswith("1 of 1 samples are not plausible")


@pytest.mark.parametrize(
    ("changes", "limits", "expected"),
    [
        ({"motors_online": (True, False, *[True] * 6)}, {}, "the motor of 'FR_knee' does not"),
        ({"temperatures": np.array([30.0] * 7 + [81.0])}, {}, "'RL_knee' has 81 °C"),
        ({"battery_voltage": 12.1}, {"min_battery_voltage": 14.0}, "12.1 V, less than 14.0 V"),
        ({"orientation": (math.cos(0.6), math.sin(0.6), 0.0, 0.0)}, {}, "tilted by 69 degrees"),
        ({"acceleration_in_body": -UP}, {}, "disagree about 'up' by 180 degrees"),
        ({"acceleration_in_body": np.array([9.81, 0, 0])}, {}, "disagree about 'up' by 90"),
    ],
)
def test_a_problem_is_named(changes, limits, expected):
    found = findings(lying(**changes), **limits)
    assert any(is_problem and expected in text for is_problem, text in found), found


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"acceleration_in_body": UP / 9.81}, "shows 1.0 m/s^2: a resting one shows 9.8"),
        ({"angular_velocity_in_body": np.array([0.0, 0.3, 0.0])}, "0.30 rad/s: is the robot at"),
        ({"joint_velocities": np.array([0.0] * 7 + [2.0])}, "'RL_knee' moves: 2.00 rad/s"),
        ({"battery_voltage": None}, "battery: promised by the driver, not in the samples"),
    ],
)
def test_a_hint_is_given(changes, expected):
    ((is_problem, text),) = findings(lying(**changes))
    assert not is_problem
    assert expected in text


def test_gravity_is_compared_in_the_trunks_frame():
    """Rolled by 0.3 rad to the left: the accelerometer sees up turned the other way."""
    rolled = make_state(
        BERT,
        orientation=(math.cos(0.15), math.sin(0.15), 0.0, 0.0),
        acceleration_in_body=9.81 * np.array([0.0, math.sin(0.3), math.cos(0.3)]),
    )
    assert gravity_mismatch([rolled]) == pytest.approx(0.0, abs=1e-6)
    mirrored = replace(rolled, acceleration_in_body=rolled.acceleration_in_body * [1, -1, 1])
    assert gravity_mismatch([mirrored]) == pytest.approx(0.6, abs=1e-6)
    assert gravity_mismatch([make_state(BERT)]) is None


def test_rates_are_judged():
    good = Cadence(480.0, 2e-3, 4e-3, 0.01, 0)
    assert list(judge_cadence(good, PROMISES)) == []
    slow, silent = judge_cadence(Cadence(200.0, 5e-3, 9e-3, 0.4, 9), PROMISES)
    assert "only 200 samples per second of the 500" in slow.text
    assert silent.text == "no sample for 400 ms"
