"""Which wrappers go into a bundle, which make no difference, and which stay where they are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces
from sb3_contrib.common.wrappers import TimeFeatureWrapper
from stable_baselines3.common.monitor import Monitor

from rl_zoo.deploy.carried_wrappers import is_neutral, layer_of, observation_space_inside
from rl_zoo.deploy.layer import make_layer
from rl_zoo.errors import DamagedFileError
from rl_zoo.wrappers.action_filter import ActionFilterWrapper
from rl_zoo.wrappers.action_noise import ActionNoiseWrapper
from rl_zoo.wrappers.delayed_reward import DelayedRewardWrapper
from rl_zoo.wrappers.frame_skip import FrameSkip
from rl_zoo.wrappers.history import HistoryWrapper
from rl_zoo.wrappers.joint_pd import JointPDWrapper
from rl_zoo.wrappers.truncated_on_success import TruncatedOnSuccessWrapper
from rl_zoo.wrappers.truncation import TruncationWrapper
from tests.deploy.layer_stacks import (
    RecordingEnv,
    assert_layers_equal_wrappers,
    random_actions,
)

SITE = Path(__file__).parents[1] / "plugins" / "site"

NEUTRAL = {
    "TruncationWrapper": lambda env: TruncationWrapper(env, max_steps=10),
    "TruncatedOnSuccessWrapper": TruncatedOnSuccessWrapper,
    "DelayedRewardWrapper": lambda env: DelayedRewardWrapper(env, 3),
    "ClipReward": lambda env: gym.wrappers.ClipReward(env, -1.0, 1.0),
    "TimeLimit": lambda env: gym.wrappers.TimeLimit(env, 10),
    "OrderEnforcing": gym.wrappers.OrderEnforcing,
    "Monitor": Monitor,
}
STAYING = {
    "TruncationWrapper": lambda env: TruncationWrapper(env, max_steps=10, remaining_time=True),
    "ActionNoiseWrapper": lambda env: ActionNoiseWrapper(env, noise_std=0.1),
    "FrameSkip": lambda env: FrameSkip(env, skip=2),
    "ClipAction": gym.wrappers.ClipAction,
}


@pytest.mark.parametrize("name", NEUTRAL)
def test_neutral_wrappers_change_neither_observation_nor_action(name):
    inner = RecordingEnv()
    env = NEUTRAL[name](inner)
    assert is_neutral(env)
    assert layer_of(env) is None
    observation, _ = env.reset(seed=0)
    np.testing.assert_array_equal(observation, inner.observations[-1])
    for (action,) in random_actions(env, episodes=5, steps=1, scale=1.0):
        observation, *_ = env.step(action)
        np.testing.assert_array_equal(observation, inner.observations[-1])
        np.testing.assert_array_equal(action, inner.actions[-1])


@pytest.mark.parametrize("name", STAYING)
def test_other_wrappers_stay_with_the_environment(name):
    env = STAYING[name](RecordingEnv())
    assert not is_neutral(env)
    assert layer_of(env) is None


def test_wrappers_that_command_torques_stay():
    env = JointPDWrapper(gym.make("Swimmer-v5"), kp=10.0, kd=0.5)
    assert not is_neutral(env)
    assert layer_of(env) is None


def test_a_wrapper_of_somebody_else_with_our_name_is_not_ours():
    other = type("HistoryWrapper", (gym.Wrapper,), {"__module__": "somebody.wrappers"})
    assert layer_of(other(RecordingEnv())) is None
    assert not is_neutral(other(RecordingEnv()))
    assert layer_of(type("Changed", (HistoryWrapper,), {})(RecordingEnv())) is None


def test_reward_wrappers_of_anybody_are_neutral_while_they_only_have_a_reward():
    class Doubled(gym.RewardWrapper):
        def reward(self, reward):
            return 2.0 * float(reward)

    class Curious(Doubled):
        def step(self, action):
            return self.env.step(-action)

    assert is_neutral(Doubled(RecordingEnv()))
    assert not is_neutral(Curious(RecordingEnv()))


def test_a_time_feature_hides_the_space_of_its_environment():
    inside = RecordingEnv().observation_space
    env = TimeFeatureWrapper(RecordingEnv())
    assert env.env.observation_space != inside  # sb3_contrib overwrites it
    assert observation_space_inside(env) == inside
    entries = {"observation": inside, "desired_goal": spaces.Box(-1.0, 1.0, (2,))}
    goal = TimeFeatureWrapper(RecordingEnv(observation_space=spaces.Dict(entries)))
    assert observation_space_inside(goal) == spaces.Dict(entries)
    assert observation_space_inside(HistoryWrapper(RecordingEnv())) == inside


@pytest.fixture
def _plugin(monkeypatch):
    monkeypatch.syspath_prepend(str(SITE))
    for name in ("rl_zoo_example", "rl_zoo_example.dead_zone", "rl_zoo_example_layers"):
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.mark.usefixtures("_plugin")
def test_a_wrapper_of_a_plug_in_brings_its_layer():
    from rl_zoo_example.dead_zone import DeadZoneWrapper

    env = HistoryWrapper(DeadZoneWrapper(ActionFilterWrapper(RecordingEnv()), width=0.4))
    assert layer_of(env.env) == {"kind": "dead_zone", "width": 0.4}
    small = np.array([0.39, 0.41], np.float32)
    assert_layers_equal_wrappers(env, [[small], *random_actions(env)])
    np.testing.assert_array_equal(env.unwrapped.actions[0], small * [0, 1])


def test_without_the_plug_in_its_layer_is_refused():
    with pytest.raises(DamagedFileError, match="holds a layer 'dead_zone'"):
        make_layer({"kind": "dead_zone", "width": 0.4}, "x.onnx")


def test_layers_need_numpy_alone():
    program = (
        "import sys\n"
        "from rl_zoo.deploy.layer import LAYERS\n"
        "for name in LAYERS.built_in_names(): LAYERS.load(name)\n"
        "heavy = {'gymnasium', 'torch', 'stable_baselines3', 'scipy', 'yaml', 'onnx', 'mujoco'}\n"
        "print(sorted(heavy & {name.partition('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr
