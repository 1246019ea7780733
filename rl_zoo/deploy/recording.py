"""Record what passes the boundary of a bundle while the original policy acts."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from rl_zoo.robots.driver import RobotState
from rl_zoo.wrappers.action_meaning import held_action

Env = gym.Env[Any, Any]


@dataclass
class RecordedEpisode:
    """What was seen and done from a reset on."""

    initial_cycles: float = 0.0
    """What a wrapper that starts oscillators at random would have drawn after the reset."""
    observations: list[Any] = field(default_factory=list)
    """Before each action; after the last one there may be one more."""
    states: list[RobotState | None] = field(default_factory=list)
    """Of the robot, with each observation."""
    held: list[NDArray[np.float64] | None] = field(default_factory=list)
    """The action that the robot held, with each observation."""
    actions: list[Any] = field(default_factory=list)

    @property
    def n_steps(self) -> int:
        """Return the number of actions."""
        return len(self.actions)


class StepRecorder(gym.Wrapper[Any, Any, Any, Any]):
    """Keep copies of all observations and actions, and of the robot's state with them.

    Args:
        env: Where to listen.
    """

    def __init__(self, env: Env) -> None:
        super().__init__(env)
        self.episodes: list[RecordedEpisode] = []

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Reset the environment and begin an episode."""
        observation, info = self.env.reset(seed=seed, options=options)
        cycles = float(copy.deepcopy(self.env.unwrapped.np_random).random())
        self.episodes.append(RecordedEpisode(initial_cycles=cycles))
        self._keep(observation)
        return observation, info

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step the environment and keep what it was told and showed."""
        self.episodes[-1].actions.append(copy.deepcopy(action))
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._keep(observation)
        return observation, reward, terminated, truncated, info

    def take(self) -> list[RecordedEpisode]:
        """Return the episodes with an action that were recorded so far, and forget them."""
        episodes = [episode for episode in self.episodes if episode.n_steps]
        self.episodes = []
        return episodes

    def _keep(self, observation: Any) -> None:
        episode = self.episodes[-1]
        episode.observations.append(copy.deepcopy(observation))
        episode.held.append(held_action(self.env))
        state = getattr(self.env.unwrapped, "robot_state", None)
        known = isinstance(state, RobotState)
        episode.states.append(copy.deepcopy(state) if known else None)


def play_random(env: Env, n_steps: int, seed: int) -> None:
    """Act at random, from a reset on."""
    env.action_space.seed(seed)
    env.reset(seed=seed)
    for _ in range(n_steps):
        _, _, terminated, truncated, _ = env.step(env.action_space.sample())
        if terminated or truncated:
            env.reset()


def insert_recorder(outside: gym.Wrapper[Any, Any, Any, Any]) -> StepRecorder:
    """Put a recorder directly inside of ``outside`` and return it."""
    recorder = StepRecorder(outside.env)
    outside.env = recorder
    return recorder
