"""Each row of the failure table, on the robot's side, in virtual time."""

import dataclasses

import numpy as np
import pytest

from rl_zoo.errors import ConfigError, RobotFault
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.control.loop import ControlLoop
from rl_zoo.robots.control.modes import Interruption, Mode, Request
from rl_zoo.robots.control.settings import ControlSettings
from rl_zoo.robots.driver import RobotCommand
from rl_zoo.robots.postures import folded_pose
from tests.robots.control.rig import SOFT, Rig, is_soft


def assert_latched(rig, interruption, word):
    """The robot is soft and stays so, whatever is asked for but REARM."""
    assert rig.mode is Mode.FAULT
    assert rig.snapshot.interruption is interruption
    assert rig.snapshot.epoch == 2
    assert word in rig.snapshot.fault
    for request in (Request.STAND, Request.RUN, Request.HOLD, Request.SIT, Request.DAMP):
        rig.request(request)
        assert rig.mode is Mode.FAULT
        assert is_soft(rig.driver.written[-1][1])


def assert_rearms(rig):
    rig.request(Request.REARM)
    assert rig.mode is Mode.IDLE
    assert rig.snapshot.fault == ""
    rig.stand()
    rig.request(Request.RUN)
    assert rig.mode is Mode.RUN
    assert rig.snapshot.epoch == 3
    assert rig.snapshot.interruption is Interruption.NONE


def test_first_contact_reads_before_it_writes_and_ramps_from_the_measured_pose():
    rig = Rig(lying=True)
    assert not rig.driver.written
    rig.tick()
    assert rig.mode is Mode.IDLE
    assert is_soft(rig.driver.written[-1][1])
    rig.request(Request.STAND)
    first = rig.driver.written[-1][1]
    np.testing.assert_allclose(first.joint_positions, folded_pose(BERT), atol=1e-6)
    rig.until(Mode.READY)
    targets = np.array([c.joint_positions for _, c in rig.driver.written if not is_soft(c)])
    speeds = np.abs(np.diff(targets, axis=0)) * rig.settings.rate
    assert 0.5 < speeds.max() <= 2.0 + 1e-6
    np.testing.assert_allclose(targets[-1], BERT.default_pose, atol=1e-6)


def test_nothing_is_written_before_the_first_sample():
    rig = Rig(options={"faults": [[0.0, "drop", 10]]})
    rig.run(0.01)
    assert rig.mode is Mode.DISCONNECTED
    assert not rig.driver.written
    rig.run(0.02)
    assert rig.mode is Mode.IDLE


def test_fall_makes_the_robot_soft_and_is_not_latched():
    rig = Rig().walk()
    rig.driver.tilt(1.4)
    rig.run(0.01)
    assert rig.mode is Mode.DAMP
    assert rig.snapshot.interruption is Interruption.FALL
    assert is_soft(rig.driver.written[-1][1])
    assert "fell" in rig.snapshot.fault
    assert rig.snapshot.epoch == 2
    rig.driver.tilt(0.0)
    rig.request(Request.STAND)
    assert rig.mode is Mode.STANDUP


def test_legs_that_give_way_are_a_fall():
    rig = Rig(limits={"min_height": 0.14}).walk()
    rig.action = 0.3 * BERT.default_pose + 0.7 * folded_pose(BERT)
    rig.run(0.3)
    assert (rig.mode, rig.snapshot.interruption) == (Mode.DAMP, Interruption.FALL)


def test_a_limit_that_is_only_reported_is_no_fall():
    rig = Rig(limits={"reactions": {"tilt": "report"}}).walk()
    rig.driver.tilt(1.4)
    rig.run(0.1)
    assert rig.mode is Mode.RUN


def test_one_tilted_sample_is_no_fall():
    rig = Rig().walk()
    rig.driver.tilt(1.4)
    rig.tick()
    rig.driver.tilt(0.0)
    rig.run(0.1)
    assert rig.mode is Mode.RUN


