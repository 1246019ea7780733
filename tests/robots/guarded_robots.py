"""Robots, states and an independent judge for the tests of the guard."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rl_zoo.motion.kinematics import LegGeometry, foot_position
from rl_zoo.robots.driver import RobotState
from rl_zoo.robots.spec import JointSpec, ModelFile, RobotSpec


def _twelve() -> RobotSpec:
    """A robot of the size of a Go1: 12 stiff joints, three per leg."""
    hips = {"FR": (0.19, -0.05), "FL": (0.19, 0.05), "RR": (-0.19, -0.05), "RL": (-0.19, 0.05)}
    joints, legs = [], []
    for name, (x, y) in hips.items():
        rows = (("abduction", 0.0, -0.9, 0.9), ("hip", 0.9, -0.7, 4.5), ("knee", -1.8, -2.8, -0.9))
        for part, pose, low, high in rows:
            joints.append(JointSpec(f"{name}_{part}", pose, low, high, 25.0, 24.0, 0.3, 40.0, 1.0))
        names = tuple(f"{name}_{part}" for part, *_ in rows)
        side = 0.08 if y > 0 else -0.08
        legs.append(LegGeometry(name, f"{name}_foot", names, (x, y, 0.0), 0.213, 0.213, 0.02, side))
    model = ModelFile("none.xml")
    return RobotSpec("twelve", tuple(joints), tuple(legs), 12.7, 0.27, model, 50.0, 500.0)


TWELVE = _twelve()


def make_state(spec: RobotSpec, **changes) -> RobotState:
    """Return the robot at rest in its default pose, level."""
    pose = spec.default_pose
    values = {
        "time": 0.0,
        "joint_positions": pose,
        "joint_velocities": np.zeros_like(pose),
        "joint_torques": np.zeros_like(pose),
        "motor_positions": changes.get("joint_positions", pose),
        "orientation": (1.0, 0.0, 0.0, 0.0),
        "angular_velocity_in_body": np.zeros(3),
    }
    return RobotState(**{**values, **changes})


def numbers() -> st.SearchStrategy[float]:
    """Every float64 there is, and many ordinary ones."""
    special = st.sampled_from([np.nan, np.inf, -np.inf, 1e300, -1e300, 1.7e308, 1e-310, -0.0])
    return st.one_of(special, st.floats(-4.0, 4.0), st.floats(width=64))


def vectors(n: int, elements: st.SearchStrategy[float] | None = None):
    return arrays(np.float64, n, elements=numbers() if elements is None else elements)


def ordinary(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False)


def violations(limits, spec, state, held, command, tolerance=0.0) -> dict[str, float]:
    """Judge a command by the definitions alone; nothing of the guard is used but its numbers."""
    low = np.array([pair[0] for pair in limits.joint_range])
    high = np.array([pair[1] for pair in limits.joint_range])
    found = {"joint_range": max(np.max(low - command), np.max(command - high))}
    if limits.max_torque is not None:
        q, dq = state.joint_positions, state.joint_velocities
        torque = np.array(limits.kp) * (command - q) - np.array(limits.kd) * dq
        found["torque"] = np.max(np.abs(torque) - np.array(limits.max_torque))
    if limits.max_command_velocity is not None:
        step = np.array(limits.max_command_velocity) * limits.control_period
        found["command_velocity"] = np.max(np.abs(command - held) - step)
    feet = {}
    for leg in spec.legs:
        angles = command[list(spec.leg_indices(leg))]
        feet[leg.name] = foot_position(leg, angles)
        if limits.foot_box is not None:
            x, y, z = feet[leg.name] - leg.hip_position
            y = y if leg.hip_position[1] > 0 else -y
            axes = (0, 1, 2) if leg.has_abduction else (0, 2)
            outside = [
                max(limits.foot_box[i][0] - v, v - limits.foot_box[i][1])
                for i, v in enumerate((x, y, z))
                if i in axes
            ]
            found["foot_box"] = max(found.get("foot_box", -np.inf), *outside)
    if limits.min_leg_distance is not None:
        for one, two in limits.leg_pairs:
            missing = limits.min_leg_distance - np.linalg.norm(feet[one] - feet[two])
            found["self_collision"] = max(found.get("self_collision", -np.inf), missing)
    return {name: value for name, value in found.items() if value > tolerance}
