"""Probe environments whose every number is known."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium import spaces


class ScriptedEnv(gym.Env[Any, Any]):
    """Observation [t, 10 t], reward t; records what it is given; terminates after ``length``."""

    def __init__(self, length: int = 1000, n_act: int = 1) -> None:
        self.observation_space: spaces.Space[Any] = spaces.Box(-1e5, 1e5, (2,), np.float32)
        self.action_space = spaces.Box(-1.0, 1.0, (n_act,), np.float32)
        self.length = length
        self.actions: list[Any] = []
        self.reset_arguments: list[Any] = []
        self.successes: set[int] = set()
        self.time = 0

    def observe(self) -> Any:
        return np.array([self.time, 10.0 * self.time], dtype=np.float32)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        super().reset(seed=seed)
        self.reset_arguments.append((seed, options))
        self.time = 0
        return self.observe(), {"from": "reset"}

    def step(self, action: Any) -> Any:
        self.actions.append(np.asarray(action).tolist())
        self.time += 1
        info = {"is_success": self.time in self.successes}
        return self.observe(), float(self.time), self.time >= self.length, False, info


class ScriptedGoalEnv(ScriptedEnv):
    """The same with a goal."""

    def __init__(self, length: int = 1000, n_act: int = 1) -> None:
        super().__init__(length, n_act)
        goal = spaces.Box(-1.0, 1.0, (1,), np.float32)
        self.observation_space = spaces.Dict(
            observation=self.observation_space, achieved_goal=goal, desired_goal=goal
        )

    def observe(self) -> Any:
        goal = np.zeros(1, np.float32)
        return {"observation": super().observe(), "achieved_goal": goal, "desired_goal": goal + 1}

    def compute_reward(self, achieved_goal: Any, desired_goal: Any, info: Any) -> Any:
        return -np.abs(achieved_goal - desired_goal).sum(axis=-1)


@pytest.fixture
def scripted_env() -> ScriptedEnv:
    return ScriptedEnv()


@pytest.fixture
def goal_env() -> ScriptedGoalEnv:
    return ScriptedGoalEnv()
