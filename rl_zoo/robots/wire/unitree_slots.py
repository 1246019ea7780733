"""Which motor slot of Unitree's messages each joint of a robot has."""

from __future__ import annotations

from collections.abc import Sequence

from rl_zoo.errors import ConfigError
from rl_zoo.robots.spec import RobotSpec
from rl_zoo.robots.wire.unitree_layout import N_SLOTS

LEG_ORDER = ("FR", "FL", "RR", "RL")
JOINT_ORDER = ("hip", "thigh", "calf")


def motor_slots(spec: RobotSpec, slots: Sequence[int] | None = None) -> tuple[int, ...]:
    """Return the motor slot of each joint, in the order of ``spec.joints``.

    Args:
        spec: The robot.
        slots: As configured; None: 0 to 11 by name if every joint is called like ``FR_hip_joint``,
            else in the order of the joints.

    Raises:
        ConfigError: If there is not one slot per joint, a slot does not exist, or two are equal.
    """
    if slots is None:
        if spec.n_joints > N_SLOTS:
            raise ConfigError(
                f"robot '{spec.name}' has {spec.n_joints} joints, a Unitree message has {N_SLOTS}"
            )
        by_name = tuple(_slot_of(name) for name in spec.joint_names)
        is_named = None not in by_name and len(set(by_name)) == spec.n_joints
        return by_name if is_named else tuple(range(spec.n_joints))  # type: ignore[return-value]
    wrong = [slot for slot in slots if type(slot) is not int or not 0 <= slot < N_SLOTS]
    if wrong:
        raise ConfigError(f"slots: {wrong[0]!r} is no motor slot; they are 0 to {N_SLOTS - 1}")
    if len(slots) != spec.n_joints:
        raise ConfigError(
            f"slots: {len(slots)} for the {spec.n_joints} joints of '{spec.name}'; "
            f"one per joint, in the order {', '.join(spec.joint_names)}"
        )
    if len(set(slots)) < len(slots):
        raise ConfigError(f"slots: {list(slots)} names a motor twice")
    return tuple(slots)


def _slot_of(name: str) -> int | None:
    leg, _, rest = name.partition("_")
    joint = rest.removesuffix("_joint")
    if leg not in LEG_ORDER or joint not in JOINT_ORDER:
        return None
    return LEG_ORDER.index(leg) * len(JOINT_ORDER) + JOINT_ORDER.index(joint)
