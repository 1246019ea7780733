"""Time of one step of an exported policy beside SB3's ``VecNormalize`` and ``predict``.

48 observations, 12 actions, two layers of 256 units (SAC), normalised observations; ours with the
safety limits that SB3 does not have. The two take turns in one process on one thread; then 100 000
steps of ours alone.

    python scripts/bench_deploy.py

Writes the table into docs/benchmarks.md. Exit code 1 if the median is more than 1/8 of SB3's.
"""

from __future__ import annotations

import gc
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3 import SAC
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

from rl_zoo.console import message
from rl_zoo.deploy.graph.build import build_network
from rl_zoo.deploy.graph.preprocess import preprocessing_of
from rl_zoo.deploy.layer import Layer
from rl_zoo.deploy.layers.safety import BoxSafetyLayer, RobotSafetyLayer
from rl_zoo.deploy.metadata import (
    KEY,
    ActionLayout,
    ArrayLayout,
    EnvironmentRecord,
    Metadata,
    to_json,
)
from rl_zoo.deploy.runtime import Policy
from rl_zoo.robots.driver import RobotState
from rl_zoo.robots.go2 import GO2
from rl_zoo.robots.guard_limits import SafetyLimits
from rl_zoo.robots.safe_actions import BOX_LIMITS, ActionBox, BoxLimits, limits_within

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scripts.conclusion import conclude  # noqa: E402

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
N_OBSERVATIONS, N_ACTIONS = 48, 12
N_SAMPLES, ROUNDS, LONG = 200, 30, 100_000
FLOOR = 8.0
"""Times that ours must be faster at the median."""
MAX_CHANGE = 1.0

Array = NDArray[Any]
Step = Callable[[int], Any]


@dataclass(frozen=True)
class Inputs:
    """What both are given, in turn.

    Attributes:
        observations: As the environment gives them. Shape: (N_SAMPLES, N_OBSERVATIONS).
        states: Of a robot that moves around its default pose.
        held: Actions that equal the commands held. Shape: (N_SAMPLES, N_ACTIONS).
    """

    observations: Array
    states: list[RobotState]
    held: Array


class Space(gym.Env[Array, Array]):
    """Spaces without a world behind them."""

    observation_space = gym.spaces.Box(-np.inf, np.inf, (N_OBSERVATIONS,), np.float32)
    action_space = gym.spaces.Box(-1.0, 1.0, (N_ACTIONS,), np.float32)


def make_inputs() -> Inputs:
    """Return smooth observations and the states of a go2 that trots about on the spot."""
    rng = np.random.default_rng(0)
    steps = rng.normal(0.0, 0.1, (N_SAMPLES, N_OBSERVATIONS))
    held = 0.3 * np.sin(np.linspace(0.0, 12.0, N_SAMPLES)[:, None] + np.arange(N_ACTIONS))
    states = [_state(action, rng) for action in held]
    return Inputs(np.cumsum(steps, axis=0).astype(np.float32), states, held)


def _state(action: Array, rng: np.random.Generator) -> RobotState:
    q = GO2.default_pose + GO2.action_ranges * action + rng.normal(0.0, 0.02, N_ACTIONS)
    return RobotState(
        time=0.0,
        joint_positions=q,
        joint_velocities=rng.normal(0.0, 1.0, N_ACTIONS),
        joint_torques=np.zeros(N_ACTIONS),
        motor_positions=q,
        orientation=(0.9992, 0.03, 0.025, 0.0),
        angular_velocity_in_body=np.zeros(3),
    )


def make_agent() -> tuple[SAC, VecNormalize]:
    """Return an untrained agent whose statistics are not those of a start."""
    env = VecNormalize(DummyVecEnv([Space]), training=False)
    rng = np.random.default_rng(1)
    statistics: Any = env.obs_rms
    statistics.mean = rng.normal(0.0, 0.5, N_OBSERVATIONS)
    statistics.var = rng.uniform(0.5, 2.0, N_OBSERVATIONS)
    return SAC("MlpPolicy", env, device="cpu", seed=0), env


def make_bundle(agent: SAC, env: VecNormalize, layer: Layer) -> bytes:
    """Return the agent and one layer as a bundle."""
    network = build_network(agent.policy, preprocessing_of(env))
    metadata = Metadata(
        run={},
        versions={},
        observation=(ArrayLayout("observation", (N_OBSERVATIONS,), "float32"),),
        observation_is_dict=False,
        action=ActionLayout("box", ArrayLayout("action", (N_ACTIONS,), "float32", -1.0, 1.0)),
        network=network.layout,
        environment=EnvironmentRecord("Bench-v0"),
        layers=(layer.to_dict(),),
    )
    entry = network.model.metadata_props.add()
    entry.key, entry.value = KEY, to_json(metadata)
    content: bytes = network.model.SerializeToString()
    return content


