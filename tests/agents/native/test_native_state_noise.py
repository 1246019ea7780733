"""State-dependent exploration (gSDE) in the native learner: SB3's updates, SB3's actions."""

import gymnasium as gym
import numpy as np
import pytest
import torch
from sb3_contrib import TQC
from stable_baselines3 import SAC
from stable_baselines3.common.callbacks import BaseCallback

from rl_zoo.agents.droq import DroQ
from rl_zoo.agents.native.backend import enable_native
from rl_zoo.agents.native.coverage import reason_against
from rl_zoo.errors import NonFiniteError
from tests.agents.native.native_agents import largest_difference, make_agent, state_of
from tests.agents.native.test_native_lockstep import both_after_updates

ACTOR_OF_NO_LAYERS = {"net_arch": {"pi": [], "qf": [20]}}
UNEVEN = {"clip_mean": 0.0, "net_arch": {"pi": [17, 9], "qf": [20]}}
WIDE_NOISE = {"log_std_init": 0.1, "use_expln": True, "net_arch": [3]}

CASES = [
    (SAC, {}, ""),
    (SAC, {"normalize": True, "n_envs": 2, "policy_kwargs": {"use_expln": True}}, ""),
    (SAC, {"policy_kwargs": {"log_std_init": -0.5}}, ""),
    (SAC, {"policy_kwargs": {"clip_mean": 0.05}}, ""),
    (SAC, {"policy_kwargs": UNEVEN, "batch_size": 33}, ""),
    (SAC, {"policy_kwargs": ACTOR_OF_NO_LAYERS, "ent_coef": 0.1}, ""),
    # Far out SB3's artanh of a rounded tanh is rounding itself, in the moments of other weights.
    (SAC, {"policy_kwargs": WIDE_NOISE}, "actor.log_std"),
    (TQC, {}, ""),
    (TQC, {"policy_kwargs": {"n_critics": 3, "log_std_init": -2.0, "use_expln": True}}, ""),
    (DroQ, {"policy_delay": 4, "policy_kwargs": {"dropout_rate": 0.0}}, ""),
]


@pytest.mark.parametrize(("algorithm", "kwargs", "part"), CASES)
def test_weights_and_moments_are_those_of_the_real_train(algorithm, kwargs, part):
    (real, native), (real_log, native_log) = both_after_updates(
        algorithm, {**kwargs, "use_sde": True}
    )
    difference, name = largest_difference(real, native, part)
    assert difference <= 1e-5, name
    assert native_log.keys() == real_log.keys()


def test_spread_is_learned():
    (_, native), _ = both_after_updates(SAC, {"use_sde": True}, 5)
    assert float((native["actor.log_std"] + 3.0).abs().max()) > 1e-3


class Actions(BaseCallback):
    """Keeps what was done."""

    def __init__(self):
        super().__init__()
        self.done = []

    def _on_step(self):
        self.done.append(self.locals["actions"].copy())
        return True


@pytest.mark.parametrize("algorithm", [SAC, TQC])
@pytest.mark.parametrize(("sample_freq", "at_warmup"), [(-1, False), (4, True)])
def test_learning_takes_the_same_actions(algorithm, sample_freq, at_warmup):
    found = []
    for native in (False, True):
        agent = algorithm(
            "MlpPolicy",
            gym.make("Pendulum-v1"),
            use_sde=True,
            sde_sample_freq=sample_freq,
            use_sde_at_warmup=at_warmup,
            train_freq=8,
            gradient_steps=2,
            learning_starts=40,
            buffer_size=200,
            policy_kwargs={"net_arch": [16]},
            batch_size=32,
            seed=0,
            device="cpu",
        )
        if native:
            assert enable_native(agent) is None
        actions = Actions()
        agent.learn(120, callback=actions)
        found.append((np.array(actions.done), state_of(agent)))
    np.testing.assert_allclose(found[0][0], found[1][0], atol=1e-4)
    assert largest_difference(found[0][1], found[1][1], "actor.log_std")[0] <= 1e-5


def test_file_of_the_native_agent_is_read_by_sb3(tmp_path):
    agent = make_agent(SAC, use_sde=True, batch_size=32)
    assert enable_native(agent) is None
    agent.train(5, 32)
    agent.save(tmp_path / "model.zip")
    loaded = SAC.load(tmp_path / "model.zip", device="cpu")
    assert largest_difference(state_of(agent), state_of(loaded))[0] == 0.0


def test_noise_of_another_kind_keeps_sb3s_updates():
    agent = make_agent(SAC, use_sde=True)
    agent.actor.action_dist.learn_features = False
    assert "gSDE" in reason_against(agent)


def test_action_with_noise_that_is_not_finite_reaches_no_environment():
    agent = make_agent(SAC, use_sde=True, batch_size=32)
    assert enable_native(agent) is None
    with torch.no_grad():
        agent.actor.action_dist.exploration_mat.fill_(torch.nan)
    agent.num_timesteps, agent._last_obs = 200, np.zeros((1, 7), np.float32)
    with pytest.raises(NonFiniteError, match="action is not finite"):
        agent._sample_action(100)
