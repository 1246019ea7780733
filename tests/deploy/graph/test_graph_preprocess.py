"""Observations of every kind reach the policy as through SB3's VecEnv."""

from __future__ import annotations

import numpy as np
import pytest
from gymnasium import spaces
from sb3_contrib import TQC
from stable_baselines3 import DQN, PPO, SAC
from stable_baselines3.common.vec_env import VecCheckNan, VecEnvWrapper, VecExtractDictObs

from rl_zoo.config.model import Normalize, RunConfig
from rl_zoo.deploy.graph.build import build_network
from rl_zoo.deploy.graph.preprocess import Preprocessing, preprocessing_of
from rl_zoo.envs.stack import StackSettings, make_vec_env
from rl_zoo.errors import ConfigError
from tests.deploy.graph.conftest import (
    SQUARE,
    VECTOR,
    differences,
    graph_actions,
    graph_of,
    make_env,
    normalized,
    original_actions,
    random_observations,
    shaken,
)

CLOSE = 5e-6
MATRIX = spaces.Box(-np.inf, np.inf, (2, 3), np.float64)
PARTS = spaces.Dict(
    {
        "speeds": VECTOR,
        "choice": spaces.Discrete(3),
        "grid": MATRIX,
        "buttons": spaces.MultiBinary(2),
        "levels": spaces.MultiDiscrete([2, 4]),
        "steps": spaces.Box(0, 100, (2,), np.int32),
    }
)


class PassedOn(VecEnvWrapper):
    """A third party's wrapper."""

    def reset(self):
        return self.venv.reset()

    def step_wait(self):
        return self.venv.step_wait()


def agent_in(env, algorithm=PPO, **kwargs):
    is_dict = isinstance(env.observation_space, spaces.Dict)
    policy = "MultiInputPolicy" if is_dict else "MlpPolicy"
    return shaken(algorithm(policy, env, device="cpu", seed=0, **kwargs))


@pytest.mark.parametrize(
    "space",
    [
        spaces.Discrete(4),
        spaces.MultiDiscrete([3, 2]),
        spaces.MultiBinary(3),
        spaces.MultiBinary([2, 3]),
        spaces.Box(-np.inf, np.inf, (3,), np.float64),
        spaces.Box(0, 200, (3,), np.uint8),
        MATRIX,
    ],
    ids=str,
)
def test_a_space(space):
    env = make_env(space, SQUARE)
    assert differences(agent_in(env), env).max() < CLOSE


@pytest.mark.parametrize(
    "space", [MATRIX, spaces.Box(-5, 100, (3,), np.int16)], ids=["double", "integers"]
)
def test_a_normalised_space(space):
    env = normalized(make_env(space, SQUARE))
    assert differences(agent_in(env), env).max() < CLOSE


@pytest.mark.parametrize("algorithm", [PPO, SAC, TQC])
@pytest.mark.parametrize("keys", [None, ["grid"], ["speeds", "grid", "steps"]], ids=str)
def test_parts_of_a_dictionary(algorithm, keys):
    env = make_env(PARTS, SQUARE)
    if keys is not None:
        env = normalized(env, norm_obs_keys=keys)
    assert differences(agent_in(env, algorithm), env).max() < CLOSE


def test_a_dictionary_with_separate_extractors():
    env = normalized(make_env(PARTS, SQUARE), norm_obs_keys=["speeds"])
    agent = agent_in(env, policy_kwargs={"share_features_extractor": False})
    assert differences(agent, env).max() < CLOSE


def test_one_entry_of_a_dictionary():
    inner = VecCheckNan(make_env(PARTS, spaces.Discrete(3)))
    env = normalized(VecExtractDictObs(inner, "speeds"))
    agent = agent_in(env, DQN, buffer_size=10)
    built = graph_of(agent, env)
    assert [item.key for item in built.layout.inputs] == list(PARTS.spaces)
    observations = random_observations(PARTS)
    theirs = original_actions(agent, env, observations["speeds"])
    assert np.array_equal(graph_actions(built, observations), theirs)


def test_normalisation_is_exact():
    """The first numbers after normalisation are those of numpy, bit for bit."""
    from rl_zoo.deploy.graph.builder import GraphBuilder

    env = normalized(make_env(VECTOR, SQUARE), clip_obs=2.0)
    builder = GraphBuilder()
    value = builder.input("observation", VECTOR.shape, VECTOR.dtype)
    (result,) = preprocessing_of(env).add_to(builder, {"observation": value}).values()
    builder.set_output(result)
    observations = random_observations(VECTOR, 5000)
    expected = env.normalize_obs(observations)
    assert np.array_equal(graph_actions(builder.build(), observations), expected)
    assert np.mean(np.abs(expected) == 2.0) > 0.1


def test_the_stack_of_a_run():
    config = RunConfig("sac", "Pendulum-v1", 100, "MlpPolicy", normalize=Normalize(clip_obs=5.0))
    env = make_vec_env(config, StackSettings(mode="evaluate"))
    try:
        env.obs_rms.mean[:] = [0.3, -0.2, 1.5]
        env.obs_rms.var[:] = [0.4, 0.1, 9.0]
        agent = shaken(SAC("MlpPolicy", env, buffer_size=10, device="cpu"))
        assert differences(agent, env).max() < CLOSE
    finally:
        env.close()


def test_a_vec_env_wrapper_without_graph_is_named():
    env = PassedOn(make_env(VECTOR, SQUARE))
    with pytest.raises(ConfigError, match=r"unknown VecEnv wrapper tests\.PassedOn") as caught:
        preprocessing_of(env)
    assert "'rl_zoo.graph_vec_env_wrappers'" in str(caught.value)


def test_an_agent_of_another_stack_is_refused():
    agent = agent_in(make_env(VECTOR, SQUARE))
    with pytest.raises(ConfigError, match=r"shape \(5,\); it would get \(2, 3\)"):
        build_network(agent.policy, Preprocessing(MATRIX))
    with pytest.raises(ConfigError, match="it would get buttons, choice"):
        build_network(agent.policy, Preprocessing(PARTS))


def test_weights_that_are_nan_are_refused():
    agent = agent_in(make_env(VECTOR, SQUARE))
    agent.policy.action_net.bias.data[0] = float("nan")
    with pytest.raises(ConfigError, match="weights of the policy are NaN"):
        build_network(agent.policy, Preprocessing(VECTOR))


def test_a_policy_that_acts_otherwise_is_named():
    env = make_env(VECTOR, SQUARE)
    agent = agent_in(env)

    class Reversed(type(agent.policy)):
        def _predict(self, observation, deterministic=False):
            return -super()._predict(observation, deterministic)

    agent.policy.__class__ = Reversed
    text = "Reversed has another _predict than stable_baselines3.ActorCriticPolicy"
    with pytest.raises(ConfigError, match=text):
        graph_of(agent, env)