@pytest.mark.parametrize(
    ("fail", "repair"),
    [
        (lambda robot: robot.disconnect(), lambda robot: robot.reconnect()),
        (lambda robot: robot.freeze(), lambda robot: robot.freeze(False)),
        (lambda robot: robot.nan(10_000), lambda robot: robot.nan(0)),
        (lambda robot: robot.spike(3, 1.5, 10_000), lambda robot: robot.spike(3, 0.0, 0)),
        (lambda robot: robot.drop(80), lambda robot: robot.drop(0)),
    ],
    ids=["no samples", "frozen counter", "NaN", "encoder lost its zero", "loss burst"],
)
def test_no_usable_sample_for_longer_than_stale_after(fail, repair):
    rig = Rig().walk()
    fail(rig.driver)
    rig.run(0.096)
    assert rig.mode is Mode.RUN  # up to 0.1 s it goes on
    before = rig.snapshot.n_stale
    rig.run(0.01)
    assert before > 40
    assert_latched(rig, Interruption.STALE, "no usable sample")
    rig.driver.disconnect()
    rig.run(0.2)
    rig.request(Request.REARM)
    assert rig.mode is Mode.FAULT  # the cause is not gone
    rig.driver.reconnect()
    repair(rig.driver)
    rig.run(0.02)
    assert_rearms(rig)


@pytest.mark.parametrize("fault", ["drop", "nan", "spike"])
@pytest.mark.parametrize("n", [1, 40])
def test_single_bad_samples_change_nothing_but_a_count(fault, n):
    rig = Rig().walk()
    before = rig.snapshot
    count = len(rig.records)
    getattr(rig.driver, fault)(*((0, 1.5, n) if fault == "spike" else (n,)))
    rig.run(0.2)
    assert rig.mode is Mode.RUN
    assert rig.snapshot.epoch == before.epoch
    assert rig.snapshot.n_stale - before.n_stale == n
    assert rig.snapshot.n_guarded == before.n_guarded
    moves = np.diff([r.command.joint_positions for r in rig.since(count)], axis=0)
    assert np.abs(moves).max() < 1e-3
    assert not rig.snapshot.fault


def test_a_sample_out_of_order_is_ignored():
    rig = Rig().walk()
    newest = rig.driver.read()
    old = dataclasses.replace(newest, sequence=newest.sequence - 2, time=newest.time + 1e-4)
    read, rig.driver.read = rig.driver.read, lambda: old
    rig.tick()
    rig.driver.read = read
    rig.run(0.05)
    assert rig.mode is Mode.RUN
    assert rig.snapshot.state.sequence > newest.sequence


def feed(rig, sequences):
    """Do ticks with samples of these counters, each of which arrives in its tick."""
    read, newest = rig.driver.read, rig.driver.read()
    for sequence in sequences:
        sample = dataclasses.replace(newest, sequence=sequence, time=rig.now)
        rig.driver.read = lambda sample=sample: sample
        rig.tick()
    rig.driver.read = read


@pytest.mark.parametrize("unit", [1, 2, 20], ids=["samples", "ms", "ms at 50 Hz"])
def test_samples_that_were_overtaken_are_no_restart(unit):
    rig = Rig().walk()
    start = 5878
    feed(rig, [start + unit * k for k in range(10)])
    feed(rig, [start - 22 + unit * k for k in range(10)])  # 20 ms late, in order
    assert rig.mode is Mode.RUN
    assert rig.snapshot.state.sequence == start + unit * 9
    feed(rig, [start + unit * (10 + k) for k in range(10)])
    assert rig.mode is Mode.RUN
    assert rig.snapshot.state.sequence == start + unit * 19
    assert rig.snapshot.interruption is Interruption.NONE


def test_old_samples_and_nothing_newer_are_stale():
    rig = Rig().walk()
    feed(rig, [5000, *([4990, 4985] * 40)])
    assert_latched(rig, Interruption.STALE, "no usable sample")


@pytest.mark.parametrize("before", [90, 5000])
def test_a_counter_that_begins_anew_is_a_restart(before):
    rig = Rig().walk()
    feed(rig, [before, 0, 1, 2, 3])
    assert_latched(rig, Interruption.LINK, f"from {before} to 2")


def test_a_robot_that_restarted_while_it_was_lost_is_found_again():
    """The cable was out for ten minutes: its counter is behind the old one, but not by half."""
    rig = Rig()
    feed(rig, [1_000_000, 1_000_001])
    rig.driver.disconnect()
    rig.run(0.2)
    assert rig.mode is Mode.DISCONNECTED
    feed(rig, [600_000 + k for k in range(6)])
    assert rig.mode is Mode.IDLE
    assert rig.snapshot.state.sequence == 600_005


