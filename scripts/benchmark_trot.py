"""Measure the trot of docs/cpg.md on the simulated bert, without any policy; print its table."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np

from rl_zoo.console import result
from rl_zoo.envs.ids import register_environments
from rl_zoo.robots.velocity_estimator import CONTACT_FRACTION, GRAVITY
from rl_zoo.wrappers.cpg_residual import CPGResidualWrapper

TROT = {
    "gait": "trot",
    "swing_frequency": 4.63,
    "stance_frequency": 3.78,
    "clearance": 0.016,
    "penetration": 0.0024,
    "x_shift": -0.0298,
    "height": 0.1349,
    "initial_amplitude": 0.05,
    "convergence": 4.0,
}


class Case(NamedTuple):
    """One row of the table."""

    name: str
    n_episodes: int
    seconds: int
    prior: Mapping[str, Any]
    options: Mapping[str, Any] = {}


def _paced(factor: float) -> dict[str, Any]:
    return {"swing_frequency": 4.63 * factor, "stance_frequency": 3.78 * factor}


LONG = {"step_length": 0.098}
CASES = (
    Case("0.03 m", 4, 10, {"step_length": 0.03}),
    Case("0.05 m", 4, 10, {"step_length": 0.05}),
    Case("0.07 m", 20, 20, {"step_length": 0.07}),
    Case("0.085 m", 8, 10, {"step_length": 0.085}),
    Case("0.098 m", 20, 20, LONG),
    Case("0.12 m", 4, 10, {"step_length": 0.12}),
    Case("0.098 m, frequencies x 0.9", 4, 10, {**LONG, **_paced(0.9)}),
    Case("0.098 m, frequencies x 0.8", 4, 10, {**LONG, **_paced(0.8)}),
    Case("0.098 m, frequencies x 1.1", 4, 10, {**LONG, **_paced(1.1)}),
    Case("0.098 m, no soft start", 8, 10, {**LONG, "initial_amplitude": 1.0}),
    Case("0.098 m, payload of 1 kg", 4, 10, LONG, {"payload": 1.0}),
    Case("0.098 m, friction 0.5", 4, 10, LONG, {"friction": 0.5}),
    Case("0.098 m, battery_sag 0.5", 4, 10, LONG, {"battery_sag": 0.5}),
)


def main() -> None:
    """Measure every case and print the table."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    register_environments()
    result("| case | episodes | speed, mean (slowest), m/s | falls | power, W | stance | load |")
    result("|---|--:|--:|--:|--:|--:|--:|")
    for case in CASES:
        result(_measure(case))


def _measure(case: Case) -> str:
    env = gym.make("Bert-v0", max_episode_steps=50 * case.seconds, **case.options)
    wrapped: gym.Env[Any, Any] = CPGResidualWrapper(
        env, {**TROT, **case.prior}, space="foot", random_initial_phase=True
    )
    speeds, falls = [], 0
    powers, stances, loads = [], [], []
    spec = wrapped.get_wrapper_attr("robot_spec")
    contact_force = CONTACT_FRACTION * spec.mass * GRAVITY / 4.0
    idle = np.zeros(wrapped.action_space.shape or ())
    for seed in range(case.n_episodes):
        wrapped.reset(seed=seed)
        terminated = truncated = False
        n_steps = 0
        while not (terminated or truncated):
            _, _, terminated, truncated, info = wrapped.step(idle)
            state = wrapped.get_wrapper_attr("robot_state")
            powers.append(np.abs(state.joint_torques * state.joint_velocities).sum())
            stances.append(np.mean(state.foot_forces > contact_force))
            loads.append(np.abs(state.joint_torques).sum() / spec.max_torques.sum())
            n_steps += 1
        falls += terminated
        speeds.append(info["x_position"] * 50 / n_steps)
    return (
        f"| {case.name} | {case.n_episodes} × {case.seconds} s | "
        f"{np.mean(speeds):.2f} ({min(speeds):.2f}) | {falls} | {np.mean(powers):.1f} | "
        f"{np.mean(stances):.2f} | {np.mean(loads):.2f} |"
    )


if __name__ == "__main__":
    main()
