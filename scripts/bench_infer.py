"""Time of one action, and of collecting one transition: the actor beside SB3 and SBX.

48 observations, 12 actions, SAC with two layers of 256, normalised observations. Ours is what the
actor of ``train --realtime`` does at a tick: ``ActorPolicy.act``, and for a transition besides the
look for newer parameters and the row in the ring.

    python scripts/bench_infer.py

Needs SBX (scripts/peers.sh). Writes the table into docs/benchmarks.md. Exit code 1 below a floor.
"""

from __future__ import annotations

import importlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts.peer_python import run_beside_peers  # noqa: E402
from scripts.turns import ONE_THREAD, describe_machine, load, use_one_core  # noqa: E402

N_OBSERVATIONS, N_ACTIONS, N_SAMPLES = 48, 12, 100
ROUNDS = 20
Step = Callable[[int], Any]


@dataclass(frozen=True)
class Case:
    """One row of the table.

    Attributes:
        name: In the table.
        steps: What takes turns, by library; each is given the number of an observation.
        floors: Times that ours must be faster than each peer.
        n_calls: Steps within one call.
    """

    name: str
    steps: dict[str, Step]
    floors: dict[str, float]
    n_calls: int = 1


def make_peer(module: str, sac: Any) -> tuple[Any, Any]:
    """Return an untrained agent of a library, and the VecNormalize of its environment."""
    import gymnasium as gym
    import numpy as np
    from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

    class Still(gym.Env[Any, Any]):
        observation_space = gym.spaces.Box(-np.inf, np.inf, (N_OBSERVATIONS,), np.float32)
        action_space = gym.spaces.Box(-1.0, 1.0, (N_ACTIONS,), np.float32)
        observation = np.zeros(N_OBSERVATIONS, np.float32)

        def reset(self, **_: Any) -> Any:
            return self.observation, {}

        def step(self, _action: Any) -> Any:
            return self.observation, 0.0, False, False, {}

    env = VecNormalize(DummyVecEnv([Still]))
    rng = np.random.default_rng(1)
    moments: Any = env.obs_rms
    moments.mean = rng.normal(0.0, 0.5, N_OBSERVATIONS)
    moments.var = rng.uniform(0.5, 2.0, N_OBSERVATIONS)
    device = {"device": "cpu"} if module == "stable_baselines3" else {}
    agent = sac("MlpPolicy", env, seed=0, buffer_size=20_000, learning_starts=0, **device)
    return agent, env


def predicts(agent: Any, env: Any, observations: Any, *, deterministic: bool) -> Step:
    """Return SB3's way from an observation to an action."""

    def predict(index: int) -> Any:
        normalized = env.normalize_obs(observations[index][None])
        return agent.predict(normalized, deterministic=deterministic)[0]

    return predict


def collects(agent: Any, env: Any, n_steps: int) -> Step:
    """Return SB3's collection of ``n_steps`` transitions of an environment that does nothing."""
    from stable_baselines3.common.type_aliases import TrainFreq, TrainFrequencyUnit

    _, callback = agent._setup_learn(10**9)
    frequency = TrainFreq(n_steps, TrainFrequencyUnit.STEP)

    def collect(_: int) -> Any:
        return agent.collect_rollouts(
            env, train_freq=frequency, replay_buffer=agent.replay_buffer, callback=callback
        )

    return collect


def make_actor(agent: Any) -> tuple[Any, Any]:
    """Return the actor's policy, and the memory it reads newer parameters from."""
    import numpy as np

    from rl_zoo.realtime.actor_parameters import actor_parameters
    from rl_zoo.realtime.actor_policy import ActorPolicy
    from rl_zoo.realtime.parameters import (
        ParameterReader,
        ParameterWriter,
        create_parameter_memory,
    )

    memory = create_parameter_memory()
    ParameterWriter(memory).publish(*actor_parameters(agent), 1)
    reader = ParameterReader(memory)
    published = reader.newest()
    assert published is not None
    return ActorPolicy(published, np.random.default_rng(0)), reader


def acts(policy: Any, observations: Any, *, deterministic: bool) -> Step:
    """Return the actor's way from an observation to an action."""
    return lambda index: policy.act(observations[index], deterministic=deterministic)


def stores(policy: Any, reader: Any, folder: Path, observations: Any, n_steps: int) -> Step:
    """Return the actor's collection of ``n_steps`` transitions, without the environment."""
    import gymnasium as gym
    import numpy as np

    from rl_zoo.realtime.ring import RingWriter, create_ring
    from rl_zoo.realtime.ring_layout import BoxSpec, RingSpec

    observed = gym.spaces.Box(-np.inf, np.inf, (N_OBSERVATIONS,), np.float32)
    acted = gym.spaces.Box(-1.0, 1.0, (N_ACTIONS,), np.float32)
    create_ring(folder / "ring", RingSpec(BoxSpec.of(observed), BoxSpec.of(acted), 20_000))
    writer = RingWriter(folder / "ring")

    def collect(_: int) -> None:
        before = observations[0]
        for index in range(n_steps):
            reader.newest()
            action = policy.act(before)
            after = observations[index]
            writer.append(before, action, 0.0, after, 0)
            writer.reserve()
            before = after

    return collect


