"""What a run was trained on, as plain data: the robot, its load, its wear and its world."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from rl_zoo.robots.simulation import SimulationOptions
from rl_zoo.robots.spec import RobotSpec

_ALIKE = ("payload", "motor_strength", "spring_stiffness", "spring_damping")
"""Options that have a form of their own below."""


def describe_robot(
    spec: RobotSpec,
    options: SimulationOptions,
    randomize: Mapping[str, tuple[float, float]] | None = None,
) -> dict[str, Any]:
    """Return the descriptor of a simulated robot: values in SI units (latency in ms), JSON-able.

    What can differ between joints stands at each of them (``joints.<name>.motor_strength``), in
    the same form whatever form the configuration had. ``driver`` and ``firmware`` are None: there
    are none in simulation.

    Args:
        spec: The robot.
        options: How robot and world differ from the defaults.
        randomize: Ranges from which options are drawn anew for every episode.
    """
    per_joint = {
        "motor_strength": options.per_joint("motor_strength", spec, np.ones(spec.n_joints)),
        "spring_stiffness": options.per_joint("spring_stiffness", spec, spec.kp),
        "spring_damping": options.per_joint("spring_damping", spec, spec.kd),
    }
    joints: dict[str, dict[str, float]] = {}
    for index, joint in enumerate(spec.joints):
        values = asdict(joint)
        name = values.pop("name")
        del values["kp"], values["kd"]  # spring_stiffness and spring_damping, as they are now
        joints[name] = values | {key: float(array[index]) for key, array in per_joint.items()}
    payload, randomize = options.payload, randomize or {}
    is_loaded = payload.mass > 0.0 or "payload_mass" in randomize
    others = {key: value for key, value in asdict(options).items() if key not in _ALIKE}
    return {
        "name": spec.name,
        "mass": spec.mass,
        "elastic": spec.is_elastic,
        "motor_lag": spec.motor_lag,
        "control_frequency": spec.control_frequency,
        "payload": {
            "mass": payload.mass,
            "position": list(payload.position) if is_loaded else None,
        },
        **others,
        "randomize": {name: list(limits) for name, limits in randomize.items()},
        "driver": None,
        "firmware": None,
        "joints": joints,
    }
