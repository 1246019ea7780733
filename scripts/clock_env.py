"""A pendulum that notes when it is stepped first: for scripts/bench_start.py."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import gymnasium as gym
from gymnasium.envs.classic_control.pendulum import PendulumEnv

FILE = "FIRST_STEP_FILE"
"""Variable that names the file to write."""
STARTER = "FIRST_STEP_STARTER"
"""Variable with the number of the process that started the command."""


class ClockEnv(PendulumEnv):
    """Write the time of the first step, and the processor time used until then."""

    is_running = False

    def step(self, action: Any) -> Any:
        """Step the pendulum."""
        if not self.is_running:
            self.is_running = True
            note = {"time": time.time(), "cpu": time.process_time() + _of_supervisor()}
            partial = Path(os.environ[FILE] + ".partial")
            partial.write_text(json.dumps(note), encoding="utf-8")
            partial.replace(os.environ[FILE])
        step: Any = super().step
        return step(action)


def _of_supervisor() -> float:
    """Return the processor time of the process that this one waits for or was started by."""
    parent = os.getppid()
    if parent == int(os.environ[STARTER]):
        return 0.0
    stat = Path(f"/proc/{parent}/stat").read_text(encoding="utf-8")
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


gym.register("Clock-v0", entry_point="scripts.clock_env:ClockEnv", max_episode_steps=200)
