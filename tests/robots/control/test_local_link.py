"""A control loop in this process."""

import numpy as np
import pytest

from rl_zoo.errors import RobotFault
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.control.local_link import LocalLink
from rl_zoo.robots.control.modes import Mode, Request
from rl_zoo.robots.control.settings import ControlSettings
from rl_zoo.robots.control.tick_record import tick_dtype, tick_row
from rl_zoo.robots.driver import damping_command
from rl_zoo.robots.drivers.mock import MockDriver
from rl_zoo.robots.drivers.sim import SimDriver
from tests.robots.control.rig import is_soft


def assert_released(driver):
    with pytest.raises(RobotFault, match="not connected"):
        driver.write(damping_command(driver.read(), BERT.kd))


def walk(driver, settings=None):
    """Stand, follow 30 random actions, close; return the rows of all ticks."""
    records = []
    settings = settings or ControlSettings(stand_time=0.3, sit_time=0.3)
    link = LocalLink(driver, settings, on_tick=records.append)
    link.open()
    link.request(Request.STAND)
    while link.snapshot().mode is not Mode.READY:
        link.wait_until(link.clock.now() + 0.02)
    link.request(Request.RUN)
    rng = np.random.default_rng(1)
    for _ in range(30):
        link.act(BERT.default_pose + rng.normal(0.0, 0.2, BERT.n_joints))
        link.wait_until(link.clock.now() + 0.02)
    assert link.snapshot().mode is Mode.RUN
    assert link.snapshot().n_late == 0
    assert link.snapshot().target_sequence == 30
    link.close()
    rows = np.zeros(len(records), tick_dtype(driver.spec))
    for index, record in enumerate(records):
        rows[index] = tick_row(record)
    return rows


def test_two_runs_are_equal_to_the_last_bit():
    first, second = (walk(MockDriver(BERT)) for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_ticks_are_a_period_apart_and_a_wait_includes_its_end():
    rows = walk(MockDriver(BERT))
    np.testing.assert_allclose(np.diff(rows["time"]), 0.002, atol=1e-9)
    link = LocalLink(MockDriver(BERT), ControlSettings(rate=250.0))
    link.open()
    before = link.snapshot().tick
    link.wait_until(link.clock.now() + 0.1)
    assert link.snapshot().tick - before == 25
    assert link.clock.now() == pytest.approx(0.1)
    link.close()


def test_closing_leaves_a_robot_that_has_sat_down_and_is_soft():
    driver = MockDriver(BERT)
    walk(driver)
    assert is_soft(driver.written[-1][1])
    assert driver.n_stops == 1
    sitting = [c for _, c in driver.written if c.kp.any() and (c.kp < 0.5 * BERT.kp).all()]
    assert len(sitting) > 100
    assert_released(driver)


def test_a_link_that_is_not_open_says_so():
    link = LocalLink(MockDriver(BERT), ControlSettings())
    link.close()
    with pytest.raises(RobotFault, match=r"call open\(\) first"):
        link.snapshot()


def test_a_robot_without_usable_samples_is_refused_and_released():
    driver = MockDriver(BERT)
    driver.nan(10_000)
    link = LocalLink(driver, ControlSettings())
    with pytest.raises(RobotFault, match="no usable sample of 'bert'"):
        link.open()
    assert not [c for _, c in driver.written if not is_soft(c)]
    assert_released(driver)


def test_a_robot_that_lacks_what_is_required_is_refused_and_released():
    driver = MockDriver(BERT)
    link = LocalLink(driver, ControlSettings(require=("foot_forces",)))
    with pytest.raises(RobotFault, match="does not tell foot_forces"):
        link.open()
    assert_released(driver)


def test_with_a_real_clock_missed_ticks_are_left_out():
    class Slow(MockDriver):
        def read(self):
            self.clock._now += 0.0051  # as if the computer had been busy
            return super().read()

    driver = Slow(BERT)
    link = LocalLink(driver, ControlSettings())
    link.open()
    link.wait_until(1.0)
    assert link.snapshot().tick < 200
    link.close()


def test_a_simulated_robot_stands_up_as_high_again_after_sitting_down():
    driver = SimDriver(BERT)
    link = LocalLink(driver, ControlSettings(stand_time=1.0, sit_time=1.0))
    link.open()
    heights = []
    for request, mode in 2 * ((Request.STAND, Mode.READY), (Request.SIT, Mode.IDLE)):
        link.request(request)
        deadline = link.clock.now() + 5.0
        while link.snapshot().mode is not mode and link.clock.now() < deadline:
            link.wait_until(link.clock.now() + 0.02)
        assert link.snapshot().mode is mode
        link.wait_until(link.clock.now() + 0.3)
        heights.append(driver.body.ground_truth().height)
    link.close()
    up, down, up_again, down_again = heights
    assert up > 0.9 * BERT.standing_height
    assert up_again == pytest.approx(up, abs=0.005)
    assert max(down, down_again) < 0.5 * BERT.standing_height
