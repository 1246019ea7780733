"""A configuration in SB3's language becomes SBX's keywords, or one sentence."""

from pathlib import Path
from types import MappingProxyType

import numpy as np
import pytest
import torch
import yaml

pytest.importorskip("sbx")

import jax
import optax
import sbx

from rl_zoo.agents.jax.build import check_jax_config
from rl_zoo.agents.jax.keywords import sbx_keywords
from rl_zoo.agents.jax.policy_keywords import activation_of
from rl_zoo.config.model import RunConfig
from rl_zoo.config.resolve import ConfigRequest, resolve
from rl_zoo.config.symbols import ACTIVATIONS
from rl_zoo.errors import ConfigError


def translated(algo, policy="MlpPolicy", **values):
    config = RunConfig(algo, "Env-v0", 100, policy, algo_kwargs=MappingProxyType(values))
    names = {"droq": "SAC", "crossq": "CrossQ"}
    return sbx_keywords(config, getattr(sbx, names.get(algo, algo.upper())), values)


def problems_of(algo, **values):
    with pytest.raises(ConfigError) as caught:
        translated(algo, **values)
    return caught.value.problems


def test_what_both_have_is_passed_on():
    found = translated("sac", gamma=0.98, train_freq=(1, "episode"), ent_coef="auto_0.1")
    assert found.keywords == {
        "gamma": 0.98,
        "train_freq": (1, "episode"),
        "ent_coef": "auto_0.1",
        "policy_kwargs": {},
    }
    assert not found.notes


def test_what_changes_nothing_is_left_out():
    found = translated("tqc", optimize_memory_usage=False, target_update_interval=1)
    assert found.keywords == {"policy_kwargs": {}}
    assert translated("ppo", clip_range_vf=None).keywords == {"policy_kwargs": {}}


def test_what_sbx_lacks_is_refused_at_once():
    problems = problems_of(
        "sac", target_update_interval=2, policy_kwargs={"optimizer_kwargs": {"amsgrad": True}}
    )
    assert problems == [
        "Env-v0.target_update_interval: SBX has no sac with target_update_interval 2; remove it, "
        "or use --backend sb3",
        "Env-v0.policy_kwargs.optimizer_class: Adam of JAX takes no amsgrad; it takes eps, betas",
    ]
    assert "SBX has no dqn with max_grad_norm 10.0" in problems_of("dqn", max_grad_norm=10.0)[0]
    assert "SBX has no ppo with clip_range_vf 0.2" in problems_of("ppo", clip_range_vf=0.2)[0]


def test_a_policy_that_sbx_lacks_is_refused():
    (problem,) = problems_of("sac", policy="CnnPolicy")
    assert problem.startswith("Env-v0.policy: SBX's SAC has no CnnPolicy")
    assert problem.endswith("use --backend sb3")


def test_droq_is_sac_with_our_defaults():
    found = translated("droq", gradient_steps=4)
    assert found.keywords == {
        "learning_starts": 5000,
        "gradient_steps": 4,
        "policy_delay": 20,
        "policy_kwargs": {"dropout_rate": 0.01, "layer_norm": True},
    }


def test_momentum_of_batch_normalisation_is_that_of_the_old_statistics():
    found = translated("crossq", policy_kwargs={"batch_norm_momentum": 0.01})
    assert found.keywords["policy_kwargs"]["batch_norm_momentum"] == 0.99


def test_what_sbx_does_not_look_at_is_told():
    values = {"use_sde": True, "policy_kwargs": {"log_std_init": -3.0}}
    assert translated("sac", **values).notes == [
        "SBX does not look at policy_kwargs log_std_init",
        "use_sde: SBX repeats the same noise, it does not depend on the state",
    ]
    assert len(translated("ppo", **values).notes) == 1  # PPO starts with this deviation


@pytest.mark.parametrize("name", ["Adam", "AdamW", "RAdam", "Adamax"])
def test_an_optimiser_takes_the_same_steps(name):
    """Three steps on a quadratic; PyTorch's own is the independent calculation."""
    policy_kwargs = {
        "optimizer_class": getattr(torch.optim, name),
        "optimizer_kwargs": {"eps": 1e-4, "betas": (0.8, 0.9)},
    }
    ours = translated("sac", policy_kwargs=policy_kwargs).keywords["policy_kwargs"]
    start, rate = np.array([1.0, -2.0, 0.5], dtype=np.float32), 0.1
    weights = torch.nn.Parameter(torch.tensor(start))
    theirs = policy_kwargs["optimizer_class"]([weights], rate, **policy_kwargs["optimizer_kwargs"])
    rule = ours["optimizer_class"](learning_rate=rate, **ours["optimizer_kwargs"])
    values = jax.numpy.asarray(start)
    state = rule.init(values)
    for _ in range(3):
        theirs.zero_grad()
        (weights**2).sum().backward()
        theirs.step()
        changes, state = rule.update(2.0 * values, state, values)
        values = optax.apply_updates(values, changes)
    np.testing.assert_allclose(values, weights.detach().numpy(), rtol=1e-5, atol=1e-6)


def test_activations_compute_what_pytorch_computes():
    points = np.linspace(-6.0, 6.0, 101, dtype=np.float32)
    without = {"GLU", "Hardshrink", "PReLU", "RReLU", "Softshrink", "Tanhshrink"}
    for name in ACTIVATIONS:
        kind = getattr(torch.nn, name)
        if name in without:
            with pytest.raises(ConfigError, match=f"JAX has no {name}"):
                activation_of(kind)
            continue
        expected = kind()(torch.tensor(points)).numpy()
        np.testing.assert_allclose(activation_of(kind)(points), expected, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("algo", ["crossq", "ddpg", "dqn", "droq", "ppo", "sac", "td3", "tqc"])
def test_every_entry_of_ours_is_understood(algo):
    file = Path(__file__).parents[3] / "hyperparams" / f"{algo}.yml"
    for name in yaml.safe_load(file.read_text()):
        if name not in ("default", "atari"):
            check_jax_config(resolve(ConfigRequest(algo, name, file)))
