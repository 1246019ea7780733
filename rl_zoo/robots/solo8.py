"""solo8 of the Open Dynamic Robot Initiative: 2.2 kg, two joints per leg, no abduction.

The model is a URDF of the package example-robot-data, which states no limits: torque is the
published one of the actuators (2.7 N m), speed and ranges are estimates of ours.
"""

from __future__ import annotations

from rl_zoo.motion.kinematics import LegGeometry
from rl_zoo.robots.spec import JointSpec, ModelFile, RobotSpec

_LEGS = {"FR": "FR", "FL": "FL", "RR": "HR", "RL": "HL"}  # rear legs are 'hind' in the model


def _joints(leg: str) -> tuple[JointSpec, ...]:
    prefix = _LEGS[leg]
    return (
        JointSpec(f"{prefix}_HFE", 0.9, -1.6, 2.4, 30.0, 2.7, 0.5, kp=5.0, kd=0.2),
        JointSpec(f"{prefix}_KFE", -1.6, -2.7, -0.2, 30.0, 2.7, 0.6, kp=5.0, kd=0.2),
    )


def _leg(name: str) -> LegGeometry:
    x = 0.19 if name[0] == "F" else -0.19
    side = 1.0 if name[1] == "L" else -1.0
    return LegGeometry(
        name,
        foot=f"{_LEGS[name]}_FOOT",
        joints=tuple(joint.name for joint in _joints(name)),
        hip_position=(x, 0.1046 * side, 0.0),
        thigh_length=0.16,
        shank_length=0.16,
        foot_radius=0.016,
        abduction_offset=0.04545 * side,
    )


SOLO8 = RobotSpec(
    name="solo8",
    joints=tuple(joint for leg in _LEGS for joint in _joints(leg)),
    legs=tuple(_leg(name) for name in _LEGS),
    mass=2.18,
    standing_height=0.238,
    model=ModelFile(
        "cmeel.prefix/share/example-robot-data/robots/solo_description/robots/solo.urdf",
        distribution="example-robot-data",
        install='pip install "rl_zoo[solo]"',
        trunk="base_link",
    ),
    control_frequency=50.0,
    physics_frequency=500.0,
)
