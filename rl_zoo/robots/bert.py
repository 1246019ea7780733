"""bert: a small quadruped with elastic joints, two per leg, no abduction.

Published: 3.1 kg, springs of 2.75 N m/rad, at most 4 N m per motor. Sizes, damping, motor speed and
the distribution of the mass are estimates of ours.
"""

from __future__ import annotations

from pathlib import Path

from rl_zoo.motion.kinematics import LegGeometry
from rl_zoo.robots.spec import JointSpec, ModelFile, RobotSpec

SPRING_STIFFNESS = 2.75
"""N m/rad."""
SPRING_DAMPING = 0.05
"""N m s/rad."""
_HIPS = {"FR": (0.115, -0.072), "FL": (0.115, 0.072), "RR": (-0.115, -0.072), "RL": (-0.115, 0.072)}


def _joint(name: str, default: float, lower: float, upper: float, action_range: float) -> JointSpec:
    return JointSpec(
        name,
        default,
        lower,
        upper,
        max_velocity=12.0,
        max_torque=4.0,
        action_range=action_range,
        kp=SPRING_STIFFNESS,
        kd=SPRING_DAMPING,
    )


def _leg(name: str) -> LegGeometry:
    x, y = _HIPS[name]
    joints = (f"{name}_hip", f"{name}_knee")
    return LegGeometry(name, f"{name}_foot", joints, (x, y, 0.0), 0.08, 0.08, foot_radius=0.013)


BERT = RobotSpec(
    name="bert",
    joints=tuple(
        joint
        for leg in _HIPS
        for joint in (
            _joint(f"{leg}_hip", 0.5, -0.8, 1.6, action_range=0.5),
            _joint(f"{leg}_knee", -1.0, -2.2, -0.1, action_range=0.6),
        )
    ),
    legs=tuple(_leg(name) for name in _HIPS),
    mass=3.1,
    standing_height=0.153,
    model=ModelFile(str(Path(__file__).parent / "models" / "bert.xml")),
    control_frequency=50.0,
    physics_frequency=500.0,
    motor_lag=0.02,
)
