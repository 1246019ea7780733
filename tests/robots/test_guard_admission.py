"""What is admitted quickly is what the guard leaves alone, and most of that is."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rl_zoo.robots.bert import BERT
from rl_zoo.robots.go2 import GO2
from rl_zoo.robots.guard import guard
from rl_zoo.robots.guard_admission import Admission
from rl_zoo.robots.guard_geometry import leg_points
from rl_zoo.robots.guard_limits import SafetyLimits
from rl_zoo.robots.guard_proof import is_negative, unproven
from tests.robots.guarded_robots import TWELVE, make_state, numbers, ordinary, vectors

ROBOTS = {"bert": BERT, "twelve": TWELVE, "go2": GO2}
BOXES = {"x": [-0.05, 0.05], "y": [-0.3, 0.3], "z": [-0.15, -0.08]}
REPORTED = (
    "torque",
    "joint_velocity",
    "tracking",
    "command_velocity",
    "foot_box",
    "tilt",
    "height",
)
OPTIONS = {
    "defaults": {},
    "tracking": {"max_tracking_error": 0.3, "min_battery_voltage": 20.0},
    "off": {"max_torque": None, "max_joint_velocity": None, "max_command_velocity": None},
    "reported": {"reactions": dict.fromkeys(REPORTED, "report"), "max_tracking_error": 0.2},
    "small range": {"max_command_velocity": 5.0, "max_tilt": None, "min_height": None},
}


def admission(name, options, low=-1.0, high=1.0, cut=True):
    """Return admission and limits of a robot with actions from low to high."""
    spec = ROBOTS[name]
    pose, ranges = spec.default_pose, spec.action_ranges
    limits = SafetyLimits.from_spec(
        spec,
        **{"control_period": 0.02},
        **(OPTIONS[options] if isinstance(options, str) else options),
    )
    if cut:
        limits = limits.within(pose + ranges * low, pose + ranges * high)
    ends = np.full(spec.n_joints, low), np.full(spec.n_joints, high)
    return Admission(limits, pose, ranges, *ends), limits, spec


CASES = {
    **{f"{robot}, {name}": admission(robot, name) for robot in ROBOTS for name in OPTIONS},
    "asymmetric": admission("go2", "defaults", -0.5, 1.5),
    "the whole range": admission("twelve", "defaults", -30.0, 30.0),
    "beyond the range": admission("bert", "defaults", -30.0, 30.0, cut=False),
    "tight boxes": admission("bert", {"foot_box": BOXES}),
    "legs apart": admission("go2", {"min_leg_distance": 0.25}),
}


def is_untouched(limits, spec, state, action, held):
    """Ask the guard itself."""
    pose, ranges = spec.default_pose, spec.action_ranges
    command = pose + ranges * action
    result = guard(limits, state, command, None if held is None else pose + ranges * held)
    return (
        not result.changed
        and not any(limits.enforces(name) for name in result.excess)
        and result.stop is None
        and result.command.tobytes() == command.tobytes()
    )


@st.composite
def any_situation(draw):
    """Return a case, a state, an action and a held one: ordinary or any numbers at all."""
    name = draw(st.sampled_from(sorted(CASES)))
    _, _, spec = CASES[name]
    n, pose = spec.n_joints, spec.default_pose
    wild = draw(st.booleans())
    any_vector = vectors(n)
    small, speeds = vectors(n, ordinary(-0.3, 0.3)), vectors(n, ordinary(-8.0, 8.0))
    q = draw(any_vector) if wild else pose + draw(small)
    motors = draw(st.one_of(st.just(q), any_vector if wild else st.just(q + 0.0)))
    orientation = draw(st.tuples(*[numbers() if wild else ordinary(-1.0, 1.0)] * 4))
    if draw(st.booleans()):
        orientation = (1.0, 0.0, 0.0, 0.0)
    state = make_state(
        spec,
        joint_positions=q,
        joint_velocities=draw(any_vector if wild else speeds),
        motor_positions=motors,
        orientation=orientation,
        temperatures=draw(st.none() | vectors(n, ordinary(20.0, 80.0))),
        battery_voltage=draw(st.none() | numbers()),
    )
    actions = vectors(n, ordinary(-1.0, 1.0)) if draw(st.booleans()) else vectors(n)
    return CASES[name], state, draw(actions), draw(st.none() | actions)


@settings(max_examples=400, deadline=None)
@given(any_situation())
def test_what_is_admitted_the_guard_leaves_alone(situation):
    (admits, limits, spec), state, action, held = situation
    if admits.admits(state, action, held):
        assert is_untouched(limits, spec, state, action, held)


def random_situations(limits, spec, rng, n):
    """Yield states near the pose, actions of all sizes and many on the edge of a limit."""
    pose, ranges, arrays = spec.default_pose, spec.action_ranges, limits.arrays
    size = spec.n_joints
    for index in range(n):
        spread = (0.02, 0.1, 0.3)[index % 3]
        q = pose + rng.normal(0.0, spread, size)
        dq = rng.normal(0.0, (0.1, 2.0, 20.0)[index % 3], size)
        tilt = rng.normal(0.0, (0.05, 0.3)[index % 2])
        orientation = (np.cos(tilt / 2), np.sin(tilt / 2), 0.0, 0.0)
        state = make_state(spec, joint_positions=q, joint_velocities=dq, orientation=orientation)
        held = np.clip(rng.normal(0.0, 0.3, size), -1.0, 1.0)
        action = np.clip(held + rng.normal(0.0, (0.05, 0.3, 2.0)[index % 3], size), -1.0, 1.0)
        edges = [np.sign(action)]
        if arrays.max_step is not None:
            edges.append(held + np.sign(action) * arrays.max_step / ranges)
        if arrays.torque_reach is not None:
            relaxed = q + arrays.damping_ratio * dq
            edges.append((relaxed + np.sign(action) * arrays.torque_reach - pose) / ranges)
        if index % 4 == 0:
            joint = rng.integers(size)
            action[joint] = edges[rng.integers(len(edges))][joint]
            if index % 8 == 0:
                action[joint] = np.nextafter(action[joint], rng.choice([-np.inf, np.inf]))
        yield state, action.astype((np.float64, np.float32)[index % 2]), held


def count(case, n, seed=0):
    """Return how many were admitted, untouched, and wrongly admitted."""
    admits, limits, spec = case
    admitted = untouched = wrong = 0
    for state, action, held in random_situations(limits, spec, np.random.default_rng(seed), n):
        quick = admits.admits(state, action, held)
        slow = is_untouched(limits, spec, state, action, held)
        admitted, untouched, wrong = admitted + quick, untouched + slow, wrong + (quick > slow)
    return admitted, untouched, wrong


@pytest.mark.parametrize("name", sorted(CASES))
def test_random_and_borderline_actions(name):
    admitted, untouched, wrong = count(CASES[name], 1500)
    assert wrong == 0
    assert untouched > 30
    assert admitted >= 0.9 * untouched  # a quarter has a joint on the very edge


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bert, defaults", "go2, defaults", "twelve, tracking"])
def test_a_hundred_thousand_random_and_borderline_actions(name):
    admitted, untouched, wrong = count(CASES[name], 34_000, seed=1)
    assert wrong == 0
    assert admitted >= 0.9 * untouched


@pytest.mark.parametrize("name", sorted(ROBOTS))
def test_what_is_clearly_admissible_is_admitted(name):
    admits, _, spec = CASES[f"{name}, defaults"]
    rng = np.random.default_rng(0)
    n, admitted = spec.n_joints, 0
    for _ in range(1000):
        held = rng.uniform(-0.3, 0.3, n)
        state = make_state(spec, joint_positions=spec.default_pose + spec.action_ranges * held)
        admitted += admits.admits(state, held + rng.uniform(-0.1, 0.1, n), held)
    assert admitted >= 990


@pytest.mark.parametrize(
    "change",
    [
        {"orientation": (np.cos(0.7), np.sin(0.7), 0.0, 0.0)},  # 1.4 rad
        {"orientation": (0.0, 0.0, 0.0, 0.0)},
        {"time": np.nan},
        {"temperatures": np.full(12, 76.0)},
        {"temperatures": np.full(12, -np.inf)},
        {"battery_voltage": np.nan},
        {"joint_velocities": np.full(12, 50.0)},
        {"joint_positions": np.full(12, np.nan)},
        {"joint_positions": np.zeros(1)},
        {"motor_positions": np.full(12, 2e3)},
        {"joint_positions": np.tile([0.0, 2.6, -2.7], 4)},  # folded: the trunk is too low
    ],
    ids=str,
)
def test_a_state_that_reaches_a_limit_is_not_admitted(change):
    admits, _, spec = CASES["go2, defaults"]
    zero = np.zeros(12)
    assert admits.admits(make_state(spec), zero, zero)
    assert not admits.admits(make_state(spec, **change), zero, zero)


def test_an_action_that_is_not_finite_is_not_admitted_and_warns_of_nothing(recwarn):
    admits, _, spec = CASES["go2, defaults"]
    for value in (np.nan, np.inf, -np.inf):
        broken = np.full(12, value)
        assert not admits.admits(make_state(spec), broken, broken)
    assert len(recwarn) == 0


def test_legs_that_no_action_brings_together_need_not_be_watched():
    _, limits, _ = CASES["go2, defaults"]
    arrays = limits.arrays
    rest = unproven(limits.leg_limits, arrays.lower, arrays.upper)
    assert rest.box is None
    assert rest.min_distance is None
    poses = np.random.default_rng(0).uniform(arrays.lower, arrays.upper, (2000, 12))
    assert max(max(limits.leg_limits.excess(pose).worst().values()) for pose in poses) < 0.0


def test_a_limit_that_some_action_breaks_is_watched():
    _, limits, _ = CASES["go2, defaults"]
    tight = dataclasses.replace(limits, min_leg_distance=0.25)
    rest = unproven(tight.leg_limits, limits.arrays.lower, limits.arrays.upper)
    assert rest.min_distance == 0.25
    assert len(rest.pairs) > 0
    small = {"x": [-0.05, 0.05], "y": [-0.3, 0.3], "z": [-0.15, -0.08]}
    boxes = SafetyLimits.from_spec(BERT, foot_box=small)
    pose, ranges = BERT.default_pose, BERT.action_ranges
    assert unproven(boxes.leg_limits, pose - ranges, pose + ranges).box is not None


def test_a_proof_is_of_every_point_between_the_ends():
    slopes, low, high = np.array([2.0, 1.0]), np.array([-1.0, 0.0]), np.array([1.0, 3.0])
    peak = lambda points: points @ [2.0, -1.0]  # noqa: E731
    assert is_negative(lambda points: peak(points) - 2.001, slopes, low, high)
    assert not is_negative(lambda points: peak(points) - 1.999, slopes, low, high)


def test_the_many_poses_of_a_proof_are_those_of_the_guard():
    from rl_zoo.robots.guard_proof import _points

    rng = np.random.default_rng(0)
    for leg in (*GO2.legs, *BERT.legs):
        angles = rng.uniform(-2.0, 2.0, (50, len(leg.joints)))
        feet, knees = _points(leg, angles)
        for index, row in enumerate(angles.tolist()):
            foot, knee = leg_points(leg, row)
            np.testing.assert_allclose(feet[index], foot, atol=1e-12)
            np.testing.assert_allclose(knees[index], knee, atol=1e-12)


def test_a_limit_that_is_only_reported_does_not_slow_down():
    options = {"reactions": {"command_velocity": "report"}}
    fast, limits, spec = admission("bert", options)
    state, far = make_state(spec), np.full(spec.n_joints, 0.4)
    held = np.full(spec.n_joints, -0.4)
    assert guard(
        limits,
        state,
        spec.default_pose + spec.action_ranges * far,
        spec.default_pose + spec.action_ranges * held,
    ).excess.keys() == {"command_velocity"}
    assert fast.admits(state, far, held)
    strict, _, _ = admission("bert", {})
    assert not strict.admits(state, far, held)
