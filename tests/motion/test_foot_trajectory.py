"""The ellipse of the foot: extent, direction, and the way through the joints."""

from __future__ import annotations

import numpy as np
import pytest

from rl_zoo.errors import ConfigError
from rl_zoo.motion.cpg import CpgDrive, CpgNetwork, start_state
from rl_zoo.motion.foot_trajectory import FootTrajectory, joint_targets
from rl_zoo.motion.kinematics import foot_position
from rl_zoo.robots.bert import BERT

SHAPE = FootTrajectory(step_length=0.06, clearance=0.03, penetration=0.01)
CYCLE = np.linspace(0.0, 2.0 * np.pi, 20_001)


def test_extent_of_the_ellipse_with_the_amplitude_of_hopf():
    amplitude = np.full_like(CYCLE, np.sqrt(2.0))
    offsets = SHAPE.foot_offsets(CYCLE, amplitude)
    assert np.ptp(offsets[:, 0]) == pytest.approx(2 * 0.03 * np.sqrt(2.0), abs=1e-6)
    assert offsets[:, 2].max() == pytest.approx(0.03, abs=1e-6)
    assert offsets[:, 2].min() == pytest.approx(-0.01, abs=1e-6)
    assert (offsets[:, 1] == 0.0).all()


def test_the_amplitude_scales_the_lift_only_when_asked():
    shape = FootTrajectory(0.06, 0.03, 0.01, amplitude_lifts=True)
    offsets = shape.foot_offsets(CYCLE, np.full_like(CYCLE, 0.5))
    assert offsets[:, 2].max() == pytest.approx(0.015, abs=1e-6)
    assert offsets[:, 2].min() == pytest.approx(-0.005, abs=1e-6)


def test_the_foot_moves_backward_while_it_presses_down():
    offsets = SHAPE.foot_offsets(CYCLE, np.ones_like(CYCLE))
    middle = 0.5 * (offsets[1:] + offsets[:-1])
    forward = np.diff(offsets[:, 0])
    assert (forward[middle[:, 2] < 0.0] < 0.0).all()
    assert (forward[middle[:, 2] > 0.0] > 0.0).all()


def test_a_heading_turns_the_step_to_the_left():
    phase, one = np.array([np.pi]), np.ones(1)
    np.testing.assert_allclose(
        SHAPE.foot_offsets(phase, one, np.pi / 2)[0, :2], [0, 0.03], atol=1e-9
    )


def test_each_leg_may_have_its_own_ellipse():
    shape = FootTrajectory((0.02, 0.04), 0.03, (0.01, 0.02))
    offsets = shape.foot_offsets(np.array([np.pi, np.pi]), np.ones(2))
    np.testing.assert_allclose(offsets[:, 0], [0.01, 0.02])


def test_joints_put_the_feet_there():
    centres = np.array(
        [foot_position(leg, BERT.default_pose[list(BERT.leg_indices(leg))]) for leg in BERT.legs]
    )
    network = CpgNetwork((0.0,) * 4)
    state = start_state([0.0, 1.0, 2.0, 4.0], 1.0)
    speed = CpgDrive(np.ones(4), np.full(4, 3.0), np.full(4, 2.0))
    for _ in range(50):
        wanted = centres + SHAPE.foot_offsets(state.phases, state.amplitudes)
        angles = joint_targets(BERT.legs, wanted)
        reached = [foot_position(leg, a) for leg, a in zip(BERT.legs, angles, strict=True)]
        np.testing.assert_allclose(reached, wanted, atol=1e-9)
        state = network.advance(state, speed, 0.02)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((0.06, -0.01, 0.0), "clearance: -0.01 is negative"),
        ((0.06, 0.01, "x"), "penetration: 'x' is not made of numbers"),
        ((np.nan, 0.01, 0.0), "step_length"),
    ],
)
def test_a_shape_that_makes_no_sense_is_refused(values, message):
    with pytest.raises(ConfigError, match=message):
        FootTrajectory(*values)
