"""SB3's or SBX's SAC acts and learns in one thread: 50 actions a second, an update after each.

Run by scripts/bench_rt.py in the environment of the peers; prints one line of JSON.

    python scripts/rt_peer.py {SB3,SBX} TICKS
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("TICKS_COUNT", "0")

from scripts.ticks_env import TicksEnv

PERIOD = 0.02
WARM_UP, FIRST = 100, 20
"""Random actions, and ticks after the first update that are counted apart."""


class Paced(gym.Wrapper[Any, Any, Any, Any]):
    """Return each observation at an absolute deadline; note how much later the action came."""

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        super().__init__(env)
        self.ready: list[float] = []
        self.late: list[float] = []
        self._deadline: float | None = None

    def step(self, action: Any) -> Any:
        """Step, then wait for the next deadline that has not passed."""
        now = time.monotonic()
        if self._deadline is None:
            self._deadline = now
        self.ready.append(now - self._deadline)
        outcome = self.env.step(action)
        self._deadline += PERIOD * (1 + int((now - self._deadline) // PERIOD))
        time.sleep(max(0.0, self._deadline - time.monotonic()))
        self.late.append(time.monotonic() - self._deadline)
        return outcome

    def take(self) -> dict[str, float]:
        """Return what the ticks since the last call were like; times in s."""
        ready, late = np.array(self.ready), np.array(self.late)
        self.ready, self.late = [], []
        missed = int(np.floor(ready / PERIOD).sum())
        return {
            "n_ticks": len(ready),
            "missed": missed / (len(ready) + missed),
            "late_p99": float(np.quantile(late, 0.99)),
            "ready_p99": float(np.quantile(ready, 0.99)),
            "ready_max": float(ready.max()),
        }


def main() -> None:
    """Learn: first updates, then plain scheduling, then real-time scheduling on an own core."""
    library, n_ticks = sys.argv[1], int(sys.argv[2])
    if library == "SB3":
        import torch

        torch.set_num_threads(1)
    sac: Any = importlib.import_module("stable_baselines3" if library == "SB3" else "sbx").SAC
    env = Paced(gym.wrappers.TimeLimit(TicksEnv(), 500))
    agent = sac("MlpPolicy", env, learning_starts=WARM_UP, seed=0, buffer_size=10_000)
    agent.learn(WARM_UP)
    env.take()
    agent.learn(FIRST, reset_num_timesteps=False)
    told = {"first": env.take()}
    agent.learn(n_ticks, reset_num_timesteps=False)
    told["plain"] = env.take()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
    except PermissionError:
        pass
    else:
        agent.learn(n_ticks, reset_num_timesteps=False)
        told["real-time"] = env.take()
    print(json.dumps(told))


if __name__ == "__main__":
    main()
