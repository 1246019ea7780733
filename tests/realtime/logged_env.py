"""A pendulum that writes down every step by itself, before anyone else can know of it."""

import os

import gymnasium as gym
import numpy as np
from gymnasium.envs.classic_control.pendulum import PendulumEnv

LOG = "LOGGED_STEPS"
"""Environment variable: the file to append to."""
ROW = np.dtype(
    [
        ("observation", "<f4", 3),
        ("action", "<f4"),
        ("reward", "<f4"),
        ("next_observation", "<f4", 3),
        ("start", "<f4"),
    ]
)


class LoggedPendulum(PendulumEnv):
    """Pendulum-v1 with a log; its episodes end after 37 steps."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self._log = os.open(os.environ[LOG], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._is_start = True
        self._seen = np.zeros(3, np.float32)

    def reset(self, **kwargs):
        self._seen, info = super().reset(**kwargs)
        self._is_start = True
        return self._seen, info

    def step(self, action):
        observation, reward, terminated, truncated, info = super().step(action)
        row = np.zeros(1, ROW)
        row["observation"], row["next_observation"] = self._seen, observation
        row["action"], row["reward"] = action[0], reward
        row["start"] = self._is_start
        os.write(self._log, row.tobytes())
        self._seen, self._is_start = observation, False
        return observation, reward, terminated, truncated, info


gym.register("LoggedPendulum-v0", LoggedPendulum, max_episode_steps=37)


def read_log(path):
    """Return all steps. Shape: (n_steps,)."""
    return np.fromfile(path, ROW)
