"""Activations other than ReLU in the native learner: SB3's updates, SB3's actions."""

import numpy as np
import pytest
import torch
from sb3_contrib import TQC
from stable_baselines3 import DDPG, SAC, TD3
from torch import nn

from rl_zoo.agents.droq import DroQ
from rl_zoo.agents.native.acting import NativeActor
from rl_zoo.agents.native.backend import enable_native
from rl_zoo.agents.native.coverage import reason_against
from tests.agents.native.native_agents import largest_difference, make_agent
from tests.agents.native.test_native_lockstep import both_after_updates

ACTIVATIONS = [nn.Tanh, nn.ELU, nn.SiLU, nn.LeakyReLU, nn.GELU]
WIDE = {"net_arch": [40, 30], "log_std_init": -1.0}
CASES = [(SAC, {}, ""), (SAC, {"use_sde": True, "policy_kwargs": WIDE}, "")]
MORE = [
    (TQC, {"policy_kwargs": {"activation_fn": nn.ELU}}, "critic"),
    (TD3, {"learning_rate": 3e-4, "policy_kwargs": {"activation_fn": nn.Tanh}}, ""),
    (DDPG, {"learning_rate": 3e-4, "policy_kwargs": {"activation_fn": nn.SiLU}}, ""),
    (
        SAC,
        {"normalize": True, "batch_size": 33, "policy_kwargs": {"activation_fn": nn.GELU}},
        "",
    ),
]


def with_activation(kwargs, activation):
    policy_kwargs = {**kwargs.get("policy_kwargs", {}), "activation_fn": activation}
    return {**kwargs, "policy_kwargs": policy_kwargs}


@pytest.mark.parametrize(
    ("algorithm", "kwargs", "part"),
    [(a, with_activation(k, f), part) for a, k, part in CASES for f in ACTIVATIONS] + MORE,
)
def test_weights_and_moments_are_those_of_the_real_train(algorithm, kwargs, part):
    (real, native), _ = both_after_updates(algorithm, kwargs)
    difference, name = largest_difference(real, native, part)
    assert difference <= 1e-5, name


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_action_is_that_of_sb3(activation):
    agent = make_agent(TD3, policy_kwargs={"activation_fn": activation})
    observation = np.random.default_rng(0).normal(0, 3, (1, 7)).astype(np.float32)
    with torch.no_grad():
        expected = agent.actor(torch.from_numpy(observation))[0].numpy()
    np.testing.assert_allclose(NativeActor(agent).act(observation), expected, atol=2e-6)


@pytest.mark.parametrize(
    ("algorithm", "activation"),
    [
        (SAC, lambda: nn.LeakyReLU(0.2)),
        (SAC, lambda: nn.ELU(0.5)),
        (SAC, lambda: nn.GELU(approximate="tanh")),
        (SAC, nn.Mish),
        (DroQ, nn.Tanh),
    ],
)
def test_other_activations_are_named(algorithm, activation):
    agent = make_agent(algorithm, policy_kwargs={"activation_fn": activation})
    assert "LeakyReLU" in reason_against(agent)
    assert enable_native(agent) is not None
