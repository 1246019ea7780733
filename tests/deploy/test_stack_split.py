"""Which wrappers of a run become layers of its bundle, and which stay with the environment."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest

from rl_zoo.config.model import Component
from rl_zoo.deploy.recording import StepRecorder, insert_recorder
from rl_zoo.deploy.stack_split import StackSplit, split_stack
from rl_zoo.envs.single_env import wrap_env
from rl_zoo.errors import ConfigError
from rl_zoo.wrappers.episode_control import EpisodeControlWrapper
from rl_zoo.wrappers.episode_metrics import EpisodeMetricsWrapper

HISTORY = Component("HistoryWrapper", {"horizon": 2})
FILTER = Component("ActionFilterWrapper", {"filter": "exponential", "dt": 0.05})
SAFETY = Component("SafetyWrapper", {"limits": {"max_action_change": 0.5}})
NEUTRAL = Component("DelayedRewardWrapper", {"delay": 3})
SKIP = Component("FrameSkip", {"skip": 2})


def _split(*components: Component) -> tuple[StackSplit, gym.Env[Any, Any]]:
    env = wrap_env(gym.make("Pendulum-v1"), components)
    stack = EpisodeMetricsWrapper(EpisodeControlWrapper(env))
    return split_stack(stack, components), stack


def _kinds(split: StackSplit) -> list[str]:
    return [str(layer["kind"]) for layer in split.layers]


def _names(split: StackSplit) -> list[str]:
    return [component.name for component in split.kept]


def test_without_wrappers_the_bundle_is_the_network() -> None:
    split, _ = _split()
    assert split.layers == ()
    assert split.kept == ()
    assert split.observation_space.shape == (3,)


def test_carried_wrappers_become_layers_innermost_first() -> None:
    split, _ = _split(SAFETY, FILTER, HISTORY)
    assert _kinds(split) == ["safety", "action_filter", "history"]
    assert split.kept == ()
    assert split.observation_space.shape == (3,)  # not the history's 8
    assert not split.guard_is_kept


def test_neutral_wrappers_stay_wherever_they_are() -> None:
    split, _ = _split(SAFETY, NEUTRAL, HISTORY)
    assert _kinds(split) == ["safety", "history"]
    assert _names(split) == ["DelayedRewardWrapper"]


def test_what_cannot_be_carried_keeps_everything_inside_of_it() -> None:
    split, _ = _split(SAFETY, SKIP, FILTER, HISTORY)
    assert _kinds(split) == ["action_filter", "history"]
    assert _names(split) == ["SafetyWrapper", "FrameSkip"]
    assert split.guard_is_kept


def test_the_order_of_what_stays_is_that_of_the_configuration() -> None:
    split, _ = _split(NEUTRAL, SKIP, NEUTRAL, HISTORY)
    assert _names(split) == ["DelayedRewardWrapper", "FrameSkip", "DelayedRewardWrapper"]


def test_the_boundary_sees_what_the_environment_executes() -> None:
    split, stack = _split(SAFETY, HISTORY)
    recorder = insert_recorder(split.outside)
    stack.reset(seed=0)
    stack.step(np.array([2.0], np.float32))
    stack.step(np.array([-2.0], np.float32))
    (episode,) = recorder.episodes
    assert episode.n_steps == 2
    assert [len(item) for item in episode.observations] == [3, 3, 3]
    np.testing.assert_allclose(episode.actions[1], [1.5])  # 2.0 - 0.5: the guard's


def test_a_stack_that_is_not_ours_is_refused() -> None:
    with pytest.raises(ConfigError, match="Pendulum"):
        split_stack(gym.make("Pendulum-v1"), ())


def test_an_episode_in_a_recorder_is_a_copy() -> None:
    class Reusing(gym.Env[Any, Any]):
        observation_space = gym.spaces.Box(-9, 9, (1,), np.float64)
        action_space = gym.spaces.Box(-1, 1, (1,), np.float64)

        def __init__(self) -> None:
            self.buffer = np.zeros(1)

        def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
            super().reset(seed=seed)
            self.buffer[:] = 0.0
            return self.buffer, {}

        def step(self, action: Any) -> Any:
            self.buffer += 1.0
            return self.buffer, 0.0, False, False, {}

    recorder = StepRecorder(Reusing())
    recorder.reset(seed=0)
    action = np.zeros(1)
    for _ in range(3):
        recorder.step(action)
        action += 1.0
    (episode,) = recorder.episodes
    assert [float(item[0]) for item in episode.observations] == [0.0, 1.0, 2.0, 3.0]
    assert [float(item[0]) for item in episode.actions] == [0.0, 1.0, 2.0]
