"""An installed third party's modules, policies and VecEnv wrappers become part of a graph."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest
from stable_baselines3 import PPO

from rl_zoo.deploy.graph.build import build_network
from rl_zoo.deploy.graph.preprocess import preprocessing_of
from tests.deploy.graph.conftest import (
    SQUARE,
    UNEVEN,
    VECTOR,
    differences,
    graph_actions,
    make_env,
    random_observations,
    shaken,
)

SITE = Path(__file__).parent / "site"


@pytest.fixture
def graphs(monkeypatch):
    monkeypatch.syspath_prepend(str(SITE))
    for name in ("rl_zoo_example", "rl_zoo_example.graphs"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return importlib.import_module("rl_zoo_example.graphs")


def test_a_module(graphs):
    env = make_env(VECTOR, SQUARE)
    agent = PPO("MlpPolicy", env, policy_kwargs={"activation_fn": graphs.Sine}, device="cpu")
    assert differences(shaken(agent), env).max() < 5e-6


def test_a_policy(graphs):
    env = make_env(VECTOR, type(SQUARE)(-1.0, 1.0, (1,), np.float32))
    policy = graphs.SumPolicy(VECTOR, env.action_space)
    built = build_network(policy, preprocessing_of(env))
    observations = random_observations(VECTOR)
    expected, _ = policy.predict(observations)
    assert np.allclose(graph_actions(built, observations), expected, atol=1e-6)


def test_a_vec_env_wrapper(graphs):
    env = graphs.HalvedVecEnv(make_env(VECTOR, UNEVEN))
    agent = shaken(PPO("MlpPolicy", env, device="cpu"))
    observations = random_observations(VECTOR)
    built = build_network(agent.policy, preprocessing_of(env))
    expected, _ = agent.predict(0.5 * observations, deterministic=True)
    assert np.allclose(graph_actions(built, observations), expected, atol=5e-6)
