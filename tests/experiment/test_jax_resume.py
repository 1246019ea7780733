"""With ``--backend jax`` a killed and resumed run ends with the same bits as one that was not."""

import numpy as np
import pytest

pytest.importorskip("sbx")

from rl_zoo.agents.jax.agent import read_state
from tests.same_runs import arrays_of, assert_same_run

CASES = {
    "sac": ("sac", "Tiny-v0", ["policy_delay:2", "gradient_steps:3"]),
    "ppo-2-envs": ("ppo", "Tiny-v0", ["n_envs:2", "target_kl:0.02"]),
    "crossq": ("crossq", "Tiny-v0", []),
    "ddpg": ("ddpg", "Tiny-v0", []),
    "dqn": ("dqn", "TinyDiscrete-v0", []),
    "droq": ("droq", "Tiny-v0", []),
    "ppo-discrete": ("ppo", "TinyDiscrete-v0", ["learning_rate:lin_0.003"]),
    "ppo-interrupted": ("ppo", "GappyRing-v0", ["n_envs:2"]),
    "sac-gsde": ("sac", "Tiny-v0", ["use_sde:True"]),
    "sac-n-step": ("sac", "Tiny-v0", ["n_steps:3"]),
    "sac-resets": ("sac", "Tiny-v0", ["param_resets:[100, 200]"]),
    "sac-simba": ("sac", "Tiny-v0", ["policy:SimbaPolicy", "policy_kwargs.net_arch:[8]"]),
    "td3": ("td3", "Tiny-v0", ["n_envs:2"]),
    "tqc": ("tqc", "Tiny-v0", []),
}


@pytest.mark.slow  # JAX compiles for seconds
@pytest.mark.parametrize("case", CASES)
def test_resumed_equals_uninterrupted(case, train, train_run, train_killed, tmp_path):
    algo, env, params = CASES[case]
    more = ("-n", 260, "--save-freq", 65, "--eval-freq", 130, "--backend", "jax")
    straight = train_run(algo, env, *more, params=params, folder=tmp_path / "straight")

    killed = train_killed(straight, 156, algo, env, *more, params=params)

    code, _, err = train("--resume", killed.path)  # the backend is the run's
    assert code == 0, err
    assert_same_run(straight, killed)
    expected, found = read_state(straight.final_model), read_state(killed.final_model)
    assert expected.keys() == found.keys()
    for name, values in expected.items():
        np.testing.assert_array_equal(found[name], values, err_msg=name)
    memory, again = straight.checkpoint_buffer(260), killed.checkpoint_buffer(260)
    if memory.is_file():
        stored = arrays_of(again)
        for name, values in arrays_of(memory).items():
            np.testing.assert_array_equal(stored[name], values, err_msg=name)