def test_a_counter_of_32_bits_may_begin_again():
    rig = Rig().walk()
    last = 2**32 - 3
    feed(rig, [last, *((last + k) % 2**32 for k in range(1, 20))])
    assert rig.mode is Mode.RUN
    assert rig.snapshot.state.sequence == 16


def test_a_control_loop_that_stood_still_does_not_go_on():
    """Stopped for 5 s (SIGSTOP, swap): the watchdog has let the robot down meanwhile."""
    rig = Rig().walk()
    rig.act(BERT.default_pose + 0.1)
    rig.n_ticks += 2500
    rig.tick()
    assert is_soft(rig.driver.written[-1][1])
    assert_latched(rig, Interruption.STALE, "stood still for 5.00 s")
    assert_rearms(rig)


def test_commands_outside_a_limit_are_changed_and_counted():
    rig = Rig().walk()
    n_before = rig.snapshot.n_guarded
    rig.action = BERT.upper_limits + 1.0
    rig.run(0.3)
    assert rig.mode is Mode.RUN
    assert rig.snapshot.n_guarded - n_before > 100
    for record in rig.records:
        if record.command is not None and not is_soft(record.command):
            assert (record.command.joint_positions <= BERT.upper_limits + 1e-9).all()
    assert rig.records[-1].is_guarded
    assert (rig.records[-1].proposed > rig.records[-1].command.joint_positions).any()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_an_action_that_is_no_number_holds_the_target(value):
    rig = Rig().walk()
    rig.action = np.full(BERT.n_joints, value)
    rig.run(0.5)
    assert rig.mode is Mode.RUN
    assert all(np.isfinite(c.joint_positions).all() for _, c in rig.driver.written)


def test_an_action_of_the_wrong_size_stops_the_robot():
    rig = Rig().walk()
    rig.action = np.zeros(3)
    rig.run(0.1)
    assert_latched(rig, Interruption.SAFETY_STOP, "shape (3,)")


def test_a_limit_that_shall_end_the_episode_stops_in_the_same_tick():
    rig = Rig(limits={"reactions": {"joint_range": "truncate"}}).walk()
    count = len(rig.driver.written)
    rig.action = BERT.upper_limits + 1.0
    rig.run(0.1)
    assert_latched(rig, Interruption.SAFETY_STOP, "joint_range")
    for _, command in list(rig.driver.written)[count:]:
        assert (command.joint_positions <= BERT.upper_limits).all()


def test_a_warm_motor_lowers_the_gains_slowly_and_they_come_back():
    rig = Rig().walk()
    rig.driver.heat(2, 70.0)  # in the middle of 65 (warning) and 75 (stop)
    rig.run(2.0)
    assert rig.mode is Mode.RUN
    assert rig.snapshot.ending is Interruption.NONE
    command = rig.driver.written[-1][1]
    np.testing.assert_allclose(command.kp, 0.75 * BERT.kp)
    np.testing.assert_allclose(command.kd, 0.75 * BERT.kd)
    steps = np.diff([c.kp[0] for _, c in rig.driver.written if not is_soft(c)]) / BERT.kp[0]
    assert np.abs(steps).max() <= 0.5 / rig.settings.rate + 1e-9
    rig.driver.heat(2, 50.0)
    rig.run(2.0)
    np.testing.assert_allclose(rig.driver.written[-1][1].kp, BERT.kp)


@pytest.mark.parametrize(
    ("fail", "repair", "reason"),
    [
        (lambda robot: robot.heat(2, 80.0), lambda robot: robot.heat(2, 60.0), "OVERHEAT"),
        (lambda robot: robot.battery(20.0), lambda robot: robot.battery(24.0), "BATTERY"),
    ],
    ids=["overheat", "battery"],
)
def test_an_end_is_announced_then_the_robot_sits_and_rests(fail, repair, reason):
    rig = Rig(limits={"min_battery_voltage": 21.0}).walk()
    fail(rig.driver)
    rig.run(0.02)
    ending = Interruption[reason]
    assert (rig.mode, rig.snapshot.ending) == (Mode.RUN, ending)  # transitions are still whole
    assert rig.snapshot.interruption is Interruption.NONE
    rig.run(0.45)
    assert rig.mode is Mode.RUN
    rig.run(0.1)
    assert (rig.mode, rig.snapshot.interruption) == (Mode.SIT, ending)
    rig.until(Mode.DAMP)
    rig.request(Request.STAND)
    assert rig.mode is Mode.DAMP
    assert rig.snapshot.fault
    repair(rig.driver)
    rig.run(0.1)
    assert rig.snapshot.ending is Interruption.NONE
    rig.request(Request.STAND)
    assert rig.mode is Mode.STANDUP


