"""Ramps and segments between poses."""

import numpy as np
import pytest

from rl_zoo.robots.control.interpolation import RAMP_SPEED, Segment, make_ramp

FAST = np.array([20.0, 20.0])


def test_a_ramp_starts_and_ends_at_rest():
    ramp = make_ramp(np.zeros(2), np.array([0.4, -0.2]), 1.0, 2.0, FAST)
    assert ramp.end == 3.0
    np.testing.assert_array_equal(ramp.at(0.0), [0.0, 0.0])
    np.testing.assert_allclose(ramp.at(2.0), [0.2, -0.1])
    np.testing.assert_allclose(ramp.at(5.0), [0.4, -0.2])
    early, late = ramp.at(1.01) - ramp.at(1.0), ramp.at(3.0) - ramp.at(2.99)
    assert np.abs([early, late]).max() < 1e-4
    np.testing.assert_allclose(ramp.at(1.5), 0.14644660940672624 * np.array([0.4, -0.2]))


@pytest.mark.parametrize(("velocities", "fastest"), [(FAST, RAMP_SPEED), (0.1 * FAST, 0.5)])
def test_a_long_way_takes_longer(velocities, fastest):
    ramp = make_ramp(np.zeros(2), np.array([3.0, 1.0]), 0.0, 0.1, velocities)
    times = np.linspace(0.0, ramp.end, 10_001)
    way = np.array([ramp.at(time) for time in times])
    speed = np.abs(np.diff(way, axis=0)).max() / (times[1] - times[0])
    assert speed == pytest.approx(fastest, rel=1e-4)


def test_a_segment_is_straight_and_ends_in_the_action_itself():
    action = np.array([0.1, 1.0 / 3.0])
    segment = Segment(np.zeros(2), action, 1.0, 0.02)
    np.testing.assert_allclose(segment.at(1.005), 0.25 * action)
    np.testing.assert_array_equal(segment.at(1.0 + 10 * 0.002), action)
    np.testing.assert_array_equal(segment.at(9.0), action)
