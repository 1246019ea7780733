"""What the guard promises for any state and any command, judged by the definitions alone."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rl_zoo.errors import RobotFault
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.guard import CommandGuard, guard
from rl_zoo.robots.guard_limits import SafetyLimits
from tests.robots.guarded_robots import TWELVE, make_state, numbers, ordinary, vectors, violations

ROBOTS = {"bert": BERT, "twelve": TWELVE}
ALL_SOFT = {"tilt": "report", "height": "report", "state": "soft"}
LIMITS = {
    name: SafetyLimits.from_spec(spec, reactions=ALL_SOFT, max_tracking_error=1.0)
    for name, spec in ROBOTS.items()
}
TIGHT_BOX = {"x": [-0.05, 0.05], "y": [-0.3, 0.3], "z": [-0.15, -0.08]}
TIGHT = SafetyLimits.from_spec(BERT, reactions=ALL_SOFT, foot_box=TIGHT_BOX)
robots = st.sampled_from(sorted(ROBOTS))


@st.composite
def any_situation(draw):
    """Return limits, a state and a command before, each with any numbers at all."""
    name = draw(robots)
    n = ROBOTS[name].n_joints
    state = make_state(
        ROBOTS[name],
        joint_positions=draw(vectors(n)),
        joint_velocities=draw(vectors(n)),
        motor_positions=draw(vectors(n)),
        orientation=draw(st.tuples(*[numbers()] * 4)),
        temperatures=draw(st.none() | vectors(n)),
        battery_voltage=draw(st.none() | numbers()),
    )
    return LIMITS[name], state, draw(st.none() | vectors(n)), draw(vectors(n))


@st.composite
def compatible_situation(draw):
    """Return a situation whose limits can all be met: the held command meets them."""
    name = draw(st.sampled_from(["bert", "twelve", "tight"]))
    spec = ROBOTS.get(name, BERT)
    limits = TIGHT if name == "tight" else LIMITS[name]
    n = spec.n_joints
    size = 0.04 if name == "tight" else 0.25
    offsets = draw(vectors(n, ordinary(-size, size)))
    held = np.clip(spec.default_pose + offsets, spec.lower_limits, spec.upper_limits)
    state = make_state(
        spec,
        joint_positions=held + draw(vectors(n, ordinary(-0.2, 0.2))),
        joint_velocities=draw(vectors(n, ordinary(-5.0, 5.0))),
    )
    return limits, spec, state, held


@settings(max_examples=150, deadline=None)
@given(any_situation())
def test_whatever_happens_the_command_is_finite_and_in_range(situation):
    limits, state, previous, command = situation
    result = guard(limits, state, command, previous)
    assert np.isfinite(result.command).all()
    assert (result.command >= limits.arrays.lower).all()
    assert (result.command <= limits.arrays.upper).all()
    assert all(np.isfinite(value) for value in result.excess.values())
    assert all(np.isfinite(value) for value in result.margins.values())


@settings(max_examples=150, deadline=None)
@given(any_situation())
def test_guarding_twice_changes_nothing_more(situation):
    limits, state, previous, command = situation
    once = guard(limits, state, command, previous)
    twice = guard(limits, state, once.command, previous)
    assert twice.command.tobytes() == once.command.tobytes()
    assert not twice.changed


@settings(max_examples=200, deadline=None)
@given(compatible_situation(), st.data())
def test_any_command_comes_out_within_every_limit(situation, data):
    limits, spec, state, held = situation
    result = guard(limits, state, data.draw(vectors(spec.n_joints)), held)
    assert violations(limits, spec, state, held, result.command) == {}
    assert result.conflicts == ()
    assert result.margin >= 0.0


@settings(max_examples=150, deadline=None)
@given(compatible_situation(), st.data())
def test_admissible_commands_keep_their_bits(situation, data):
    limits, spec, state, held = situation
    step = 0.999 * np.array(limits.max_command_velocity) * limits.control_period
    wanted = held + step * data.draw(vectors(spec.n_joints, ordinary(-1.0, 1.0)))
    result = guard(limits, state, wanted, held)
    is_admissible = violations(limits, spec, state, held, wanted) == {} and result.margin >= 0.0
    if is_admissible:
        assert result.command.tobytes() == wanted.tobytes()
    assert result.changed != (result.command.tobytes() == wanted.tobytes())


def count_violations(limits, spec, n_commands):
    """The robot follows, is pushed around, and gets a new command in every step."""
    rng = np.random.default_rng(3)
    q, held = spec.default_pose, spec.default_pose
    n_violations = n_changed = 0
    for index in range(n_commands):
        scale = (0.05, 0.5, 3.0, 1e6)[index % 4]
        command = held + rng.normal(0.0, scale, spec.n_joints)
        if index % 7 == 0:
            command[rng.integers(spec.n_joints)] = (np.nan, np.inf, -np.inf)[index % 3]
        state = make_state(spec, joint_positions=q, joint_velocities=rng.normal(0, 2, q.shape))
        result = guard(limits, state, command, held)
        n_violations += bool(violations(limits, spec, state, held, result.command))
        n_changed += result.changed
        held = result.command
        q = q + 0.5 * (held - q) + rng.normal(0, 0.01, q.shape)
    return n_violations, n_changed / n_commands


@pytest.mark.parametrize("name", ["bert", "twelve", "tight"])
def test_no_command_outside_limits_reaches_a_moving_robot(name):
    n_violations, changed = count_violations(
        {**LIMITS, "tight": TIGHT}[name], ROBOTS.get(name, BERT), 1500
    )
    assert n_violations == 0
    assert changed > 0.7


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bert", "twelve", "tight"])
def test_no_command_of_100_000_is_outside_limits(name):
    limits, spec = {**LIMITS, "tight": TIGHT}[name], ROBOTS.get(name, BERT)
    assert count_violations(limits, spec, 100_000 // 3)[0] == 0


def test_the_nearest_admissible_command_is_chosen_joint_by_joint():
    limits, held = LIMITS["bert"], BERT.default_pose
    result = guard(limits, make_state(BERT), held + np.array([9, -9, 0.1, 0, 0, 0, 0, 0]), held)
    step = 12.0 / 50.0
    expected = held + np.array([step, -step, 0.1, 0, 0, 0, 0, 0])
    np.testing.assert_allclose(result.command, expected, atol=2e-6)
    assert result.excess["command_velocity"] == pytest.approx(9 - step)
    assert result.margins["command_velocity"] == pytest.approx(0.0, abs=1e-4)


def test_the_torque_limit_wins_over_the_speed_of_the_command():
    """Somebody pushes a joint away: the target follows at once, the torque must not grow."""
    held = TWELVE.default_pose
    pushed = held.copy()
    pushed[1] += 1.5
    state = make_state(TWELVE, joint_positions=pushed)
    result = guard(LIMITS["twelve"], state, held, held)
    reach = 24.0 / 40.0
    assert result.command[1] == pytest.approx(pushed[1] - reach)
    assert "command_velocity" in result.conflicts
    assert result.excess["torque"] == pytest.approx(1.5 - reach)


def test_the_torque_limit_counts_damping():
    velocity = np.zeros(12)
    velocity[1] = -10.0  # damping alone gives 10 N m
    held = TWELVE.default_pose
    limits = SafetyLimits.from_spec(TWELVE, max_command_velocity=None, foot_box=None)
    state = make_state(TWELVE, joint_velocities=velocity)
    result = guard(limits, state, held + 2.0 * np.eye(12)[1], held)
    torque = 40.0 * (result.command[1] - held[1]) + 10.0
    assert torque == pytest.approx(24.0, abs=1e-3)


def test_a_joint_that_is_too_fast_is_not_driven_further():
    velocity = np.zeros(12)
    velocity[4] = 60.0
    limits = SafetyLimits.from_spec(TWELVE, max_torque=500.0, max_command_velocity=None)
    state = make_state(TWELVE, joint_velocities=velocity)
    result = guard(limits, state, TWELVE.default_pose + 3.0 * np.eye(12)[4], TWELVE.default_pose)
    assert 40.0 * (result.command[4] - TWELVE.default_pose[4]) - 60.0 <= 0.0
    assert result.excess["joint_velocity"] == pytest.approx(60.0 - 1.5 * 25.0)


def test_a_foot_slides_along_its_box_instead_of_stopping():
    held = BERT.default_pose
    state = make_state(BERT)
    guarded = CommandGuard(TIGHT)
    guarded.start(held)
    for _ in range(20):  # straighten the front right leg: foot down and forward
        wanted = guarded.held_command + np.array([-0.1, 0.1, 0, 0, 0, 0, 0, 0])
        result = guarded(state, wanted)
    assert result.excess["foot_box"] > 0.0
    assert result.margins["foot_box"] == pytest.approx(0.0, abs=1e-3)
    np.testing.assert_array_equal(result.command[2:], held[2:])
    assert np.linalg.norm(result.command[:2] - held[:2]) > 0.2


def test_a_foot_that_starts_outside_its_box_comes_in_but_never_goes_further_out():
    held = np.tile([0.3, -0.3], 4)  # nearly straight legs: 0.157 m deep, the box ends at 0.15
    state = make_state(BERT)
    out = guard(TIGHT, state, held - np.tile([0.1, -0.1], 4), held)
    assert (
        TIGHT.leg_limits.excess(out.command).worst()["foot_box"]
        <= (TIGHT.leg_limits.excess(held).worst()["foot_box"])
    )
    inward = held + np.tile([0.1, -0.2], 4)
    np.testing.assert_array_equal(guard(TIGHT, state, inward, held).command, inward)


def test_front_and_rear_foot_do_not_touch():
    limits = SafetyLimits.from_spec(BERT, max_torque=None, reactions=ALL_SOFT, min_leg_distance=0.1)
    state, held = make_state(BERT), BERT.default_pose
    towards = np.array([1.3, -0.6, 0.5, -1.0, -0.7, -0.2, 0.5, -1.0])
    reached = set()
    for _ in range(30):
        result = guard(limits, state, towards, held)
        assert violations(limits, BERT, state, held, result.command) == {}
        held = result.command
        reached |= set(result.excess)
    assert "self_collision" in reached


def test_hard_reactions_hold_the_last_command_and_say_why():
    fallen = make_state(BERT, orientation=(np.cos(0.7), np.sin(0.7), 0.0, 0.0))
    limits, held = SafetyLimits.from_spec(BERT), BERT.default_pose + 0.01
    result = guard(limits, fallen, held + 0.1, held)
    np.testing.assert_array_equal(result.command, held)
    assert (result.stop.limit, result.stop.reason) == ("tilt", "fall")
    assert result.stop.terminates
    assert result.excess["tilt"] == pytest.approx(1.4 - 1.2)
    hot = make_state(BERT, temperatures=np.array([20.0] * 7 + [80.0]))
    stop = guard(limits, hot, held, held).stop
    assert (stop.limit, stop.reason, stop.terminates) == ("temperature", "safety_stop", False)


def test_a_command_limit_can_be_hard_too():
    limits = SafetyLimits.from_spec(BERT, reactions={"command_velocity": "terminate"})
    held = BERT.default_pose
    result = guard(limits, make_state(BERT), held + 1.0, held)
    np.testing.assert_array_equal(result.command, held)
    assert result.stop.reason == "safety_command_velocity"


def test_a_reported_limit_changes_nothing_and_costs():
    limits = SafetyLimits.from_spec(
        BERT, reactions={"command_velocity": "report"}, cost_weights={"command_velocity": 0.25}
    )
    held = BERT.default_pose
    result = guard(limits, make_state(BERT), held + 0.4, held)
    np.testing.assert_array_equal(result.command, held + 0.4)
    assert (result.changed, result.cost) == (False, 0.25)
    assert result.excess["command_velocity"] == pytest.approx(0.4 - 0.24)


@pytest.mark.parametrize(
    "broken",
    [
        {"joint_positions": np.full(8, np.nan)},
        {"joint_velocities": np.full(8, np.inf)},
        {"joint_positions": np.zeros(7)},
        {"orientation": (0.0, 0.0, 0.0, 0.0)},
        {"temperatures": np.full(8, np.nan)},
    ],
)
def test_a_state_that_cannot_be_believed_holds_the_command(broken):
    held = BERT.default_pose + 0.02
    result = guard(SafetyLimits.from_spec(BERT), make_state(BERT, **broken), held + 0.1, held)
    np.testing.assert_array_equal(result.command, held)
    assert result.stop.limit == "state"


def test_unknown_sensors_are_not_judged_and_an_old_sample_is():
    limits = SafetyLimits.from_spec(BERT, max_state_age=0.1, min_battery_voltage=20.0)
    state, pose = make_state(BERT), BERT.default_pose
    assert guard(limits, state, pose, pose).stop is None
    assert guard(limits, state, pose, pose, now=0.09).stop is None
    assert guard(limits, state, pose, pose, now=0.11).stop.limit == "stale"
    empty = dataclasses.replace(state, battery_voltage=19.0)
    assert guard(limits, empty, pose, pose).stop.reason == "battery"


@pytest.mark.parametrize("command", [np.zeros(7), np.zeros((8, 1)), 0.0, "walk", [1j] * 8, None])
def test_a_command_of_another_shape_is_refused(command):
    with pytest.raises(RobotFault, match="the command for 'bert'"):
        guard(LIMITS["bert"], make_state(BERT), command)


def test_a_robot_outside_its_range_moves_in_at_the_rate_limit_if_told():
    folded = BERT.default_pose.copy()
    folded[1] = -2.6  # the range ends at -2.2
    state = make_state(BERT, joint_positions=folded)
    strict = guard(LIMITS["bert"], state, BERT.default_pose)
    assert strict.command[1] == pytest.approx(-2.2)
    gentle = guard(LIMITS["bert"].including(folded), state, BERT.default_pose)
    assert gentle.command[1] == pytest.approx(-2.6 + 12.0 / 50.0)


def test_counts():
    guarded = CommandGuard(SafetyLimits.from_spec(BERT))
    guarded.start()
    for command in (BERT.default_pose, BERT.default_pose + 2.0, np.full(8, np.nan)):
        guarded(make_state(BERT), command)
    assert (guarded.n_commands, guarded.n_changed) == (3, 2)
    assert guarded.counts["finite"] == guarded.counts["command_velocity"] == 1
    guarded.start()
    assert (guarded.n_commands, guarded.counts) == (0, {})