def test_an_end_that_the_environment_answers_is_given_the_announced_reason():
    rig = Rig(limits={"min_battery_voltage": 21.0}).walk()
    rig.driver.battery(20.0)
    rig.run(0.02)
    rig.request(Request.SIT)
    assert (rig.mode, rig.snapshot.interruption) == (Mode.SIT, Interruption.BATTERY)


def test_one_wrong_reading_of_the_battery_ends_nothing():
    rig = Rig(limits={"min_battery_voltage": 21.0}).walk()
    rig.driver.battery(3.0)
    rig.tick()
    rig.driver.battery(24.0)
    rig.run(1.0)
    assert rig.mode is Mode.RUN


def test_pause_and_resume_by_the_remote():
    rig = Rig().walk()
    rig.driver.press("select")
    rig.tick()
    assert (rig.mode, rig.snapshot.interruption) == (Mode.HOLD, Interruption.PAUSE)
    assert rig.snapshot.epoch == 2
    held = rig.driver.written[-1][1].joint_positions
    rig.action = BERT.default_pose + 0.2
    rig.run(3.0)  # however long: the operator's pause is no want of actions
    assert rig.mode is Mode.HOLD
    np.testing.assert_array_equal(rig.driver.written[-1][1].joint_positions, held)
    rig.request(Request.RUN)
    assert rig.mode is Mode.HOLD  # still pressed
    rig.driver.press("start")
    rig.tick()
    assert "start" in rig.snapshot.state.buttons  # what the prompt of the environment waits for
    rig.request(Request.RUN)
    assert (rig.mode, rig.snapshot.epoch) == (Mode.RUN, 3)
    assert rig.snapshot.interruption is Interruption.NONE


@pytest.mark.parametrize("chord", [("L2", "B"), ("estop",)])
def test_emergency_stop_by_the_remote_is_latched(chord):
    rig = Rig().walk()
    rig.driver.press(*chord)
    rig.tick()
    assert is_soft(rig.driver.written[-1][1])
    assert_latched(rig, Interruption.ESTOP, "emergency stop")
    rig.request(Request.REARM)
    assert rig.mode is Mode.FAULT  # still pressed
    rig.driver.release()
    rig.run(1.0)
    assert rig.mode is Mode.FAULT
    assert_rearms(rig)


def test_half_a_chord_is_none():
    rig = Rig().walk()
    rig.driver.press("L2")
    rig.run(0.1)
    assert rig.mode is Mode.RUN


def test_emergency_stop_is_obeyed_with_unusable_samples_and_without_an_owner():
    rig = Rig().walk()
    rig.is_alive = False
    rig.driver.nan(100)
    rig.driver.press("estop")
    rig.tick()
    assert (rig.mode, rig.snapshot.interruption) == (Mode.FAULT, Interruption.ESTOP)


def test_emergency_stop_asked_for_is_latched():
    rig = Rig().walk()
    rig.request(Request.STOP)
    assert_latched(rig, Interruption.ESTOP, "emergency stop")
    assert_rearms(rig)


def test_a_slow_learner_is_held_then_sits():
    rig = Rig().walk()
    rig.policy = False
    rig.run(0.07)
    assert rig.mode is Mode.RUN
    rig.run(0.05)
    assert (rig.mode, rig.snapshot.interruption) == (Mode.HOLD, Interruption.LATE)
    assert rig.snapshot.epoch == 2
    rig.run(0.9)
    assert rig.mode is Mode.HOLD
    rig.run(0.15)
    assert rig.mode is Mode.SIT
    rig.until(Mode.IDLE)
    assert rig.snapshot.interruption is Interruption.LATE


def test_a_learner_that_comes_back_within_a_second_runs_on_in_a_new_epoch():
    rig = Rig().walk()
    rig.policy = False
    rig.run(0.5)
    rig.policy = True
    rig.run(0.1)
    assert rig.mode is Mode.HOLD  # an action alone does not resume: a gap must be seen
    rig.request(Request.RUN)
    assert (rig.mode, rig.snapshot.epoch) == (Mode.RUN, 3)