def check_equal(sb3: Step, ours: Step) -> None:
    """Raise SystemExit if the deterministic actions are not the same to rounding."""
    import numpy as np

    worst = max(float(np.abs(sb3(index)[0] - ours(index)).max()) for index in range(N_SAMPLES))
    if not worst < 1e-5:
        raise SystemExit(f"the actions of ours and of SB3 differ by {worst:.1e}")


def make_cases(folder: Path) -> list[Case]:
    """Return what is measured."""
    import numpy as np

    sb3, sb3_env = make_peer(name := "stable_baselines3", importlib.import_module(name).SAC)
    sbx, sbx_env = make_peer(name := "sbx", importlib.import_module(name).SAC)
    policy, reader = make_actor(sb3)
    rng = np.random.default_rng(0)
    noise = rng.normal(0.0, 0.1, (N_SAMPLES, N_OBSERVATIONS))
    observations = np.cumsum(noise, axis=0).astype(np.float32)
    cases = []
    for name, is_deterministic in (("deterministic", True), ("with exploration", False)):
        steps: dict[str, Step] = {
            "SB3": predicts(sb3, sb3_env, observations, deterministic=is_deterministic),
            "SBX": predicts(sbx, sbx_env, observations, deterministic=is_deterministic),
            "ours": acts(policy, observations, deterministic=is_deterministic),
        }
        if is_deterministic:
            check_equal(steps["SB3"], steps["ours"])
        cases.append(Case(f"policy call, {name}", steps, {"SB3": 8.0, "SBX": 4.0}))
    collected: dict[str, Step] = {
        "SB3": collects(sb3, sb3_env, N_SAMPLES),
        "SBX": collects(sbx, sbx_env, N_SAMPLES),
        "ours": stores(policy, reader, folder, observations, N_SAMPLES),
    }
    cases.append(Case("collecting one transition", collected, {"SB3": 10.0}, N_SAMPLES))
    return cases


def take_turns(case: Case) -> dict[str, list[float]]:
    """Return the microseconds of every call, the libraries taking turns.

    Wall time of a single step, of which the median is undisturbed; processor time of many steps.
    """
    clock = time.perf_counter_ns if case.n_calls == 1 else time.process_time_ns
    times: dict[str, list[float]] = {name: [] for name in case.steps}
    n_calls = N_SAMPLES // case.n_calls
    for number in range(ROUNDS + 1):
        for name, step in case.steps.items():
            for index in range(n_calls):
                start = clock()
                step(index)
                spent = clock() - start
                if number > 0:  # the first round warms up
                    times[name].append(spent / 1e3 / case.n_calls)
    return times


def judge(case: Case) -> tuple[str, list[str]]:
    """Measure a case; return its row of the table and what is below its floor."""
    times = take_turns(case)
    middle = {name: statistics.median(values) for name, values in times.items()}
    columns = [
        f"{middle[name]:.1f} ({statistics.quantiles(times[name], n=100)[98]:.0f})"
        for name in ("ours", "SB3", "SBX")
    ]
    cells, failures = [], []
    for peer in ("SB3", "SBX"):
        times_faster, floor = middle[peer] / middle["ours"], case.floors.get(peer)
        told = "" if floor is None else f" (floor {floor:g}x)"
        cells.append(f"**{times_faster:.1f}x**{told}")
        if floor is not None and times_faster < floor:
            failures.append(f"{case.name}: {peer} {times_faster:.1f}x is below {floor:g}x")
    return "| " + " | ".join([case.name, *columns, *cells]) + " |\n", failures


def main() -> int:
    """Measure, write the table, and return the exit code."""
    run_beside_peers("sbx", ONE_THREAD)
    use_one_core()
    import torch

    from scripts.conclusion import conclude

    torch.set_num_threads(1)
    before = load()
    with tempfile.TemporaryDirectory() as folder:
        judged = [judge(case) for case in make_cases(Path(folder))]
    packages = ("numpy", "torch", "stable-baselines3", "sbx-rl", "jax")
    text = (
        f"{describe_machine(before, packages)}\n\n"
        "| us: p50 (p99) | ours | SB3 | SBX | beside SB3 | beside SBX |\n"
        "|---|---|---|---|---|---|\n" + "".join(row for row, _ in judged)
    )
    failures = [failure for _, found in judged for failure in found]
    return conclude("bench_infer", text, failures)


if __name__ == "__main__":
    sys.exit(main())