def make_layers() -> dict[str, Layer]:
    """Return the safety limits that are measured, by their name in the table."""
    box = ActionBox(Space.action_space.low, Space.action_space.high)
    change = BoxLimits(
        np.full(N_ACTIONS, MAX_CHANGE),
        dict.fromkeys(BOX_LIMITS, "soft"),
        dict.fromkeys(BOX_LIMITS, 1.0),
    )
    pose, ranges = GO2.default_pose, GO2.action_ranges
    limits = SafetyLimits.from_spec(GO2, control_period=0.02)
    limits = limits_within(limits, box, lambda action: pose + ranges * action)
    return {
        f"action space, change per step at most {MAX_CHANGE:g}": BoxSafetyLayer(box, change),
        "guard of go2: joints, torque, speed, feet, legs, tilt, height": RobotSafetyLayer(
            limits, box, (pose, ranges), None
        ),
    }


def take_turns(steps: dict[str, Step]) -> dict[str, Array]:
    """Return the microseconds of every call, the functions taking turns."""
    times: dict[str, list[int]] = {name: [] for name in steps}
    for _ in range(ROUNDS):
        for name, step in steps.items():
            for index in range(N_SAMPLES):
                start = time.perf_counter_ns()
                step(index)
                times[name].append(time.perf_counter_ns() - start)
    return {name: np.array(values[N_SAMPLES:]) / 1e3 for name, values in times.items()}


def long_run(step: Step) -> Array:
    """Return the microseconds of every one of many steps, with Python's own collector running."""
    gc.collect()
    times = np.zeros(LONG)
    for index in range(LONG):
        start = time.perf_counter_ns()
        step(index % N_SAMPLES)
        times[index] = time.perf_counter_ns() - start
    return times / 1e3


def count_changed(policy: Policy, step: Step) -> int:
    """Return in how many of the samples the limits changed the action."""
    layer: Any = policy.layers[0]
    changed = 0
    for index in range(N_SAMPLES):
        step(index)
        changed += layer.last.action is not layer.proposed
    return changed


def describe_machine() -> str:
    """Return what the times depend on besides the code."""
    load = "/".join(f"{value:.1f}" for value in os.getloadavg())
    core = os.environ.get("OPENBLAS_CORETYPE", "not set")
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), one thread used, load {load} at the end, "
        f"OPENBLAS_CORETYPE {core}, Python {platform.python_version()}, NumPy {np.__version__}, "
        f"onnxruntime {version('onnxruntime')}, PyTorch {version('torch')}, "
        f"stable-baselines3 {version('stable-baselines3')}"
    )


def main() -> int:
    """Measure, write the table, and return the exit code."""
    torch.set_num_threads(1)
    inputs = make_inputs()
    agent, env = make_agent()

    def sb3(index: int) -> Any:
        normalized = env.normalize_obs(inputs.observations[index][None])
        return agent.predict(normalized, deterministic=True)[0]

    rows, failures = [], []
    for name, layer in make_layers().items():
        message(f"{name} ...")
        policy = Policy(make_bundle(agent, env, layer))
        policy.reset()

        def ours(index: int, policy: Policy = policy) -> Any:
            return policy.step(inputs.observations[index], inputs.states[index], inputs.held[index])

        changed = count_changed(policy, ours)
        times = take_turns({"sb3": sb3, "ours": ours})
        theirs, mine = (np.percentile(times[key], [50, 99]) for key in ("sb3", "ours"))
        many = np.percentile(long_run(ours), [50, 99, 100])
        ratio = theirs[0] / mine[0]
        rows.append(
            f"| {name} | {100 * changed / N_SAMPLES:.0f} % | {theirs[0]:.0f} ({theirs[1]:.0f}) | "
            f"{mine[0]:.1f} ({mine[1]:.1f}) | **{ratio:.1f}x** | {FLOOR:.0f}x | {many[0]:.1f} | "
            f"{many[1]:.1f} | {many[2]:.0f} |\n"
        )
        if ratio < FLOOR:
            failures.append(f"{name}: {ratio:.1f}x is below {FLOOR:g}x")
    text = (
        f"{describe_machine()}.\n\n"
        "| safety limits of ours | actions changed | SB3: p50 (p99) us | ours: p50 (p99) us | "
        f"ratio | floor | {LONG} steps of ours: p50 us | p99 us | max us |\n"
        "|---|---|---|---|---|---|---|---|---|\n" + "".join(rows)
    )
    return conclude("bench_deploy", text, failures)


if __name__ == "__main__":
    if not ONE_THREAD.items() <= os.environ.items():
        # Read once, when NumPy is imported.
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, **ONE_THREAD})
    sys.exit(main())
