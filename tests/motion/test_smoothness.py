"""The continuity cost against its definition."""

import numpy as np
import pytest

from rl_zoo.motion.smoothness import ContinuityMeter, continuity_cost

LOW, HIGH = np.array([-1.0, 0.0, -3.0]), np.array([1.0, 5.0, 1.0])


def test_constant_actions_cost_nothing():
    assert continuity_cost([[0.3, 2.0, -1.0]] * 10, LOW, HIGH) == 0.0


def test_jumps_between_the_bounds_cost_100():
    actions = np.where(np.arange(11)[:, np.newaxis] % 2, LOW, HIGH)
    assert continuity_cost(actions, LOW, HIGH) == pytest.approx(100.0)


def test_it_is_the_published_formula():
    actions = np.random.default_rng(0).uniform(LOW, HIGH, (50, 3))
    expected = 100 * np.mean((np.diff(actions, axis=0) / (HIGH - LOW)) ** 2)
    assert continuity_cost(actions, LOW, HIGH) == pytest.approx(expected)
    assert continuity_cost(actions.astype(np.float32), LOW, HIGH) == pytest.approx(
        expected, rel=1e-5
    )


def test_one_action_has_no_cost():
    with pytest.raises(ValueError, match="at least two"):
        continuity_cost([[0.0, 0.0, 0.0]], LOW, HIGH)


def test_nothing_is_compared_across_a_gap():
    meter = ContinuityMeter([-1.0], [1.0])
    for action in (0.0, 0.0):
        meter.add([action])
    meter.skip()
    for action in (1.0, 1.0):
        meter.add([action])
    assert meter.cost == 0.0
    meter.restart()
    meter.add([0.0])
    assert meter.cost is None


def test_the_meter_keeps_a_copy():
    meter = ContinuityMeter([-1.0], [1.0])
    action = np.array([-1.0])
    meter.add(action)
    action[0] = 1.0
    meter.add(action)
    assert meter.cost == pytest.approx(100.0)
