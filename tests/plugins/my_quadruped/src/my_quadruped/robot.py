"""What the robot is: eight rigid joints, two per leg."""

from __future__ import annotations

from pathlib import Path

from rl_zoo.motion.kinematics import LegGeometry
from rl_zoo.robots.spec import JointSpec, ModelFile, RobotSpec

_HIPS = {"rf": (0.15, -0.09), "lf": (0.15, 0.09), "rh": (-0.15, -0.09), "lh": (-0.15, 0.09)}


def _joint(name: str, default: float, lower: float, upper: float) -> JointSpec:
    return JointSpec(
        name,
        default,
        lower,
        upper,
        max_velocity=15.0,
        max_torque=12.0,
        action_range=0.4,
        kp=20.0,
        kd=0.5,
    )


MY_QUADRUPED = RobotSpec(
    name="my_quadruped",
    joints=tuple(
        joint
        for leg in _HIPS
        for joint in (
            _joint(f"{leg}_swing", 0.6, -1.1, 1.9),
            _joint(f"{leg}_bend", -1.2, -2.4, -0.1),
        )
    ),
    legs=tuple(
        LegGeometry(
            leg, f"{leg}_paw", (f"{leg}_swing", f"{leg}_bend"), (x, y, 0.0), 0.12, 0.12, 0.02
        )
        for leg, (x, y) in _HIPS.items()
    ),
    mass=6.0,
    standing_height=0.218,
    model=ModelFile(str(Path(__file__).parent / "my_quadruped.xml")),
    control_frequency=50.0,
    physics_frequency=500.0,
)
