"""Which backend an agent gets, and what is said about it."""

import numpy as np
import pytest
import torch
from gymnasium import spaces
from sb3_contrib import CrossQ
from stable_baselines3 import PPO, SAC

from rl_zoo.agents.backends import (
    apply_backend,
    backend_of,
    build_ahead,
    n_useful_threads,
    resumed_backend,
)
from rl_zoo.agents.native import build
from rl_zoo.agents.native.backend import NativeUpdates
from rl_zoo.errors import UsageError
from tests.agents.native.native_agents import Still, make_agent


@pytest.mark.parametrize(
    ("requested", "name", "is_native"),
    [("auto", "native", True), ("native", "native", True), ("sb3", "sb3", False)],
)
def test_covered_agent_gets_what_was_asked_for(requested, name, is_native):
    agent = make_agent(SAC, batch_size=32)
    apply_backend(agent, requested)
    backend = backend_of(agent, requested)
    assert backend.name == name and backend.reason == ""
    assert isinstance(agent, NativeUpdates) == is_native
    if is_native:
        assert backend.library == build.library_path().name
        assert backend.describe() == f"native ({build.chosen_isa()})"


@pytest.mark.parametrize("requested", ["auto", "native"])
def test_uncovered_agent_keeps_its_updates_and_says_why_in_one_line(requested):
    agent = make_agent(SAC, batch_size=32, policy_kwargs={"optimizer_class": torch.optim.AdamW})
    apply_backend(agent, requested)
    assert backend_of(agent, requested).describe() == "sb3 (optimizer AdamW)"
    agent.train(1, 32)


def test_algorithms_of_which_nobody_expects_it_say_nothing_unless_asked():
    for agent in (PPO("MlpPolicy", Still(), device="cpu"), make_agent(CrossQ, batch_size=32)):
        apply_backend(agent, "auto")
        assert backend_of(agent, "auto").describe() == "sb3"
        assert type(agent).__name__ in backend_of(agent, "native").describe()


def test_images_are_not_covered():
    env = Still()
    env.observation_space = spaces.Box(0, 255, (3, 36, 36), np.uint8)
    agent = SAC("CnnPolicy", env, buffer_size=10, device="cpu")
    apply_backend(agent, "auto")
    assert "uint8" in backend_of(agent, "auto").reason


def test_run_goes_on_with_its_backend():
    native = {"name": "native", "library": "learner-avx2-0-0.so", "reason": ""}
    assert resumed_backend("auto", native) == "native"
    assert resumed_backend("auto", None) == "sb3"  # trained before there was a choice
    assert resumed_backend("sb3", native) == "sb3"
    for requested, recorded in (("jax", native), ("native", {"name": "jax"}), ("jax", None)):
        with pytest.raises(UsageError, match=f"--backend {requested}"):
            resumed_backend(requested, recorded)


def test_library_is_built_before_it_is_needed_and_only_then(monkeypatch, tmp_path, capsys):
    compiled = []
    monkeypatch.setenv("RL_ZOO_CACHE", str(tmp_path))
    monkeypatch.setattr(build, "compile_library", lambda *args: compiled.append(args))
    for algo, requested in (("ppo", "native"), ("sac", "sb3"), ("sac", "jax")):
        build_ahead(algo, requested)
    assert not compiled and capsys.readouterr().err == ""
    build_ahead("sac", "auto")
    assert len(compiled) == 1
    assert "doctor --build" in capsys.readouterr().err


def test_without_compiler_nothing_is_said_before_the_one_line(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("RL_ZOO_CACHE", str(tmp_path))
    monkeypatch.setattr(build.shutil, "which", lambda name: None)
    build_ahead("sac", "auto")
    assert capsys.readouterr().err == ""


def test_native_learner_wants_one_thread_and_large_batches_of_sb3_more():
    assert n_useful_threads("sac", "MlpPolicy", "auto") == 1
    assert n_useful_threads("sac", "MlpPolicy", "sb3") > 1
    assert n_useful_threads("ppo", "MlpPolicy", "auto") == 1
    assert n_useful_threads("ppo", "CnnPolicy", "auto") > 1
