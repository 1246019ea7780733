"""Short names, the zoo's paths, and what is imported when."""

from __future__ import annotations

import subprocess
import sys

import gymnasium as gym
import pytest

from rl_zoo.errors import ConfigError
from rl_zoo.wrappers.registry import VEC_ENV_WRAPPERS, WRAPPERS


def test_importing_the_registries_imports_nothing_heavy():
    code = (
        "import sys, rl_zoo.wrappers.registry, rl_zoo.callbacks.registry, rl_zoo.envs.ids;"
        "sys.exit(any(m in sys.modules for m in ('gymnasium', 'numpy', 'torch')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("name", WRAPPERS.built_in_names())
def test_every_wrapper_name_leads_to_a_gymnasium_wrapper(name):
    assert issubclass(WRAPPERS.load(name), gym.Wrapper)


@pytest.mark.parametrize("name", VEC_ENV_WRAPPERS.built_in_names())
def test_every_vec_env_wrapper_name_leads_to_one(name):
    from stable_baselines3.common.vec_env import VecEnvWrapper

    assert issubclass(VEC_ENV_WRAPPERS.load(name), VecEnvWrapper)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("rl_zoo3.wrappers.HistoryWrapper", "HistoryWrapper"),
        ("rl_zoo3.wrappers.HistoryWrapperObsDict", "HistoryWrapperObsDict"),
        ("rl_zoo3.wrappers.FrameSkip", "FrameSkip"),
        ("rl_zoo3.wrappers.DelayedRewardWrapper", "DelayedRewardWrapper"),
        ("rl_zoo3.wrappers.TruncatedOnSuccessWrapper", "TruncatedOnSuccessWrapper"),
        ("rl_zoo3.wrappers.ActionNoiseWrapper", "ActionNoiseWrapper"),
        ("rl_zoo3.wrappers.ActionSmoothingWrapper", "ActionSmoothingWrapper"),
        ("rl_zoo3.wrappers.MaskVelocityWrapper", "MaskVelocityWrapper"),
        ("rl_zoo3.wrappers.YAMLCompatResizeObservation", "YAMLCompatResizeObservation"),
        ("rl_zoo3.wrappers.TimeFeatureWrapper", "TimeFeatureWrapper"),
        ("sb3_contrib.common.wrappers.TimeFeatureWrapper", "TimeFeatureWrapper"),
        ("utils.wrappers.DoneOnSuccessWrapper", "TruncatedOnSuccessWrapper"),
        ("stable_baselines3.common.atari_wrappers.AtariWrapper", "AtariWrapper"),
        ("gymnasium.wrappers.time_limit.TimeLimit", "TimeLimit"),
        ("gymnasium.wrappers.transform_observation.GrayscaleObservation", "GrayscaleObservation"),
        ("gym.wrappers.gray_scale_observation.GrayScaleObservation", "GrayscaleObservation"),
        ("gymnasium.wrappers.ResizeObservation", "YAMLCompatResizeObservation"),
    ],
)
def test_paths_of_the_zoo_lead_to_the_short_name(path, name):
    assert WRAPPERS.locate(path) == WRAPPERS.locate(name)
    assert WRAPPERS.is_registered(path)


def test_vec_frame_stack_by_path_is_registered():
    path = "stable_baselines3.common.vec_env.VecFrameStack"
    assert VEC_ENV_WRAPPERS.locate(path) == VEC_ENV_WRAPPERS.locate("VecFrameStack")


def test_a_mistyped_name_gets_the_nearest():
    with pytest.raises(ConfigError, match="unknown wrapper 'HistoryWraper'; did you mean 'History"):
        WRAPPERS.locate("HistoryWraper")


@pytest.mark.parametrize(
    ("name", "kwargs", "env_id"),
    [
        ("TimeLimit", {"max_episode_steps": 5}, "Pendulum-v1"),
        ("RescaleAction", {"min_action": -1.0, "max_action": 1.0}, "Pendulum-v1"),
        ("RescaleAction", {"min_action": -1, "max_action": 1}, "Pendulum-v1"),
        ("ClipAction", {}, "Pendulum-v1"),
        ("FlattenObservation", {}, "Pendulum-v1"),
        ("RescaleObservation", {"min_obs": 0.0, "max_obs": 1.0}, "Pendulum-v1"),
        ("DtypeObservation", {"dtype": "float64"}, "Pendulum-v1"),
        ("FrameStackObservation", {"stack_size": 3}, "Pendulum-v1"),
        ("StickyAction", {"repeat_action_probability": 0.5}, "Pendulum-v1"),
        ("RepeatAction", {"num_repeats": 2}, "Pendulum-v1"),
        ("DelayObservation", {"delay": 2}, "Pendulum-v1"),
        ("TimeAwareObservation", {}, "Pendulum-v1"),
        ("DiscretizeAction", {"bins": 5}, "Pendulum-v1"),
        ("ClipReward", {"min_reward": -1.0}, "Pendulum-v1"),
        ("TimeFeatureWrapper", {"max_steps": 200}, "Pendulum-v1"),
    ],
)
def test_wrappers_of_others_work_with_what_yaml_can_say(name, kwargs, env_id):
    env = WRAPPERS.load(name)(gym.make(env_id), **kwargs)
    observation, _ = env.reset(seed=0)
    assert env.observation_space.contains(observation)
    assert env.observation_space.contains(env.step(env.action_space.sample())[0])
    env.close()
