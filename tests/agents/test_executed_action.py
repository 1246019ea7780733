"""``store_action: executed``: what the replay buffer holds, and where it is refused."""

from __future__ import annotations

import copy
import pickle
from types import SimpleNamespace

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces
from stable_baselines3.common.buffers import NStepReplayBuffer, ReplayBuffer
from stable_baselines3.common.vec_env import DummyVecEnv

from rl_zoo.agents.discard import honour_discards
from rl_zoo.agents.executed_action import store_executed_actions, stored_action_problems
from rl_zoo.config.model import Component, RunConfig
from rl_zoo.errors import ConfigError
from rl_zoo.wrappers.safety import SafetyWrapper

SAFETY = Component(
    "SafetyWrapper", {"limits": {"max_action_change": 0.5}, "store_action": "executed"}
)


class LeverEnv(gym.Env):
    """A lever with an action in [-2, 4]; every step is remembered."""

    executed: list = []  # noqa: RUF012 - the only way to look into an environment of a run

    def __init__(self):
        self.action_space = spaces.Box(-2.0, 4.0, (1,), np.float32)
        self.observation_space = spaces.Box(-10.0, 10.0, (1,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.time = 0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        LeverEnv.executed.append(float(action[0]))
        self.time += 1
        return np.array([self.time / 20], np.float32), 0.0, False, self.time == 20, {}


if "Lever-v0" not in gym.registry:
    gym.register("Lever-v0", entry_point=LeverEnv)


def config(algo="sac", wrappers=(SAFETY,)):
    return RunConfig(algo, "Lever-v0", 100, "MlpPolicy", env_wrappers=tuple(wrappers))


def make_buffer(kind=ReplayBuffer):
    memory = kind(10, LeverEnv().observation_space, LeverEnv().action_space, "cpu")
    env = DummyVecEnv([lambda: SafetyWrapper(LeverEnv(), **SAFETY.kwargs)])
    agent = SimpleNamespace(replay_buffer=memory)
    honour_discards(agent, env)
    store_executed_actions(config(), agent, env)
    return memory


def add(memory, scaled, **info):
    zero = np.zeros((1, 1), np.float32)
    memory.add(zero, zero, np.full((1, 1), scaled, np.float32), zero[0], zero[0], [info])


@pytest.mark.parametrize("kind", [ReplayBuffer, NStepReplayBuffer])
def test_an_action_that_was_changed_is_replaced_in_the_scale_of_the_algorithm(kind):
    memory = make_buffer(kind)
    four, one = np.array([4.0], np.float32), np.array([1.0], np.float32)
    add(memory, 1.0, action_proposed=four, safe_action=one)
    add(memory, 0.1234567, action_proposed=one, safe_action=one.copy())
    add(memory, 0.7)
    # 1 is the middle of [-2, 4]; the others keep their bits.
    assert memory.actions[:3, 0, 0].tolist() == [0.0, *np.float32([0.1234567, 0.7]).tolist()]


def test_discarded_transitions_stay_discarded():
    memory = make_buffer()
    one = np.array([1.0], np.float32)
    add(memory, 1.0, action_proposed=2 * one, safe_action=one, discard=True)
    assert memory.discarded[0, 0]
    assert type(memory).__name__ == "ReplayBuffer"


def test_the_buffer_can_be_pickled_and_copied_without_this_package():
    memory = make_buffer()
    add(memory, 0.5)
    assert type(pickle.loads(pickle.dumps(memory))) is ReplayBuffer
    assert copy.copy(memory).actions[0, 0, 0] == 0.5


@pytest.mark.parametrize("algo", ["ppo", "a2c", "trpo", "ppo_lstm", "ars"])
def test_on_policy_algorithms_are_refused(algo):
    (problem,) = stored_action_problems(config(algo))
    assert f"SafetyWrapper.store_action: {algo} learns from the probability" in problem


@pytest.mark.parametrize(
    "outer", [Component("CPGResidualWrapper"), Component("RescaleAction"), Component("ClipAction")]
)
def test_an_outer_wrapper_that_changes_the_meaning_of_actions_is_refused(outer):
    (problem,) = stored_action_problems(config(wrappers=[SAFETY, outer]))
    assert f"{outer.name} outside of SafetyWrapper gives that another meaning" in problem


def test_filters_and_observation_wrappers_outside_are_welcome():
    outer = [Component("ActionSmoothingWrapper"), Component("HistoryWrapper")]
    assert stored_action_problems(config(wrappers=[SAFETY, *outer])) == []
    proposed = Component("SafetyWrapper", {"store_action": "proposed"})
    assert stored_action_problems(config("ppo", [proposed])) == []


def test_another_action_space_is_refused_when_the_agent_is_built():
    class Halved(gym.Wrapper):
        def __init__(self, env):
            super().__init__(env)
            self.action_space = spaces.Box(-1.0, 1.0, (1,), np.float32)

    env = DummyVecEnv([lambda: Halved(SafetyWrapper(LeverEnv(), **SAFETY.kwargs))])
    with pytest.raises(ConfigError, match="to be that of SafetyWrapper"):
        store_executed_actions(config(), SimpleNamespace(replay_buffer=None), env)


WRAPPERS = (
    "env_wrapper:[{'SafetyWrapper':{'limits':{'max_action_change':0.2},'store_action':'%s'}}]"
)


@pytest.mark.parametrize(("choice", "is_executed"), [("executed", True), ("proposed", False)])
def test_a_run_stores_what_it_was_asked_to(arguments, train, choice, is_executed, monkeypatch):
    stored = []
    add_step = ReplayBuffer.add

    def remember(self, *given):
        add_step(self, *given)
        stored.append(float(self.actions[(self.pos - 1) % self.buffer_size, 0, 0]))

    monkeypatch.setattr(ReplayBuffer, "add", remember)
    LeverEnv.executed.clear()
    params = [WRAPPERS % choice, "learning_starts:80"]
    flags = arguments("sac", "Lever-v0", "-n", "80", params=params, normalize=False)
    assert train(*flags)[0] == 0
    executed = [(value + 2.0) / 3.0 - 1.0 for value in LeverEnv.executed]
    assert len(stored) == 80
    assert (stored == pytest.approx(executed, abs=1e-6)) is is_executed


def test_a_run_that_cannot_store_executed_actions_does_not_start(arguments, train, tmp_path):
    flags = arguments("ppo", "Lever-v0", "-n", "64", params=[WRAPPERS % "executed"])
    code, _, error = train(*flags)
    assert code == 2
    assert "store_action: ppo learns from the probability of the action" in error
    assert not (tmp_path / "logs").exists()