def test_robot_restart_is_latched():
    rig = Rig().walk()
    rig.driver.restart()
    rig.run(0.02)
    assert_latched(rig, Interruption.LINK, "restarted")
    assert_rearms(rig)


@pytest.mark.parametrize("method", ["read", "write"])
def test_a_bus_that_fails_is_latched(method):
    rig = Rig().walk()

    def fail(*_):
        raise RobotFault("the bus is gone")

    working = getattr(rig.driver, method)
    setattr(rig.driver, method, fail)
    rig.run(0.01)
    assert_latched_without_writing(rig)
    setattr(rig.driver, method, working)
    rig.run(0.01)
    assert_rearms(rig)


def assert_latched_without_writing(rig):
    assert (rig.mode, rig.snapshot.interruption) == (Mode.FAULT, Interruption.LINK)
    assert "the bus is gone" in rig.snapshot.fault
    rig.request(Request.REARM)
    assert rig.mode is Mode.FAULT


def test_a_dead_learner_leaves_a_robot_that_sits_down_within_a_third_of_a_second():
    rig = Rig().walk()
    rig.is_alive = False
    rig.tick()
    assert (rig.mode, rig.snapshot.interruption) == (Mode.HOLD, Interruption.LEARNER)
    assert not rig.loop.is_finished
    rig.run(0.25)
    assert rig.mode is Mode.SIT
    assert (rig.driver.written[-1][1].kp < 0.5 * BERT.kp).all()
    rig.until(Mode.DAMP)
    assert rig.loop.is_finished
    assert is_soft(rig.driver.written[-1][1])


@pytest.mark.parametrize("mode", [Mode.IDLE, Mode.STANDUP, Mode.READY, Mode.SIT])
def test_a_dead_learner_in_every_other_mode(mode):
    rig = rig_in(mode)
    rig.is_alive = False
    rig.run(0.3)
    assert rig.mode in SOFT | {Mode.SIT}
    rig.request(Request.STAND)
    rig.run(3.0)
    assert rig.mode in SOFT
    assert rig.loop.is_finished


def test_a_lost_motor_is_latched_and_named():
    rig = Rig().walk()
    rig.driver.lose_motor(3)
    rig.run(0.02)
    assert_latched(rig, Interruption.MOTOR, BERT.joint_names[3])
    rig.request(Request.REARM)
    assert rig.mode is Mode.FAULT
    rig.driver.lose_motor(3, False)
    rig.run(0.02)
    assert_rearms(rig)


@pytest.mark.parametrize(
    ("measure", "unknown"),
    [
        ("temperature", lambda robot: setattr(robot, "_temperatures", np.zeros(8))),
        ("battery", lambda robot: robot.battery(0.0)),
        ("battery", lambda robot: robot.battery(None)),
        ("foot_forces", lambda robot: None),
    ],
)
def test_missing_telemetry_that_is_required_is_refused_at_the_start(measure, unknown):
    rig = Rig()
    unknown(rig.driver)
    rig.driver.clock.sleep_until(0.01)
    loop = ControlLoop(rig.driver, ControlSettings(require=("motors_online", measure)))
    with pytest.raises(RobotFault, match=rf"'bert' does not tell {measure}"):
        loop.start(0.01)
    assert not rig.driver.written


def test_zero_telemetry_is_unknown_and_not_cold_or_empty():
    rig = Rig(limits={"min_battery_voltage": 21.0})
    rig.driver.battery(0.0)
    rig.driver._temperatures = np.zeros(8)
    rig.walk().run(1.0)
    assert rig.mode is Mode.RUN
    assert rig.snapshot.state.battery_voltage is None
    assert rig.snapshot.state.temperatures is None


def test_a_mistake_in_this_code_makes_the_robot_soft():
    rig = Rig().walk()
    broken, rig.loop._targets.at = rig.loop._targets.at, lambda now: 1 / 0
    rig.tick()
    assert rig.driver.n_stops == 1
    assert isinstance(rig.loop.error, ZeroDivisionError)
    rig.loop._targets.at = broken
    assert_latched(rig, Interruption.SAFETY_STOP, "division by zero")
    assert_rearms(rig)


def test_safe_is_final():
    rig = Rig().walk()
    rig.loop.safe()
    assert is_soft(rig.driver.written[-1][1])
    rig.run(0.1)
    assert_latched(rig, Interruption.SAFETY_STOP, "told to stop")
    rig.request(Request.REARM)
    assert rig.mode is Mode.FAULT


