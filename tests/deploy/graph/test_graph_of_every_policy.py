"""The graph of every algorithm's policy returns what ``agent.predict`` returns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from sb3_contrib import ARS, QRDQN, TQC, TRPO, CrossQ
from stable_baselines3 import A2C, DDPG, DQN, PPO, SAC, TD3
from stable_baselines3.common.vec_env import VecNormalize

from rl_zoo.agents.droq import DroQ
from tests.deploy.graph.conftest import (
    SQUARE,
    UNEVEN,
    VECTOR,
    differences,
    make_env,
    normalized,
    shaken,
)

CLOSE = 5e-6
SMALL = {"net_arch": [32, 16]}
OFF_POLICY = {"buffer_size": 10, "device": "cpu", "seed": 0}
ON_POLICY = {"device": "cpu", "seed": 0}
DOUBLE = spaces.Box(-1.5, 2.0, (2,), np.float64)
GRID = spaces.Box(-2.0, 3.0, (2, 3), np.float32)

SQUASHED = [
    pytest.param(SAC, {}, id="sac"),
    pytest.param(SAC, {"use_sde": True}, id="sac-sde"),
    pytest.param(
        SAC, {"use_sde": True, "policy_kwargs": {"clip_mean": 0.5, **SMALL}}, id="sac-clip-mean"
    ),
    pytest.param(
        SAC, {"use_sde": True, "policy_kwargs": {"clip_mean": 0.0, **SMALL}}, id="sac-no-clip"
    ),
    pytest.param(SAC, {"policy_kwargs": {"net_arch": []}}, id="sac-linear"),
    pytest.param(TQC, {}, id="tqc"),
    pytest.param(TQC, {"use_sde": True}, id="tqc-sde"),
    pytest.param(CrossQ, {}, id="crossq"),
    pytest.param(CrossQ, {"use_sde": True}, id="crossq-sde"),
    pytest.param(DroQ, {}, id="droq"),
    pytest.param(TD3, {}, id="td3"),
    pytest.param(DDPG, {}, id="ddpg"),
]
ACTOR_CRITIC = [
    pytest.param(PPO, SQUARE, {}, id="ppo-box"),
    pytest.param(PPO, UNEVEN, {}, id="ppo-uneven"),
    pytest.param(PPO, DOUBLE, {}, id="ppo-double"),
    pytest.param(PPO, GRID, {}, id="ppo-grid"),
    pytest.param(PPO, UNEVEN, {"use_sde": True}, id="ppo-sde"),
    pytest.param(
        PPO, UNEVEN, {"use_sde": True, "policy_kwargs": {"squash_output": True}}, id="ppo-squashed"
    ),
    pytest.param(A2C, SQUARE, {"policy_kwargs": {"activation_fn": torch.nn.ELU}}, id="a2c-elu"),
    pytest.param(
        A2C, SQUARE, {"policy_kwargs": {"share_features_extractor": False}}, id="a2c-not-shared"
    ),
    pytest.param(TRPO, UNEVEN, {}, id="trpo"),
]
CHOICES = [
    pytest.param(spaces.Discrete(5), id="discrete"),
    pytest.param(spaces.MultiDiscrete([3, 2, 4]), id="multi-discrete"),
    pytest.param(spaces.MultiBinary(4), id="multi-binary"),
]


def _shaken(algorithm: Any, env: Any, kwargs: dict[str, Any], base: dict[str, Any]) -> Any:
    options = {"policy_kwargs": dict(SMALL), **base, **kwargs}
    return shaken(algorithm("MlpPolicy", env, **options))


@pytest.mark.parametrize(("algorithm", "kwargs"), SQUASHED)
@pytest.mark.parametrize("actions", [SQUARE, UNEVEN], ids=["symmetric", "uneven"])
def test_squashed_actions(algorithm: Any, kwargs: dict[str, Any], actions: spaces.Box) -> None:
    env = normalized(make_env(VECTOR, actions))
    agent = _shaken(algorithm, env, kwargs, OFF_POLICY)
    assert differences(agent, env).max() < CLOSE


@pytest.mark.parametrize(("algorithm", "actions", "kwargs"), ACTOR_CRITIC)
def test_gaussian_actions(algorithm: Any, actions: spaces.Box, kwargs: dict[str, Any]) -> None:
    env = normalized(make_env(VECTOR, actions), clip_obs=3.0, epsilon=0.01)
    agent = _shaken(algorithm, env, kwargs, ON_POLICY)
    assert differences(agent, env).max() < CLOSE


@pytest.mark.parametrize("algorithm", [PPO, A2C, TRPO])
@pytest.mark.parametrize("actions", CHOICES)
def test_choices_of_actor_critics(algorithm: Any, actions: spaces.Space[Any]) -> None:
    env = normalized(make_env(VECTOR, actions))
    assert differences(_shaken(algorithm, env, {}, ON_POLICY), env).max() == 0.0


@pytest.mark.parametrize("algorithm", [DQN, QRDQN])
def test_choices_of_q_networks(algorithm: Any) -> None:
    env = normalized(make_env(VECTOR, spaces.Discrete(4)))
    assert differences(_shaken(algorithm, env, {}, OFF_POLICY), env).max() == 0.0


@pytest.mark.parametrize("policy", ["MlpPolicy", "LinearPolicy"])
@pytest.mark.parametrize("actions", [UNEVEN, spaces.Discrete(3)], ids=["box", "discrete"])
def test_ars(policy: str, actions: spaces.Space[Any]) -> None:
    env = normalized(make_env(VECTOR, actions))
    agent = shaken(ARS(policy, env, device="cpu", seed=0))
    assert differences(agent, env).max() < (CLOSE if isinstance(actions, spaces.Box) else 1e-12)


def test_ars_that_does_not_squash() -> None:
    env = make_env(VECTOR, UNEVEN)
    agent = shaken(ARS("MlpPolicy", env, policy_kwargs={"squash_output": False}, device="cpu"))
    assert differences(agent, env).max() < CLOSE


def test_a_stack_without_normalisation() -> None:
    env = make_env(VECTOR, UNEVEN)
    assert differences(_shaken(SAC, env, {}, OFF_POLICY), env).max() < CLOSE


def test_statistics_of_rewards_only_leave_observations_alone() -> None:
    env = VecNormalize(make_env(VECTOR, UNEVEN), norm_obs=False, training=False)
    assert differences(_shaken(SAC, env, {}, OFF_POLICY), env).max() < CLOSE
