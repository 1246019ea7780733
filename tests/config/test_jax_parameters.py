"""Hyperparameters that only SBX has: accepted in every file, refused where SBX does not train."""

import inspect

import pytest

from rl_zoo.agents.algorithms import algorithm_class
from rl_zoo.agents.jax.library import SBX_CLASSES
from rl_zoo.config.jax_parameters import (
    JAX_PARAMETERS,
    JAX_POLICIES,
    JAX_POLICY_KWARGS,
    check_without_jax,
)
from rl_zoo.config.parameters import SET_BY_RUNNER
from rl_zoo.config.resolve import ConfigRequest, resolve
from rl_zoo.errors import ConfigError


def resolved(tmp_path, algo, *params):
    file = tmp_path / "file.yml"
    file.write_text("Env-v0:\n  policy: MlpPolicy\n  n_timesteps: 100\n")
    return resolve(ConfigRequest(algo, "Env-v0", file, params=params))


def test_every_key_of_sbx_is_refused_by_the_other_backends(tmp_path):
    config = resolved(
        tmp_path,
        "sac",
        "policy:SimbaPolicy",
        "policy_delay:2",
        "param_resets:[10, 20]",
        "policy_kwargs.dropout_rate:0.01",
    )
    assert config.algo_kwargs["param_resets"] == [10, 20]
    with pytest.raises(ConfigError) as caught:
        check_without_jax(config)
    assert caught.value.problems == [
        f"Env-v0.{key}: only SBX has it; use --backend jax, or remove it"
        for key in (
            "policy (SimbaPolicy)",
            "param_resets",
            "policy_delay",
            "policy_kwargs.dropout_rate",
        )
    ]


def test_keys_of_sb3_are_not_taken_for_sbx(tmp_path):
    check_without_jax(resolved(tmp_path, "td3", "policy_delay:2"))
    check_without_jax(resolved(tmp_path, "droq", "policy_kwargs.dropout_rate:0.1"))
    check_without_jax(resolved(tmp_path, "ppo", "n_steps:32"))


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("[10, 0]", "must be at least 1, not 0"),
        ("10", "must be a list of steps such as [1000, 5000], not 10"),
    ],
)
def test_steps_of_resets_are_checked(tmp_path, value, said):
    with pytest.raises(ConfigError) as caught:
        resolved(tmp_path, "sac", f"param_resets:{value}")
    assert said in str(caught.value)


def test_a_misspelled_key_of_sbx_is_recognised(tmp_path):
    with pytest.raises(ConfigError, match="did you mean 'qf_learning_rate'"):
        resolved(tmp_path, "sac", "qf_learning_rat:0.1")
    with pytest.raises(ConfigError, match="SimbaPolicy"):
        resolved(tmp_path, "sac", "policy:SimbPolicy")


@pytest.mark.parametrize("algo", SBX_CLASSES)
def test_tables_are_those_of_sbx(algo):
    sbx = pytest.importorskip("sbx")
    theirs, ours = getattr(sbx, SBX_CLASSES[algo]), algorithm_class(algo)
    only_theirs = names(theirs) - names(ours) - {"policy", *SET_BY_RUNNER}
    assert set(JAX_PARAMETERS.get(algo, {})) == only_theirs
    policy, own = theirs.policy_aliases["MlpPolicy"], ours.policy_aliases["MlpPolicy"]
    classes = {"actor_class", "critic_class", "vector_critic_class"}
    set_beside = {"use_sde", "top_quantiles_to_drop_per_net", "clip_mean"}
    only_theirs = names(policy) - names(own) - classes - set_beside
    assert set(JAX_POLICY_KWARGS.get(algo, {})) == only_theirs
    simba = {name for name in theirs.policy_aliases if name.startswith("Simba")}
    assert set(JAX_POLICIES.get(algo, ())) == simba


def names(function):
    return set(inspect.signature(function).parameters)
