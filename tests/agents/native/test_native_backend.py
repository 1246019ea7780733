"""An agent with the native learner is the same agent for everything else."""

import copy
import pickle

import numpy as np
import pytest
import torch
from sb3_contrib import TQC
from stable_baselines3 import PPO, SAC, TD3
from stable_baselines3.sac.policies import Actor, SACPolicy
from torch import nn

from rl_zoo.agents.droq import DroQ
from rl_zoo.agents.native import build
from rl_zoo.agents.native.backend import enable_native
from rl_zoo.agents.native.build import NativeBuildError, library_path
from rl_zoo.agents.native.coverage import reason_against
from tests.agents.native.native_agents import (
    Still,
    largest_difference,
    make_agent,
    seed_all,
    state_of,
)


def native_agent(algorithm=SAC, **kwargs):
    agent = make_agent(algorithm, batch_size=32, **kwargs)
    assert enable_native(agent) is None
    return agent


@pytest.mark.parametrize("algorithm", [SAC, TQC, TD3, DroQ])
def test_file_is_read_by_the_plain_algorithm(algorithm, tmp_path):
    agent = native_agent(algorithm)
    agent.train(5, 32)
    agent.save(tmp_path / "model.zip")
    loaded = algorithm.load(tmp_path / "model.zip", device="cpu")
    assert type(loaded) is algorithm
    assert largest_difference(state_of(agent), state_of(loaded))[0] == 0.0
    assert loaded._n_updates == 5


def test_training_goes_on_from_loaded_weights_and_moments():
    source = make_agent(SAC, batch_size=32)
    source.train(20, 32)
    continued = []
    for native in (False, True):
        agent = make_agent(SAC, batch_size=32)
        if native:
            enable_native(agent)
            agent.train(3, 32)  # the learner exists, with other optimiser states
        agent.set_parameters(copy.deepcopy(source.get_parameters()), device="cpu")
        with torch.no_grad():
            agent.log_ent_coef.copy_(source.log_ent_coef)
        seed_all()
        agent.train(20, 32)
        continued.append(state_of(agent))
    assert largest_difference(*continued)[0] <= 1e-5


def test_actor_acts_with_the_updated_weights_at_once():
    agent = native_agent()
    observation = np.ones((1, 7), np.float32)
    before = agent.predict(observation, deterministic=True)[0]
    agent.train(10, 32)
    assert not np.array_equal(before, agent.predict(observation, deterministic=True)[0])


def test_batch_size_may_change():
    agent, other = native_agent(), make_agent(SAC)
    for one in (agent, other):
        seed_all()
        one.train(5, 32)
        one.train(5, 50)
    assert largest_difference(state_of(agent), state_of(other))[0] <= 1e-5


def change_optimizer(agent):
    agent.actor.optimizer = torch.optim.Adam(agent.actor.parameters(), lr=1e-3)


def change_kind_of_optimizer(agent):
    agent.critic.optimizer = torch.optim.AdamW(agent.critic.parameters(), lr=1e-3)


def change_critic(agent):
    agent.critic = agent.policy.critic = copy.deepcopy(agent.critic)
    agent.critic.optimizer = torch.optim.Adam(agent.critic.parameters(), lr=1e-3)


def change_settings(agent):
    agent.gamma, agent.tau = 0.5, 0.3


def stop_normalising(agent):
    agent._vec_normalize_env = None


def freeze_layers(agent):
    agent.actor.latent_pi.requires_grad_(False)
    learned = [p for p in agent.actor.parameters() if p.requires_grad]
    agent.actor.optimizer = torch.optim.Adam(learned, lr=1e-3)


@pytest.mark.parametrize(
    "change",
    [
        change_optimizer,
        change_kind_of_optimizer,
        change_critic,
        change_settings,
        stop_normalising,
        freeze_layers,
    ],
)
def test_what_is_changed_between_two_updates_counts(change):
    agent, other = native_agent(normalize=True), make_agent(SAC, normalize=True)
    for one in (agent, other):
        seed_all()
        one.train(5, 32)
        change(one)
        one.train(5, 32)
    assert largest_difference(state_of(agent), state_of(other))[0] <= 1e-5


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda agent: pickle.loads(pickle.dumps(agent))]
)
def test_copy_goes_on_as_the_agent_would(duplicate):
    agent = native_agent(DroQ)
    agent.train(5, 32)
    other = duplicate(agent)
    for one in (agent, other):
        seed_all()
        one.train(5, 32)
    assert largest_difference(state_of(agent), state_of(other))[0] == 0.0


def test_many_updates_in_one_call_are_those_of_several():
    agent, other = native_agent(target_update_interval=3), make_agent(SAC, target_update_interval=3)
    for one in (agent, other):
        seed_all()
        one.train(130, 32)
    # 130 updates amplify rounding: what matters is that no target update is lost between blocks.
    assert largest_difference(state_of(agent), state_of(other), "critic_target")[0] <= 1e-4


@pytest.mark.parametrize(
    ("algorithm", "kwargs", "named"),
    [
        (SAC, {"policy_kwargs": {"activation_fn": nn.Mish}}, "ReLU"),
        (SAC, {"policy_kwargs": {"optimizer_class": torch.optim.AdamW}}, "AdamW"),
        (SAC, {"policy_kwargs": {"optimizer_kwargs": {"amsgrad": True}}}, "amsgrad"),
    ],
)
def test_others_keep_their_own_updates_and_the_reason_is_named(algorithm, kwargs, named):
    agent = make_agent(algorithm, batch_size=32, **kwargs)
    assert named in enable_native(agent)
    assert type(agent) is algorithm
    agent.train(1, 32)


class OwnActor(Actor):
    """SAC's layers, used otherwise."""

    def forward(self, obs, deterministic=False):
        return super().forward(2.0 * obs, deterministic)


class OwnPolicy(SACPolicy):
    """A policy whose layers look like SAC's."""

    def make_actor(self, features_extractor=None):
        actor = super().make_actor(features_extractor)
        actor.__class__ = OwnActor
        return actor


def test_networks_that_only_look_like_those_of_sb3_are_not_covered():
    agent = make_agent(SAC, policy=OwnPolicy)
    assert "OwnActor" in reason_against(agent)
    assert "one quantile" in reason_against(make_agent(TQC, policy_kwargs={"n_quantiles": 1}))


def test_on_policy_algorithms_are_not_covered():
    assert "PPO" in reason_against(PPO("MlpPolicy", Still(), device="cpu"))


def test_without_a_compiler_the_reason_says_so(monkeypatch, tmp_path):
    built = library_path()
    monkeypatch.setattr(build.shutil, "which", lambda name: None)
    assert library_path().name.rpartition("-")[0] == built.name.rpartition("-")[0]
    monkeypatch.setenv("RL_ZOO_CACHE", str(tmp_path))
    with pytest.raises(NativeBuildError, match="compiler"):
        library_path()


def test_failing_compiler_leaves_nothing_behind(monkeypatch, tmp_path):
    compiler = tmp_path / "g++"
    compiler.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo 1 && exit\necho "error: no" >&2\nexit 1\n'
    )
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    monkeypatch.setenv("RL_ZOO_CACHE", str(tmp_path / "cache"))
    with pytest.raises(NativeBuildError, match=r"g\+\+ 11 or newer is needed.*error: no"):
        library_path()
    assert list((tmp_path / "cache").iterdir()) == []


def test_unknown_instruction_set_is_named(monkeypatch):
    monkeypatch.setenv("RL_ZOO_NATIVE_ISA", "mmx")
    with pytest.raises(NativeBuildError, match="avx2"):
        library_path()
