"""A robot that must stop in the middle of a stride puts its feet down instead of tipping over."""

import numpy as np
import pytest

from rl_zoo.motion.oscillator import JointPattern, advance_phase, pattern_positions
from rl_zoo.motion.rotations import tilt
from rl_zoo.robots.bert import BERT
from rl_zoo.robots.control.local_link import LocalLink
from rl_zoo.robots.control.modes import Mode, Request
from rl_zoo.robots.control.settings import ControlSettings
from rl_zoo.robots.drivers.sim import SimDriver

# A trot of 0.5 m/s, found by the open-loop search.
TROT = JointPattern(
    amplitudes=(0.216, -0.784) * 4,
    phases=(0.0, 3.075, 2.931, 0.144, 2.931, 0.144, 0.0, 3.075),
    offsets=(0.574, -0.479) * 4,
    swing_frequency=3.57,
    stance_frequency=4.12,
)
UPRIGHT = 0.35  # rad; a robot that froze fell over to 0.84


@pytest.fixture
def link():
    link = LocalLink(SimDriver(BERT), ControlSettings())
    link.open()
    yield link
    link.close()


def walk(link, n_steps):
    link.request(Request.STAND)
    wait_for(link, {Mode.READY})
    link.request(Request.RUN)
    wait_for(link, {Mode.RUN})
    phases, deadline = np.array(TROT.phases), link.clock.now()
    for _ in range(n_steps):
        phases = advance_phase(phases, TROT.swing_frequency, TROT.stance_frequency, 0.02)
        action = np.clip(pattern_positions(TROT, phases), -1.0, 1.0)
        link.act(BERT.default_pose + BERT.action_ranges * action)
        deadline += 0.02
        link.wait_until(deadline)
    assert link.snapshot().mode is Mode.RUN


def wait_for(link, modes, seconds=8.0):
    """Return the largest tilt on the way (rad)."""
    end, worst = link.clock.now() + seconds, 0.0
    while link.clock.now() < end:
        link.wait_until(link.clock.now() + 0.02)
        worst = max(worst, tilt(link.snapshot().state.orientation))
        if link.snapshot().mode in modes:
            return worst
    raise AssertionError(f"{link.snapshot().mode.name} after {seconds} s, not one of {modes}")


@pytest.mark.parametrize("n_steps", [150, 153, 157])
def test_stops_upright_wherever_its_feet_are(link, n_steps):
    walk(link, n_steps)
    link.request(Request.HOLD)
    link.wait_until(link.clock.now() + 0.8)
    snapshot = link.snapshot()
    assert snapshot.mode is Mode.HOLD
    assert tilt(snapshot.state.orientation) < UPRIGHT
    assert snapshot.command == pytest.approx(BERT.default_pose)
    link.request(Request.STAND)
    assert wait_for(link, {Mode.READY}) < UPRIGHT


def test_sits_down_out_of_a_trot_without_tipping(link):
    walk(link, 155)
    link.request(Request.SIT)
    assert wait_for(link, {Mode.IDLE}) < UPRIGHT


def test_a_learner_that_stops_acting_leaves_it_upright(link):
    walk(link, 151)
    assert wait_for(link, {Mode.IDLE}) < UPRIGHT


def test_a_lying_robot_does_not_jump_up(link):
    link.request(Request.STAND)
    link.wait_until(link.clock.now() + 0.1)
    link.request(Request.HOLD)
    heights = []
    for _ in range(50):
        link.wait_until(link.clock.now() + 0.02)
        heights.append(link.driver.body.ground_truth().height)
    assert max(heights) < 0.1