def test_a_robot_that_lies_already_does_not_rise_to_sit():
    rig = Rig(lying=True)
    rig.tick()
    rig.request(Request.STAND)
    rig.run(0.05)
    rig.request(Request.SIT)
    assert rig.mode is Mode.DAMP
    stiff = [c for _, c in rig.driver.written if not is_soft(c)]
    spread = np.ptp([c.joint_positions for c in stiff], axis=0)
    assert spread.max() < 0.02


def test_sitting_is_soft_and_smooth():
    rig = Rig().stand()
    count = len(rig.driver.written)
    rig.request(Request.SIT)
    took = rig.until(Mode.IDLE)
    assert took <= 1.6
    commands = [c for _, c in list(rig.driver.written)[count:] if not is_soft(c)]
    np.testing.assert_allclose(commands[0].kp, 0.4 * BERT.kp)
    moves = np.abs(np.diff([c.joint_positions for c in commands], axis=0))
    assert moves.max() * rig.settings.rate <= 2.0 + 1e-6
    assert np.abs(commands[-1].joint_positions - BERT.default_pose).max() > 0.3


def test_a_leg_that_is_held_ends_the_stand_up():
    rig = Rig(lying=True, limits={"max_tracking_error": 0.05})
    rig.tick()
    rig.driver.lose_motor(1)  # and does not say so
    make = rig.driver._make_sample
    rig.driver._make_sample = lambda t: dataclasses.replace(make(t), motors_online=None)
    rig.run(0.02)
    rig.request(Request.STAND)
    rig.until(Mode.FAULT)
    assert rig.snapshot.interruption is Interruption.SAFETY_STOP
    assert "stand up" in rig.snapshot.fault


def rig_in(mode):
    """Return a rig in a mode."""
    rig = Rig(lying=mode is Mode.STANDUP)
    if mode is Mode.DISCONNECTED:
        return rig
    rig.tick()
    if mode in (Mode.READY, Mode.SIT):
        rig.stand()
    elif mode in (Mode.RUN, Mode.HOLD):
        rig.walk()
    requests = {
        Mode.STANDUP: Request.STAND,
        Mode.HOLD: Request.HOLD,
        Mode.SIT: Request.SIT,
        Mode.DAMP: Request.DAMP,
        Mode.FAULT: Request.STOP,
    }
    if mode in requests:
        rig.request(requests[mode])
        rig.run(0.5)
    assert rig.mode is mode
    return rig


@pytest.mark.parametrize("mode", list(Mode))
def test_close_ends_soft_from_every_mode(mode):
    rig = rig_in(mode)
    rig.request(Request.CLOSE)
    for _ in range(2000):
        if rig.loop.is_finished:
            break
        rig.tick()
    assert rig.loop.is_finished
    assert rig.mode in SOFT
    assert is_soft(rig.driver.written[-1][1])


def test_read_only_never_writes():
    rig = Rig(read_only=True)
    rig.tick()
    for request in Request:
        rig.request(request)
        rig.run(0.1)
    rig.loop.safe()
    rig.run(0.1)
    assert not rig.driver.written
    assert rig.driver.n_stops == 0
    assert all(record.command is None for record in rig.records)


def test_dry_run_computes_every_command_and_sends_none():
    rig = Rig(lying=True, dry_run=True)
    rig.stand()
    rig.policy = True
    rig.request(Request.RUN)
    rig.run(0.2)
    rig.request(Request.SIT)
    rig.until(Mode.IDLE)
    rig.loop.safe()
    assert not rig.driver.written
    assert rig.driver.n_stops == 0
    assert not any(record.is_sent for record in rig.records)
    stiff = [r for r in rig.records if r.command is not None and r.command.kp.any()]
    assert len(stiff) > 1000
    assert {r.snapshot.mode for r in stiff} == {Mode.STANDUP, Mode.READY, Mode.RUN, Mode.SIT}


def test_every_command_says_everything():
    rig = Rig().walk()
    for _, command in rig.driver.written:
        for field in dataclasses.fields(RobotCommand):
            assert getattr(command, field.name).shape == (BERT.n_joints,)


def test_settings_without_meaning_are_refused():
    with pytest.raises(ConfigError, match="min_hight"):
        Rig(limits={"min_hight": 0.1})
    with pytest.raises(ConfigError, match=r"control\.rate"):
        Rig(rate=0.0)
