"""Updates of DroQ per second of processor time: in numpy, and in PyTorch.

The two take turns in one process and on one thread, on random data of the size of Bert-v0.

    python scripts/bench_droq.py
"""

from __future__ import annotations

import statistics
import time
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from stable_baselines3.common.logger import configure

from rl_zoo.agents.droq import DroQ
from rl_zoo.console import result

N_OBSERVATIONS, N_ACTIONS = 46, 8
ROUNDS = 5
CASES = (([64, 64], 128, 0.0, 2), ([64, 64], 256, 0.01, 20), ([256, 256], 256, 0.01, 20))
"""Hidden layers, batch size, dropout rate, policy delay; the first is the entry of Bert-v0."""


class RandomEnv(gym.Env[Any, Any]):
    """Observations without meaning, so that the time is that of the updates."""

    observation_space = gym.spaces.Box(-1.0, 1.0, (N_OBSERVATIONS,), np.float32)
    action_space = gym.spaces.Box(-1.0, 1.0, (N_ACTIONS,), np.float32)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        """Return a random observation."""
        super().reset(seed=seed)
        return self._observe(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """Return a random observation and reward."""
        return self._observe(), float(self.np_random.normal()), False, False, {}

    def _observe(self) -> Any:
        return self.np_random.uniform(-1, 1, N_OBSERVATIONS).astype(np.float32)


def make_agent(sizes: list[int], batch: int, dropout: float, delay: int, *, fast: bool) -> DroQ:
    """Return an agent with a filled buffer."""
    agent = DroQ(
        "MlpPolicy",
        RandomEnv(),
        learning_starts=10_000,
        batch_size=batch,
        policy_delay=delay,
        buffer_size=3000,
        device="cpu",
        policy_kwargs={"net_arch": sizes, "dropout_rate": dropout},
    )
    agent.fast_updates = fast
    agent.learn(1000)
    agent.set_logger(configure(None, []))
    agent.train(20, batch)
    return agent


def main() -> None:
    """Measure and print a table."""
    torch.set_num_threads(1)
    result("| networks, batch, dropout, `policy_delay` | torch | numpy | ratio |")
    result("|---|--:|--:|--:|")
    for sizes, batch, dropout, delay in CASES:
        agents = [make_agent(sizes, batch, dropout, delay, fast=fast) for fast in (False, True)]
        n = 200 if sizes[0] < 100 else 60
        rates: list[list[float]] = [[], []]
        for _ in range(ROUNDS):
            for agent, measured in zip(agents, rates, strict=True):
                started = time.process_time()
                agent.train(n, batch)
                measured.append(n / (time.process_time() - started))
        slow, fast = map(statistics.median, rates)
        name = "-".join(map(str, sizes))
        result(
            f"| {name}, {batch}, {dropout:g}, {delay} | {slow:.0f} | {fast:.0f} | "
            f"{fast / slow:.1f} |"
        )


if __name__ == "__main__":
    main()
