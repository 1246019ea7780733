"""Stances, strides, and the recorded episode."""

import numpy as np
import pytest

from rl_zoo.motion.footfall import (
    GaitRecording,
    contacts_from_forces,
    runs_of,
    stride_statistics,
)

PERIOD = 0.02
STRIDE = 20  # readings: 0.4 s


def walking(n=200, stance=12, offset=0):
    """A foot that stands for ``stance`` of 20 readings."""
    return (np.arange(n) + offset) % STRIDE < stance


def statistics(contacts):
    return stride_statistics(contacts, np.full(len(contacts), PERIOD))


@pytest.mark.parametrize("offset", [0, 5, 13])
def test_duty_factor_and_frequency_do_not_depend_on_where_the_recording_begins(offset):
    result = statistics(walking(offset=offset))
    assert result.duty_factor == pytest.approx(0.6)
    assert result.frequency == pytest.approx(2.5)
    assert result.n_strides >= 8


def test_a_bounce_at_touch_down_is_no_stride_of_its_own():
    contacts = walking()
    contacts[21::STRIDE] = False
    result = statistics(contacts)
    assert (result.frequency, result.duty_factor) == (pytest.approx(2.5), pytest.approx(0.6))


def test_a_scuff_in_mid_swing_is_no_stride_of_its_own():
    contacts = walking()
    contacts[16::STRIDE] = True
    assert statistics(contacts).frequency == pytest.approx(2.5)
    contacts[17::STRIDE] = True  # 40 ms: a step
    assert statistics(contacts).frequency == pytest.approx(5.0, rel=0.1)


def test_being_set_down_is_no_touch_down():
    contacts = walking(offset=6)
    contacts[0] = False
    assert statistics(contacts).frequency == pytest.approx(2.5)


@pytest.mark.parametrize(("contacts", "duty"), [(np.ones(50), 1.0), (np.zeros(50), 0.0)])
def test_without_a_stride_the_share_of_the_time_remains(contacts, duty):
    result = statistics(contacts.astype(bool))
    assert (result.duty_factor, result.frequency, result.n_strides) == (duty, None, 0)


def test_strides_of_the_first_second_say_nothing_about_a_robot_that_then_stands():
    contacts = walking(500)
    contacts[40:] = True
    result = statistics(contacts)
    assert result.frequency is None
    assert result.duty_factor == pytest.approx((24 + 460) / 500)


def test_uneven_readings_are_weighed_by_their_time():
    contacts = np.array([False, True, False, True, False, True, False])
    durations = np.array([0.1, 0.1, 0.3, 0.1, 0.3, 0.1, 0.1])
    result = stride_statistics(contacts, durations)
    assert result.duty_factor == pytest.approx(0.25)
    assert result.frequency == pytest.approx(2 / 0.8)


def test_a_contact_begins_above_one_force_and_ends_below_another():
    forces = np.array([[0.5, 1.0], [1.5, 1.5], [2.5, 1.5], [1.5, 0.9], [1.0, 1.5], [0.9, 2.1]])
    contacts = contacts_from_forces(forces, touch_down=2.0, lift_off=1.0)
    assert contacts[:, 0].tolist() == [False, False, True, True, True, False]
    assert contacts[:, 1].tolist() == [True, True, True, False, False, True]


def test_runs_are_found_at_the_ends_too():
    assert runs_of(np.array([1, 1, 0, 1, 0, 0, 1], dtype=bool)) == [(0, 2), (3, 4), (6, 7)]
    assert runs_of(np.zeros(3, dtype=bool)) == []


def test_arrays_can_be_saved_without_pickles(tmp_path):
    n = 10
    recording = GaitRecording(
        feet=("FR",),
        joints=("hip", "knee"),
        start_time=1.0,
        times=1.0 + PERIOD * np.arange(1, n + 1),
        foot_forces=np.ones((n, 1)),
        contacts=np.ones((n, 1), dtype=bool),
        phases=np.zeros((n, 0)),
        joint_positions=np.zeros((n, 2)),
        joint_targets=np.zeros((n, 2)),
        spring_deflections=np.zeros((n, 2)),
        forward_speed=np.linspace(0.0, 0.9, n),
        velocity_error=np.full(n, np.nan),
    )
    np.savez(tmp_path / "a.npz", **recording.arrays())
    with np.load(tmp_path / "a.npz", allow_pickle=False) as saved:
        assert set(saved) == set(recording.arrays())
        assert saved["joints"].tolist() == ["hip", "knee"]
        assert saved["end_reason"] == ""
    assert recording.duration == pytest.approx(0.2)
    assert recording.mean_speed == pytest.approx(0.45)
