"""Measure how long one call of the guard takes: ``python scripts/benchmark_guard.py``."""

from __future__ import annotations

import time

import numpy as np

from rl_zoo.robots.catalog import ROBOTS
from rl_zoo.robots.driver import RobotState
from rl_zoo.robots.guard import guard
from rl_zoo.robots.guard_limits import SafetyLimits
from rl_zoo.robots.spec import FloatArray, RobotSpec

CALLS = 4_000


def _state(spec: RobotSpec) -> RobotState:
    pose = spec.default_pose
    return RobotState(
        time=0.0,
        joint_positions=pose,
        joint_velocities=np.zeros_like(pose),
        joint_torques=np.zeros_like(pose),
        motor_positions=pose,
        orientation=(1.0, 0.0, 0.0, 0.0),
        angular_velocity_in_body=np.zeros(3),
        temperatures=np.full(len(pose), 40.0),
        battery_voltage=24.0,
    )


def measure(limits: SafetyLimits, spec: RobotSpec, commands: FloatArray) -> str:
    """Return processor time and share of changed commands.

    Args:
        limits: Of the robot.
        spec: The robot, standing still.
        commands: Shape: (n_commands, n_joints).
    """
    state, held = _state(spec), spec.default_pose
    times, wall, changed = [], np.empty(len(commands)), 0
    for index, command in enumerate(commands):
        start = time.perf_counter()
        result = guard(limits, state, command, held)
        wall[index] = 1e6 * (time.perf_counter() - start)
        changed += result.changed
    for batch in np.array_split(commands, 20):
        start = time.thread_time()
        for command in batch:
            guard(limits, state, command, held)
        times.append(1e6 * (time.thread_time() - start) / len(batch))
    median, high = np.percentile(wall, [50, 99])
    return (
        f"{np.median(times):5.0f} us of processor time; wall p50 {median:5.0f} us, "
        f"p99 {high:6.0f} us; {100 * changed / len(commands):3.0f} % changed"
    )


def main() -> None:
    """Print one line per robot and kind of command."""
    rng = np.random.default_rng(0)
    for name in ("bert", "go1"):
        spec = ROBOTS.load(name)
        limits = SafetyLimits.from_spec(spec)
        length = spec.legs[0].thigh_length
        box = {"x": [-0.02, 0.02], "y": [-2.0, 2.0], "z": [-2.0 * length, -0.5 * length]}
        tight = SafetyLimits.from_spec(spec, foot_box=box)
        for what, chosen, spread in (
            ("admissible", limits, 0.003),
            ("joint limits", limits, 3.0),
            ("foot boxes", tight, 0.1),
        ):
            commands = spec.default_pose + rng.normal(0.0, spread, (CALLS, spec.n_joints))
            print(f"{name:<5} {what:<13} {measure(chosen, spec, commands)}")


if __name__ == "__main__":
    main()
