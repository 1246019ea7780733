"""Positions instead of torques, compared with the equation written out for each robot by hand."""

import math

import gymnasium as gym
import numpy as np
import pytest

from rl_zoo.errors import ConfigError
from rl_zoo.wrappers.action_smoothing import ActionSmoothingWrapper
from rl_zoo.wrappers.joint_pd import JointPDWrapper

# First entries of qpos and qvel that belong to the action, in the action's order: model files.
ANT_QPOS = [13, 14, 7, 8, 9, 10, 11, 12]
ORDER = {
    "Swimmer-v5": ([3, 4], [3, 4]),
    "Hopper-v5": ([3, 4, 5], [3, 4, 5]),
    "HalfCheetah-v5": (range(3, 9), range(3, 9)),
    "Walker2d-v5": (range(3, 9), range(3, 9)),
    "Ant-v5": (ANT_QPOS, [index - 1 for index in ANT_QPOS]),
}


@pytest.mark.parametrize("env_id", ORDER)
def test_torque_is_that_of_the_equation(env_id):
    positions, velocities = (list(part) for part in ORDER[env_id])
    env = JointPDWrapper(gym.make(env_id), kp=0.8, kd=0.05)
    env.reset(seed=0)
    generator = np.random.default_rng(0)
    seen = []
    for _ in range(20):
        data = env.unwrapped.data
        action = generator.uniform(-1, 1, len(positions)).astype(np.float32)
        wanted = 0.8 * (action - data.qpos[positions]) - 0.05 * data.qvel[velocities]
        expected = np.clip(wanted, -1.0, 1.0)
        *_, terminated, truncated, info = env.step(action)
        seen.append(expected)
        assert info["action_executed"] == pytest.approx(expected, abs=1e-6)
        assert info["action_proposed"] is action
        # MuJoCo saw it too, each number at its actuator.
        assert env.unwrapped.data.ctrl == pytest.approx(expected, abs=1e-6)
        if terminated or truncated:
            env.reset()
    assert np.ptp(seen, axis=0).min() > 0.1


def test_order_of_actuators_is_not_that_of_joints():
    """Push one actuator of Ant: the joint that the model names beside it moves towards it."""
    env = JointPDWrapper(gym.make("Ant-v5"), kp=1.0, kd=0.1)
    env.reset(seed=0)
    action = env.current_action
    action[0] += 0.4  # the hip of the fourth leg
    before = env.joint_positions
    for _ in range(3):
        env.step(action.astype(np.float32))
    moved = np.abs(env.joint_positions - before)
    model = env.unwrapped.model
    assert model.joint(int(model.actuator_trnid[0, 0])).name == "hip_4"
    hips = moved[::2]  # the ankles give way to the weight
    assert hips[0] > 0.2
    assert hips[1:].max() < 0.05


def test_bounds_and_gains_per_joint():
    env = JointPDWrapper(
        gym.make("Swimmer-v5"), kp=[10.0, 0.0], kd=[0.5, 0.0], low=[-1.0, -2.0], high=1.5
    )
    assert env.action_space.low == pytest.approx([-1.0, -2.0])
    assert env.action_space.high == pytest.approx([1.5, 1.5])
    env.reset(seed=0)
    *_, info = env.step(np.array([1.0, 1.0], np.float32))
    assert info["action_executed"] == pytest.approx([1.0, 0.0])  # clipped; no gain
    assert JointPDWrapper(gym.make("Swimmer-v5"), 1, 0).action_space.high[0] == np.float32(math.pi)


def test_smoothing_starts_where_the_joints_are():
    env = ActionSmoothingWrapper(JointPDWrapper(gym.make("Swimmer-v5"), 10, 0.5), 0.9)
    env.reset(seed=0)
    joints = env.unwrapped.data.qpos[-2:].copy()
    assert env.get_wrapper_attr("current_action") == pytest.approx(joints, abs=1e-6)
    env.step(np.array([1.0, -1.0], np.float32))
    smoothed = 0.9 * joints + 0.1 * np.array([1.0, -1.0])
    assert env.get_wrapper_attr("current_action") == pytest.approx(smoothed, abs=1e-6)
    assert env.get_wrapper_attr("dt") == pytest.approx(0.04)


def test_positions_are_actions():
    env = JointPDWrapper(gym.make("Swimmer-v5"), 10, 0.5)
    assert env.action_to_positions([0.1, 0.2]) == pytest.approx([0.1, 0.2])
    assert env.positions_to_action([0.1, 0.2]) == pytest.approx([0.1, 0.2])


@pytest.mark.parametrize(
    ("env_id", "kwargs", "words"),
    [
        ("Pendulum-v1", {"kp": 1, "kd": 0}, "no MuJoCo environment"),
        ("CartPole-v1", {"kp": 1, "kd": 0}, "needs a Box action space"),
        ("Swimmer-v5", {"kp": [1, 2, 3], "kd": 0}, r"kp: \[1, 2, 3\] must be one number or 2"),
        ("Swimmer-v5", {"kp": -1, "kd": 0}, "kp: -1 must be finite and at least 0"),
        ("Swimmer-v5", {"kp": 1, "kd": math.nan}, "kd: nan must be finite"),
        ("Swimmer-v5", {"kp": 1, "kd": "much"}, "kd: 'much' is neither"),
        ("Swimmer-v5", {"kp": 1, "kd": 0, "low": 1, "high": [2, 1]}, "low: 1 is not below high"),
    ],
)
def test_refusals(env_id, kwargs, words):
    with pytest.raises(ConfigError, match=words):
        JointPDWrapper(gym.make(env_id), **kwargs)
