"""Weights, optimisers and counters of a model file, read without executing anything from it."""

import gymnasium as gym
import numpy as np
import pytest
import torch
from stable_baselines3 import PPO, SAC

import tests.probe_envs  # noqa: F401
from rl_zoo.agents.weights import has_finite_weights, load_weights, read_counters, save_agent
from rl_zoo.errors import DamagedFileError
from tests.same_runs import assert_same_values, parameters_of


def make(kind=SAC, seed=0, width=8):
    keywords = (
        {"learning_starts": 5, "batch_size": 4}
        if kind is SAC
        else {"n_steps": 16, "batch_size": 16}
    )
    network = {"net_arch": [width]}
    return kind(
        "MlpPolicy", gym.make("Tiny-v0"), policy_kwargs=network, seed=seed, device="cpu", **keywords
    )


@pytest.mark.parametrize("kind", [SAC, PPO])
def test_everything_arrives(kind, tmp_path):
    agent = make(kind).learn(32)
    save_agent(agent, tmp_path / "a.zip")
    other = make(kind, seed=9)
    load_weights(other, tmp_path / "a.zip")
    save_agent(other, tmp_path / "b.zip")
    assert_same_values(parameters_of(tmp_path / "a.zip"), parameters_of(tmp_path / "b.zip"))
    observation = np.zeros(2, np.float32)
    expected, _ = agent.predict(observation, deterministic=True)
    assert np.array_equal(other.predict(observation, deterministic=True)[0], expected)
    assert read_counters(tmp_path / "a.zip")["num_timesteps"] == 32


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda file: file.unlink(), "no such model"),
        (lambda file: file.write_bytes(b"mine"), "not a complete model"),
        (
            lambda file: file.write_bytes(file.read_bytes()[:-2000]),
            "not a complete|holds no weights",
        ),
        (lambda file: save_agent(make(PPO), file), "does not fit a SAC"),
        (lambda file: save_agent(make(width=9), file), "does not fit a SAC"),
    ],
    ids=["missing", "no zip", "truncated", "other algorithm", "other network"],
)
def test_unusable_file(damage, words, tmp_path):
    save_agent(make(), tmp_path / "a.zip")
    damage(tmp_path / "a.zip")
    with pytest.raises(DamagedFileError, match=words):
        load_weights(make(), tmp_path / "a.zip")


def test_finite_weights():
    agent = make()
    assert has_finite_weights(agent)
    with torch.no_grad():
        next(agent.policy.parameters()).view(-1)[0] = float("nan")
    assert not has_finite_weights(agent)
