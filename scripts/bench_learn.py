"""Processor time of one update: ours beside SB3, sb3-contrib and SBX, on one core.

17 observations and 6 actions (HalfCheetah's), layers of 256, minibatches of 256. All take turns in
one process; what is called is the public ``train(gradient_steps, batch_size)`` of each.

    python scripts/bench_learn.py [--rounds 12]

Needs SBX (scripts/peers.sh). Writes the table into docs/benchmarks.md. Exit code 1 below a floor.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts.peer_python import run_beside_peers  # noqa: E402
from scripts.turns import (  # noqa: E402
    ONE_THREAD,
    Times,
    cpu_name,
    describe_machine,
    load,
    ratio,
    take_turns,
    use_one_core,
)

N_OBSERVATIONS, N_ACTIONS, BATCH, STORED = 17, 6, 256, 5000
UPDATES = 20
"""Of every agent in its turn."""
LONGEST = 18.0
"""Seconds after which no new round of a case begins."""


@dataclass(frozen=True)
class Case:
    """One row of the table.

    Attributes:
        algo: Of ours.
        updates_per_call: Gradient steps of one call of ``train``.
        floors: Times that ours must be faster than each peer.
    """

    algo: str
    updates_per_call: int
    floors: dict[str, float]


CASES = (
    Case("SAC", 1, {"SB3": 4.0, "SBX": 1.9}),
    Case("SAC", 20, {"SB3": 4.0, "SBX": 1.4}),
    Case("TQC", 1, {"SB3": 5.0, "SBX": 1.9}),
    Case("TQC", 20, {"SB3": 5.0, "SBX": 1.9}),
    Case("DroQ", 20, {"SBX": 2.4}),
)


def make_env() -> Any:
    """Return an environment that is never stepped."""
    import gymnasium as gym
    import numpy as np

    class Spaces(gym.Env[Any, Any]):
        observation_space = gym.spaces.Box(-np.inf, np.inf, (N_OBSERVATIONS,), np.float32)
        action_space = gym.spaces.Box(-1.0, 1.0, (N_ACTIONS,), np.float32)

    return Spaces()


def fill(agent: Any) -> Any:
    """Give the agent random transitions and a logger that writes nothing; return it."""
    import numpy as np
    from stable_baselines3.common.logger import configure

    agent.set_logger(configure(None, []))
    rng = np.random.default_rng(0)
    for _ in range(STORED):
        observation, following = rng.normal(size=(2, 1, N_OBSERVATIONS)).astype(np.float32)
        action = rng.uniform(-1, 1, (1, N_ACTIONS)).astype(np.float32)
        done = np.array([rng.random() < 0.01])
        agent.replay_buffer.add(observation, following, action, rng.normal(size=1), done, [{}])
    return agent


def make_agents(algo: str) -> dict[str, Any]:
    """Return the agents of a row, by the name of the library."""
    import sb3_contrib
    import stable_baselines3

    from rl_zoo.agents.droq import DroQ
    from rl_zoo.agents.native.backend import enable_native

    sbx: Any = importlib.import_module("sbx")
    settings: dict[str, Any] = {"seed": 0, "batch_size": BATCH, "buffer_size": 2 * STORED}
    theirs = dict(settings)
    if algo == "DroQ":
        theirs["policy_delay"] = 20
        theirs["policy_kwargs"] = {"dropout_rate": 0.01, "layer_norm": True}
    on_cpu = {**settings, "device": "cpu"}
    torch_class = {"SAC": stable_baselines3.SAC, "TQC": sb3_contrib.TQC, "DroQ": DroQ}[algo]
    native = torch_class("MlpPolicy", make_env(), **on_cpu)
    reason = enable_native(native)
    if reason is not None:
        raise SystemExit(f"{algo}: the native learner does not run here: {reason}")
    jax_class = sbx.TQC if algo == "TQC" else sbx.SAC
    agents = {"ours": native, "SBX": jax_class("MlpPolicy", make_env(), **theirs)}
    if algo != "DroQ":
        for name in ("SB3", "sb3 backend"):
            agents[name] = torch_class("MlpPolicy", make_env(), **on_cpu)
    return {name: fill(agent) for name, agent in agents.items()}


def turn_of(name: str, agent: Any, updates_per_call: int) -> Callable[[], None]:
    """Return what an agent does in its turn: ``UPDATES`` updates, ``updates_per_call`` per call."""
    import torch

    from rl_zoo.agents.matmul import enable_fast_matmul

    fast = name == "sb3 backend" and enable_fast_matmul()
    precision = "medium" if fast else "highest"

    def train() -> None:
        torch.set_float32_matmul_precision(precision)
        for _ in range(UPDATES // updates_per_call):
            agent.train(updates_per_call, BATCH)

    return train


def floors_of(case: Case) -> dict[str, float]:
    """Return the floors of a row; that of the ``sb3`` backend is beside bare SB3."""
    if "SB3" not in case.floors:
        return case.floors
    amd = "AMD" in cpu_name() and case.algo == "SAC"
    return {**case.floors, "sb3 backend": 1.2 if amd else 1.0}


def judge(case: Case, times: dict[str, Times]) -> tuple[str, list[str]]:
    """Return the row of the table and what is below its floor."""
    name = f"{case.algo}, {case.updates_per_call} updates per call"
    cells, failures = [], []
    for peer in ("SB3", "SBX", "sb3 backend"):
        floor = floors_of(case).get(peer)
        if floor is None:
            cells.append("")
            continue
        is_ours = peer == "sb3 backend"
        pair = (times["SB3"], times[peer]) if is_ours else (times[peer], times["ours"])
        times_faster = ratio(*pair)
        cells.append(f"**{times_faster:.2f}x** (floor {floor:g}x)")
        if times_faster < floor:
            failures.append(f"{name}: {peer} {times_faster:.2f}x is below {floor:g}x")
    columns = [
        times[peer].describe(1e3) if peer in times else "" for peer in ("ours", "SB3", "SBX")
    ]
    return "| " + " | ".join([name, *columns, *cells]) + " |\n", failures


def main() -> int:
    """Measure, write the table, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=12, help="turns of each (default: 12)")
    parser.add_argument("--only", default="", help="algorithm; the table is not written")
    options = parser.parse_args()
    run_beside_peers("sbx", ONE_THREAD)
    use_one_core()
    import torch

    from rl_zoo.console import message
    from scripts.conclusion import conclude

    torch.set_num_threads(1)
    before, rows, failures = load(), [], []
    agents: dict[str, Any] = {}
    last = ""
    for case in CASES:
        if options.only not in ("", case.algo):
            continue
        started = time.perf_counter()
        agents = agents if case.algo == last else make_agents(case.algo)
        last = case.algo
        turns = {name: turn_of(name, a, case.updates_per_call) for name, a in agents.items()}
        take_turns(turns, 2, UPDATES)  # compilers, first use of memory
        warm = time.perf_counter() - started
        row, below = judge(case, take_turns(turns, options.rounds, UPDATES, LONGEST))
        message(
            f"{row.strip()} [{warm:.0f} s before, {time.perf_counter() - started:.0f} s in all]"
        )
        rows.append(row)
        failures += below
    packages = ("torch", "stable-baselines3", "sb3-contrib", "sbx-rl", "jax")
    text = (
        f"{describe_machine(before, packages)}\n\n"
        "| ms per update: CPU median (wall median, CPU least) | ours | SB3, sb3-contrib | SBX | "
        "ours beside SB3 | beside SBX | `sb3` backend beside SB3 |\n"
        "|---|---|---|---|---|---|---|\n" + "".join(rows)
    )
    return conclude("bench_learn", text, failures, is_kept=not options.only)


if __name__ == "__main__":
    sys.exit(main())
