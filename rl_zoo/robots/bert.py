"""bert: a small quadruped with elastic joints, two per leg, no abduction.

Published: 3.1 kg, springs of 2.75 N m/rad, at most 4 N m per motor. Sizes, damping, motor speed and
the distribution of the mass are estimates of ours.
"""

from __future__ import annotations

from pathlib import Path

from rl_zoo.robots.spec import JointSpec, RobotSpec

LEGS = ("FR", "FL", "RR", "RL")
"""Front right, front left, rear right, rear left."""


def _hip(leg: str) -> JointSpec:
    return JointSpec(
        f"{leg}_hip", 0.5, -0.8, 1.6, max_velocity=12.0, max_torque=4.0, action_range=0.5
    )


def _knee(leg: str) -> JointSpec:
    return JointSpec(
        f"{leg}_knee", -1.0, -2.2, -0.1, max_velocity=12.0, max_torque=4.0, action_range=0.6
    )


BERT = RobotSpec(
    name="bert",
    joints=tuple(joint for leg in LEGS for joint in (_hip(leg), _knee(leg))),
    feet=tuple(f"{leg}_foot" for leg in LEGS),
    mass=3.1,
    standing_height=0.153,
    model_file=Path(__file__).parent / "models" / "bert.xml",
    spring_stiffness=2.75,
    spring_damping=0.05,
    control_frequency=50.0,
    physics_frequency=500.0,
)
