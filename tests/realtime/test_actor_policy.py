"""The actor's policy in numpy against the agent's own ``predict``."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium import spaces
from sb3_contrib import TQC, CrossQ
from stable_baselines3 import DDPG, SAC, TD3
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from rl_zoo.agents.droq import DroQ
from rl_zoo.errors import ConfigError
from rl_zoo.realtime.actor_parameters import actor_parameters
from rl_zoo.realtime.actor_policy import ActorPolicy
from rl_zoo.realtime.parameters import ParameterReader, ParameterWriter, create_parameter_memory


class _Walker(gym.Env[Any, Any]):
    observation_space = spaces.Box(-np.inf, np.inf, (5,), np.float32)
    action_space = spaces.Box(np.array([-1.0, -2.0, 0.0]), np.array([1.0, 3.0, 0.5]), (3,))

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        return np.zeros(5, np.float32), {}

    def step(self, action: Any) -> Any:
        return self.np_random.normal(size=5).astype(np.float32), 0.0, False, False, {}


_CASES: dict[str, tuple[Any, dict[str, Any]]] = {
    "sac": (SAC, {}),
    "sac tanh": (SAC, {"policy_kwargs": {"activation_fn": torch.nn.Tanh, "net_arch": [16, 8]}}),
    "sac elu": (SAC, {"policy_kwargs": {"activation_fn": torch.nn.ELU, "net_arch": [16]}}),
    "sac silu": (SAC, {"policy_kwargs": {"activation_fn": torch.nn.SiLU, "net_arch": [16]}}),
    "sac gelu": (SAC, {"policy_kwargs": {"activation_fn": torch.nn.GELU, "net_arch": [16]}}),
    "sac leaky": (SAC, {"policy_kwargs": {"activation_fn": torch.nn.LeakyReLU, "net_arch": [16]}}),
    "sac linear": (SAC, {"policy_kwargs": {"net_arch": []}}),
    "sac gsde": (SAC, {"use_sde": True, "policy_kwargs": {"net_arch": [16]}}),
    "tqc gsde": (TQC, {"use_sde": True, "policy_kwargs": {"net_arch": [16], "clip_mean": 0.05}}),
    "tqc": (TQC, {}),
    "droq": (DroQ, {}),
    "crossq": (CrossQ, {"policy_kwargs": {"net_arch": {"pi": [16, 16], "qf": [16]}}}),
    "td3": (TD3, {}),
    "ddpg": (DDPG, {"policy_kwargs": {"net_arch": [16]}}),
}


@pytest.fixture(params=list(_CASES))
def agent(request: pytest.FixtureRequest) -> Any:
    kind, keywords = _CASES[request.param]
    env = VecNormalize(DummyVecEnv([_Walker]), clip_obs=3.0)
    made = kind("MlpPolicy", env, seed=1, buffer_size=10, **keywords)
    generator = np.random.default_rng(2)
    env.obs_rms.mean = generator.normal(size=5)
    env.obs_rms.var = generator.uniform(0.1, 4.0, size=5)
    with torch.no_grad():
        for name, value in made.policy.state_dict().items():
            if value.dtype.is_floating_point and "log_std" not in name:
                value += 0.1 * torch.rand(value.shape)  # biases, statistics: nothing stays zero
    made.policy.set_training_mode(False)
    return made


def _published(agent: Any) -> Any:
    descriptor = create_parameter_memory()
    ParameterWriter(descriptor).publish(*actor_parameters(agent), 7)
    return ParameterReader(descriptor).newest()


def test_deterministic_actions_are_those_of_the_agent(agent: Any) -> None:
    policy = ActorPolicy(_published(agent), np.random.default_rng(0))
    assert policy.version == 7
    normalizer = agent.get_vec_normalize_env()
    for observation in np.random.default_rng(3).normal(scale=3.0, size=(100, 5)):
        raw = observation.astype(np.float32)
        wanted, _ = agent.predict(normalizer.normalize_obs(raw), deterministic=True)
        found = policy.act(raw, deterministic=True)
        np.testing.assert_allclose(found, agent.policy.scale_action(wanted), atol=2e-6)


class _Fixed:
    """In the place of a generator: always the same noise."""

    def __init__(self, noise: np.ndarray) -> None:
        self.noise = noise

    def standard_normal(self, size: Any, dtype: Any) -> np.ndarray:
        assert np.prod(size) == self.noise.size
        return self.noise.reshape(size)


@pytest.mark.parametrize("agent", ["sac", "tqc", "droq", "crossq"], indirect=True)
def test_noise_enters_as_in_the_agent(agent: Any) -> None:
    """tanh(mean + std * noise) with mean and std of the PyTorch actor."""
    noise = np.array([0.5, -1.5, 2.0], np.float32)
    generator: Any = _Fixed(noise)
    policy = ActorPolicy(_published(agent), generator)
    observation = np.array([1.0, -2.0, 0.5, 3.0, -0.1], np.float32)
    normalized = agent.get_vec_normalize_env().normalize_obs(observation)
    with torch.no_grad():
        mean, log_std, _ = agent.actor.get_action_dist_params(torch.tensor(normalized)[None])
    wanted = torch.tanh(mean + log_std.exp() * torch.tensor(noise))[0].numpy()
    np.testing.assert_allclose(policy.act(observation), wanted, atol=2e-6)


@pytest.mark.parametrize("agent", ["sac gsde", "tqc gsde"], indirect=True)
def test_exploration_of_gsde_is_a_function_of_the_state(agent: Any) -> None:
    std = agent.actor.get_std().detach().numpy()
    noise = np.random.default_rng(5).standard_normal(std.size).astype(np.float32)
    generator: Any = _Fixed(noise)
    policy = ActorPolicy(_published(agent), generator)
    agent.actor.action_dist.exploration_mat = torch.tensor(std * noise.reshape(std.shape))
    normalizer = agent.get_vec_normalize_env()
    for observation in np.random.default_rng(4).normal(size=(20, 5)).astype(np.float32):
        with torch.no_grad():
            batch = torch.tensor(normalizer.normalize_obs(observation))[None]
            mean, _, more = agent.actor.get_action_dist_params(batch)
            sde = more["latent_sde"] @ agent.actor.action_dist.exploration_mat
        wanted = torch.tanh(mean + sde)[0].numpy()
        np.testing.assert_allclose(policy.act(observation), wanted, atol=5e-6)


@pytest.mark.parametrize(
    ("train_freq", "sample_freq", "changes"),
    [
        (4, -1, [0, 4, 8]),  # at the start of each rollout
        (4, 3, [0, 3, 4, 7, 8]),
        ((1, "episode"), -1, [0, 6]),  # the second episode begins at step 6
        ((1, "episode"), 4, [0, 4, 6]),
    ],
)
def test_the_exploration_matrix_changes_when_sb3_draws_another(
    train_freq: Any, sample_freq: int, changes: list[int]
) -> None:
    agent = SAC(
        "MlpPolicy",
        DummyVecEnv([_Walker]),
        use_sde=True,
        sde_sample_freq=sample_freq,
        train_freq=train_freq,
        buffer_size=10,
        seed=0,
    )
    generator = np.random.default_rng(0)
    policy, observation = None, np.ones(5, np.float32)
    found, last = [], None
    for step in range(10):
        policy = ActorPolicy(_published(agent), generator).follow(policy)  # new at every step
        if step == 6:
            policy.begin_episode()
        action = np.array(policy.act(observation))
        if last is None or not np.array_equal(action, last):
            found.append(step)
        last = action
    assert found == changes


def test_an_unknown_module_is_named() -> None:
    keywords = {"activation_fn": torch.nn.Softsign, "net_arch": [8]}
    agent = SAC("MlpPolicy", DummyVecEnv([_Walker]), policy_kwargs=keywords, buffer_size=10)
    with pytest.raises(ConfigError, match="does not know the module Softsign"):
        actor_parameters(agent)


_FIRST_ACTION = """
import resource
import numpy as np
from rl_zoo.realtime.actor_policy import ActorPolicy, prepare_products
from rl_zoo.realtime.parameters import Published
from rl_zoo.robots.control.realtime import lock_memory

n, told = 256, {"normalization": None, "kind": "deterministic", "mean": [["Linear", "w", "b"]]}
arrays = {"w": np.ones((n, n), np.float32), "b": np.ones(n, np.float32)}
policy = ActorPolicy(Published(1, told, arrays), np.random.default_rng(0))
observation = np.zeros(n, np.float32)
prepare_products()
refused = lock_memory()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
policy.act(observation)
faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
print("refused" if refused else faults)
"""


def test_the_first_action_takes_no_memory_in_a_process_whose_memory_is_locked() -> None:
    command = [sys.executable, "-c", _FIRST_ACTION]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    if told == "refused":
        pytest.skip("this user may not lock memory")
    assert int(told) < 100  # pages; 8000 with the work memory of the matrix library
