"""The native learner beside the real ``train()``: same seeds, same weights, to rounding."""

import numpy as np
import pytest
from sb3_contrib import TQC
from stable_baselines3 import DDPG, SAC, TD3

from rl_zoo.agents.droq import DroQ
from rl_zoo.agents.native.backend import enable_native
from tests.agents.native.native_agents import largest_difference, make_agent, seed_all, state_of

N_UPDATES = 50
NO_DROPOUT = {"dropout_rate": 0.0}

CASES = [
    (SAC, {}, ""),
    (SAC, {"normalize": True, "n_envs": 3}, ""),
    (SAC, {"normalize": True, "dtype": np.float64}, ""),
    (SAC, {"ent_coef": 0.2, "gamma": 0.9, "tau": 0.3, "target_update_interval": 3}, ""),
    (SAC, {"n_steps": 3}, ""),
    (SAC, {"policy_kwargs": {"net_arch": [40], "n_critics": 3}, "batch_size": 5}, ""),
    (SAC, {"policy_kwargs": {"net_arch": {"pi": [8, 70, 9], "qf": [33, 34]}}}, ""),
    (
        SAC,
        {"policy_kwargs": {"optimizer_kwargs": {"weight_decay": 0.01, "betas": (0.8, 0.99)}}},
        "",
    ),
    (SAC, {"ent_coef": "auto_0.1", "target_entropy": -1.0, "batch_size": 33}, ""),
    (SAC, {"policy_kwargs": {"n_critics": 1}}, ""),
    (TQC, {}, "critic"),
    (TQC, {"policy_kwargs": {"n_quantiles": 7, "n_critics": 3}, "normalize": True}, "critic"),
    (TD3, {"learning_rate": 3e-4}, ""),
    (TD3, {"learning_rate": 3e-4, "policy_delay": 3, "target_noise_clip": 0.1}, ""),
    (DDPG, {"learning_rate": 3e-4}, ""),
    (DroQ, {"policy_delay": 4, "policy_kwargs": NO_DROPOUT}, ""),
    (DroQ, {"policy_delay": 1, "policy_kwargs": {**NO_DROPOUT, "layer_norm": False}}, ""),
]


def both_after_updates(algorithm, kwargs, n_updates=N_UPDATES):
    states, logs = [], []
    for native in (False, True):
        agent = make_agent(algorithm, **{"batch_size": 64, **kwargs})
        agent.fast_updates = False
        if native:
            assert enable_native(agent) is None
        seed_all()
        agent.train(n_updates, agent.batch_size)
        agent.train(1, agent.batch_size)
        states.append(state_of(agent))
        logs.append(dict(agent.logger.name_to_value))
    return states, logs


@pytest.mark.parametrize(("algorithm", "kwargs", "part"), CASES)
def test_weights_and_moments_are_those_of_the_real_train(algorithm, kwargs, part):
    (real, native), (real_log, native_log) = both_after_updates(algorithm, kwargs)
    difference, name = largest_difference(real, native, part)
    assert difference <= 1e-5, name
    assert native_log.keys() == real_log.keys()
    for key, value in real_log.items():
        assert native_log[key] == pytest.approx(value, rel=1e-3, abs=1e-4), key


def test_updates_change_every_weight():
    untouched = state_of(make_agent(SAC))
    (_, native), _ = both_after_updates(SAC, {})
    for name, value in untouched.items():
        assert not np.array_equal(value, native[name]), name
