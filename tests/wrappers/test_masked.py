"""Hidden velocities, as a wrapper and as environments of their own."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from rl_zoo.envs.ids import is_known_builtin, register_environments, require_env
from rl_zoo.errors import ConfigError, MissingDependencyError
from rl_zoo.wrappers.mask_velocity import MaskVelocityWrapper
from rl_zoo.wrappers.masked_ids import (
    MASKED_ENVIRONMENTS,
    VELOCITY_INDICES,
    register_masked_environments,
)

INSTALLED = [env_id for env_id in VELOCITY_INDICES if not env_id.startswith("LunarLander")]


@pytest.mark.parametrize("env_id", INSTALLED)
def test_velocities_are_zero_and_the_rest_is_untouched(env_id):
    plain, masked = gym.make(env_id), MaskVelocityWrapper(gym.make(env_id))
    plain.action_space.seed(0)
    plain.reset(seed=0)
    masked.reset(seed=0)
    for _ in range(5):
        action = plain.action_space.sample()
        full, hidden = plain.step(action)[0], masked.step(action)[0]
    velocities = list(VELOCITY_INDICES[env_id])
    assert np.all(full[velocities] != 0)
    expected = full.copy()
    expected[velocities] = 0
    np.testing.assert_array_equal(hidden, expected)
    assert masked.observation_space == plain.observation_space
    assert masked.observation_space.contains(hidden)


@pytest.mark.parametrize(("env_id", "indices"), [("CartPole-v1", [1, 3]), ("Pendulum-v1", [2])])
def test_a_nan_in_a_hidden_entry_is_not_hidden(env_id, indices):
    env = MaskVelocityWrapper(gym.make(env_id))
    observation = np.full(env.observation_space.shape, np.nan, dtype=np.float32)
    assert np.isnan(env.observation(observation)[indices]).all()


def test_another_environment_is_refused():
    with pytest.raises(ConfigError, match="'Acrobot-v1' has its velocities"):
        MaskVelocityWrapper(gym.make("Acrobot-v1"))


def test_lunar_lander_hides_speeds_and_spin():
    from gymnasium.spaces import Box

    class Lander(gym.Env):
        observation_space, action_space = Box(-9, 9, (8,)), Box(-1, 1, (2,))
        spec = gym.spec("LunarLander-v3")

    env = MaskVelocityWrapper(Lander())
    observation = np.arange(1, 9, dtype=np.float32)
    assert env.observation(observation).tolist() == [1, 2, 0, 0, 5, 0, 7, 8]


def test_register_environments_adds_all_six_and_twice_is_fine():
    register_environments()
    register_masked_environments()
    assert set(MASKED_ENVIRONMENTS) <= set(gym.registry)
    assert set(MASKED_ENVIRONMENTS) == {
        "CartPoleNoVel-v1",
        "LunarLanderNoVel-v3",
        "LunarLanderContinuousNoVel-v3",
        "MountainCarNoVel-v0",
        "MountainCarContinuousNoVel-v0",
        "PendulumNoVel-v1",
    }
    assert all(is_known_builtin(env_id) for env_id in MASKED_ENVIRONMENTS)


@pytest.mark.parametrize("env_id", INSTALLED)
def test_masked_environments_have_the_limits_of_the_original(env_id):
    register_environments()
    masked_id = env_id.replace("-v", "NoVel-v")
    require_env(masked_id)
    env = gym.make(masked_id, max_episode_steps=3)
    assert gym.spec(masked_id).max_episode_steps == gym.spec(env_id).max_episode_steps
    assert gym.spec(masked_id).reward_threshold == gym.spec(env_id).reward_threshold
    observation, _ = env.reset(seed=0)
    assert observation[list(VELOCITY_INDICES[env_id])].tolist() == pytest.approx(
        [0.0] * len(VELOCITY_INDICES[env_id])
    )
    ends = [env.step(env.action_space.sample())[3] for _ in range(3)]
    assert ends == [False, False, True]


def test_the_time_limit_can_be_raised():
    register_environments()
    env = gym.make("MountainCarNoVel-v0", max_episode_steps=210)
    env.reset(seed=0)
    assert [env.step(1)[3] for _ in range(210)].index(True) == 209


def test_keywords_and_render_mode_reach_the_environment():
    register_environments()
    env = gym.make("PendulumNoVel-v1", g=3.5, render_mode="rgb_array")
    assert env.unwrapped.g == 3.5
    assert env.render_mode == "rgb_array"


def test_a_missing_package_is_named(monkeypatch):
    register_environments()

    def absent(*_args, **_kwargs):
        raise gym.error.DependencyNotInstalled("Box2D is not installed")

    monkeypatch.setattr(gym.envs.registration, "load_env_creator", _only_masked(absent))
    with pytest.raises(MissingDependencyError, match=r"'LunarLander-v3'.*Box2D"):
        gym.make("LunarLanderNoVel-v3")


def _only_masked(otherwise):
    from rl_zoo.wrappers.masked_ids import make_masked

    return lambda path: make_masked if path.startswith("rl_zoo") else otherwise
