"""What the control loop does with actions, samples and records when nothing is wrong."""

import dataclasses

import numpy as np
import pytest

from rl_zoo.robots.bert import BERT
from rl_zoo.robots.control.modes import Mode, Request
from rl_zoo.robots.control.tick_record import state_of_row, state_row, tick_dtype, tick_row
from tests.robots.control.rig import Rig, is_soft


def test_an_action_is_reached_in_a_straight_line_over_one_period():
    rig = Rig().stand()
    rig.run(0.1)
    rig.request(Request.RUN)
    rig.act(BERT.default_pose + 0.05)
    count = len(rig.driver.written)
    rig.run(0.03)
    targets = np.array([c.joint_positions for _, c in list(rig.driver.written)[count:]])
    way = targets[:, 0] - BERT.default_pose[0]
    np.testing.assert_allclose(way[:10], 0.005 * np.arange(1, 11), atol=1e-9)
    np.testing.assert_array_equal(targets[9], BERT.default_pose + 0.05)
    np.testing.assert_array_equal(targets[14], targets[9])
    assert rig.snapshot.target_sequence == 1


def test_hold_interpolation_goes_at_once_as_fast_as_the_guard_admits():
    rig = Rig(interpolation="hold").stand()
    rig.run(0.1)
    rig.request(Request.RUN)
    rig.act(BERT.default_pose + 0.02)
    rig.tick()
    np.testing.assert_array_equal(rig.snapshot.command, BERT.default_pose + 0.02)
    rig.act(BERT.default_pose + 0.1)
    rig.tick()
    moved = rig.snapshot.command - BERT.default_pose - 0.02
    np.testing.assert_allclose(moved, 12.0 / 500.0, atol=2e-6)
    assert rig.snapshot.n_guarded == 1


def test_an_action_of_before_run_is_not_followed():
    rig = Rig().stand()
    rig.act(BERT.default_pose + 0.3)
    rig.tick()
    rig.request(Request.RUN)
    rig.run(0.05)
    np.testing.assert_allclose(rig.snapshot.command, BERT.default_pose, atol=1e-6)
    assert rig.snapshot.target_sequence == 0


def test_late_actions_are_counted():
    rig = Rig().walk()
    assert rig.snapshot.n_late == 0
    rig.policy = False
    rig.run(0.04)
    rig.policy = True
    rig.run(0.04)
    assert rig.snapshot.n_late == 1
    assert rig.mode is Mode.RUN


def test_a_request_is_carried_out_once():
    rig = Rig().walk()
    rig.request(Request.SIT)
    rig.until(Mode.IDLE)
    rig.request(Request.STAND)
    rig.until(Mode.READY)
    rig.run(1.0)  # the newest request is still STAND
    assert rig.mode is Mode.READY
    rig.request(Request.DAMP)
    rig.run(0.1)
    assert rig.mode is Mode.DAMP


def test_standing_up_draws_the_legs_in_first_only_out_of_a_low_pose():
    from rl_zoo.robots.postures import crouched_pose

    def nearest(rig, count):
        targets = [c.joint_positions for _, c in list(rig.driver.written)[count:]]
        return min(np.abs(target - crouched_pose(BERT)).max() for target in targets)

    low = Rig(lying=True).stand()
    assert nearest(low, 0) < 1e-3
    count = len(low.driver.written)
    low.request(Request.HOLD)
    low.request(Request.STAND)
    low.until(Mode.READY)
    assert nearest(low, count) > 0.5


def test_standing_up_again_while_sitting_down():
    rig = Rig().stand()
    rig.request(Request.SIT)
    rig.run(0.5)
    rig.request(Request.STAND)
    assert rig.mode is Mode.STANDUP
    rig.until(Mode.READY)
    moves = np.diff([c.joint_positions for _, c in rig.driver.written if not is_soft(c)], axis=0)
    assert np.abs(moves).max() <= 12.0 / 500.0 + 2e-6


def test_a_stop_from_a_signal_in_the_middle_of_a_stiff_write_has_the_last_word():
    rig = Rig().stand()
    write = rig.driver.write

    def interrupted(command):
        if not is_soft(command) and not rig.driver.n_stops:
            rig.loop.safe()
        write(command)

    rig.driver.write = interrupted
    rig.tick()
    assert is_soft(rig.driver.written[-1][1])
    rig.run(0.1)
    assert all(is_soft(command) for _, command in list(rig.driver.written)[-40:])


@pytest.mark.parametrize("state_rate", [50.0, 200.0, 1000.0])
def test_a_robot_with_another_rate_of_samples_is_not_stale(state_rate):
    rig = Rig(options={"state_rate": state_rate}).walk()
    rig.run(0.5)
    assert rig.mode is Mode.RUN
    assert rig.snapshot.n_stale == 0


def test_the_record_of_a_tick_fits_a_row_and_comes_back():
    rig = Rig().walk()
    rig.driver.press("L1", "estop")
    rig.driver.battery(None)
    rig.tick()
    record = rig.records[-1]
    row = np.zeros(1, tick_dtype(BERT))
    row[0] = tick_row(record)
    first = row[0]
    assert Mode(first["mode"]) is Mode.FAULT
    assert first["tick"] == record.snapshot.tick
    assert first["fault"].decode() == record.snapshot.fault
    assert np.isnan(first["proposed"]).all()
    np.testing.assert_array_equal(first["kd"], record.command.kd)
    again = state_of_row(first["sample"])
    for field in dataclasses.fields(again):
        np.testing.assert_array_equal(
            getattr(again, field.name), getattr(record.sample, field.name), err_msg=field.name
        )
    assert again.buttons == {"L1", "estop"}


def test_an_unknown_state_fits_a_row():
    row = np.zeros(1, tick_dtype(BERT)["sample"])
    row[0] = state_row(None)
    assert np.isnan(row[0]["joint_positions"]).all()
    assert row[0]["sequence"] == -1


def test_lateness_is_what_a_tick_comes_too_late():
    rig = Rig()
    rig.run(0.01)
    assert rig.records[-1].lateness == pytest.approx(0.0, abs=1e-9)
    rig.tick(rig.now + 0.005)
    assert rig.records[-1].lateness == pytest.approx(0.005)
