"""The actor's process acts as SBX does, from arrays and without JAX."""

import json
from types import MappingProxyType

import numpy as np
import pytest
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

pytest.importorskip("sbx")

from rl_zoo.agents.build import BuildSettings, build_agent
from rl_zoo.config.model import RunConfig
from rl_zoo.errors import ConfigError
from rl_zoo.realtime.actor_parameters import actor_parameters
from rl_zoo.realtime.actor_policy import ActorPolicy
from rl_zoo.realtime.parameters import Published
from tests.probe_envs import TinyEnv

CASES = {
    "sac": ("sac", "MlpPolicy", {"net_arch": [16, 8]}),
    "sac-simba": ("sac", "SimbaPolicy", {"net_arch": [8, 8]}),
    "tqc": ("tqc", "MlpPolicy", {"net_arch": [8]}),
    "tqc-simba": ("tqc", "SimbaPolicy", {"net_arch": [8]}),
    "droq": ("droq", "MlpPolicy", {"net_arch": [8, 8]}),
    "crossq": ("crossq", "MlpPolicy", {"net_arch": [8, 8]}),
    "crossq-simba": ("crossq", "SimbaPolicy", {"net_arch": [8]}),
    "td3": ("td3", "MlpPolicy", {"net_arch": [8, 8]}),
    "ddpg": ("ddpg", "MlpPolicy", {"net_arch": [8]}),
}


def make_agent(algo, policy, policy_kwargs):
    """Return an agent with running statistics and batch statistics that are not 0 and 1."""
    import jax

    env = VecNormalize(DummyVecEnv([TinyEnv]), clip_obs=2.0)
    shape = env.observation_space.shape
    env.obs_rms.mean, env.obs_rms.var = np.full(shape, 0.3), np.full(shape, 0.4)
    values = {"policy_kwargs": policy_kwargs, "buffer_size": 10}
    config = RunConfig(algo, "Tiny-v0", 100, policy, algo_kwargs=MappingProxyType(values))
    agent = build_agent(config, env, BuildSettings(seed=0, device="cpu", backend="jax"))
    state = agent.policy.actor_state
    if hasattr(state, "batch_stats"):
        changed = jax.tree_util.tree_map(lambda leaf: leaf + 0.5, state.batch_stats)
        agent.policy.actor_state = state.replace(batch_stats=changed)
    return agent


def published(agent):
    description, arrays = actor_parameters(agent)
    return Published(1, json.loads(json.dumps(description)), arrays)


@pytest.mark.parametrize("case", CASES)
def test_the_actor_acts_as_sbx_does(case):
    agent = make_agent(*CASES[case])
    actor = ActorPolicy(published(agent), np.random.default_rng(0))
    observations = np.random.default_rng(0).normal(0, 2, (20, *agent.observation_space.shape))
    for observation in observations.astype(np.float32):
        normalized = agent.get_vec_normalize_env().normalize_obs(observation)
        action, _ = agent.predict(normalized, deterministic=True)
        expected = agent.policy.scale_action(action)
        found = actor.act(observation, deterministic=True)
        np.testing.assert_allclose(found, expected, rtol=0, atol=2e-6)


class OneGenerator:
    """Draws ones: the noise is the standard deviation."""

    def standard_normal(self, size, dtype):
        return np.ones(size, dtype)


@pytest.mark.parametrize("case", ["sac", "sac-simba", "tqc", "crossq"])
def test_noise_has_the_deviation_of_sbx(case):
    agent = make_agent(*CASES[case])
    actor = ActorPolicy(published(agent), OneGenerator())
    observation = np.full(agent.observation_space.shape, 0.2, np.float32)
    normalized = agent.get_vec_normalize_env().normalize_obs(observation)[None]
    state, more = agent.policy.actor_state, {}
    variables = state.params
    if hasattr(state, "batch_stats"):
        variables = {"params": state.params, "batch_stats": state.batch_stats}
        more = {"train": False}
    gaussian = state.apply_fn(variables, normalized, **more).distribution
    expected = np.tanh(np.asarray(gaussian.mean() + gaussian.stddev()))[0]
    np.testing.assert_allclose(actor.act(observation), expected, rtol=0, atol=2e-6)


def test_a_network_that_is_not_one_of_sbx_is_named():
    agent = make_agent(*CASES["sac"])
    agent.policy.actor = type("MyActor", (), {"__module__": "mine"})()
    with pytest.raises(ConfigError, match=r"does not know the network mine\.MyActor of SBX"):
        actor_parameters(agent)
