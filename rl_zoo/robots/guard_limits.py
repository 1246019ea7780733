"""The limits of a robot as frozen, plain data, and what happens when one is reached."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from rl_zoo.errors import ConfigError
from rl_zoo.motion.kinematics import LegGeometry
from rl_zoo.robots.guard_geometry import Box3, LegLimits
from rl_zoo.robots.guard_options import read_options
from rl_zoo.robots.spec import FloatArray, RobotSpec

PROJECTED = (
    "finite",
    "joint_range",
    "torque",
    "joint_velocity",
    "tracking",
    "command_velocity",
    "foot_box",
    "self_collision",
)
"""Limits that the command can be changed to respect, the one that wins first."""
WATCHED = ("state", "stale", "tilt", "height", "temperature", "battery")
"""Limits of what is measured: no command can be projected to respect them."""
LIMITS = (*WATCHED, *PROJECTED)
"""Every limit, in the order in which they are judged."""
UNCONDITIONAL = ("finite", "joint_range", "state")
"""Limits that cannot be switched off or merely reported."""

REACTIONS = ("report", "soft", "truncate", "terminate")
"""Count it; project the command; hold the last command and ask for a stop, as one or the other."""

DEFAULT_REACTIONS: Mapping[str, str] = {
    **dict.fromkeys(PROJECTED, "soft"),
    "state": "truncate",
    "stale": "truncate",
    "tilt": "terminate",
    "height": "terminate",
    "temperature": "truncate",
    "battery": "truncate",
}
"""A fall is the robot's own doing (termination); the rest is not the policy's (truncation)."""


@dataclass(frozen=True)
class SafetyLimits:
    """What a command and a state must respect. None switches a limit off."""

    robot: str
    """Name of the robot."""
    joint_names: tuple[str, ...]
    """The order of every per-joint value."""
    control_period: float
    """Time between two commands that pass the guard, s."""
    default_pose: tuple[float, ...]
    """Commanded only if neither a state nor a previous command is known, rad."""
    joint_range: tuple[tuple[float, float], ...]
    """Smallest and largest commanded position of each joint, rad."""
    kp: tuple[float, ...]
    """Stiffness of each joint, N m/rad."""
    kd: tuple[float, ...]
    """Damping of each joint, N m s/rad."""
    legs: tuple[LegGeometry, ...] = ()
    """For the limits of feet and trunk."""
    max_torque: tuple[float, ...] | None = None
    """Of ``kp * (target - q) - kd * dq``, N m."""
    max_joint_velocity: tuple[float, ...] | None = None
    """Measured speed beyond which a joint is not driven further in its direction, rad/s."""
    max_tracking_error: tuple[float, ...] | None = None
    """Between target and measured joint, rad."""
    max_command_velocity: tuple[float, ...] | None = None
    """Of the target: it moves at most this times ``control_period`` per command, rad/s."""
    foot_box: Box3 | None = None
    """x forward, y outward, z up of each foot from its hip, axes of the trunk, m."""
    min_leg_distance: float | None = None
    """Between the feet and knees of two legs of ``leg_pairs``, m."""
    leg_pairs: tuple[tuple[str, str], ...] = ()
    """Names of legs that can touch each other."""
    max_tilt: float | None = None
    """Between the trunk's and the world's vertical, rad."""
    min_height: float | None = None
    """Of the trunk above the lowest foot, by leg kinematics, m."""
    max_temperature: float | None = None
    """Of any motor, degrees Celsius."""
    min_battery_voltage: float | None = None
    """V."""
    max_state_age: float | None = None
    """Of the newest sample, s."""
    reactions: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_REACTIONS))
    """One of ``REACTIONS`` for every limit."""
    cost_weights: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(LIMITS, 1.0))
    """Cost of a step in which the limit was reached."""

    @classmethod
    def from_spec(cls, spec: RobotSpec, **overrides: Any) -> SafetyLimits:
        """Return the limits of a robot.

        Args:
            spec: The robot.
            **overrides: Fields of this class instead of the defaults, as YAML can say them: a
                per-joint limit may be one number, a list or a mapping by joint name;
                ``joint_range`` a list of pairs or a mapping; ``foot_box`` a mapping of x, y, z to
                pairs; ``reactions`` and ``cost_weights`` mappings of some limits.

        Raises:
            ConfigError: All mistakes at once.
        """
        rigid = None if spec.is_elastic else tuple((1.5 * spec.max_velocities).tolist())
        reach = max((leg.thigh_length + leg.shank_length for leg in spec.legs), default=0.0)
        offset = max((abs(leg.abduction_offset) for leg in spec.legs), default=0.0)
        radius = max((leg.foot_radius for leg in spec.legs), default=0.0)
        defaults = cls(
            robot=spec.name,
            joint_names=spec.joint_names,
            control_period=1.0 / spec.control_frequency,
            default_pose=tuple(spec.default_pose.tolist()),
            joint_range=tuple((joint.lower_limit, joint.upper_limit) for joint in spec.joints),
            kp=tuple(spec.kp.tolist()),
            kd=tuple(spec.kd.tolist()),
            legs=spec.legs,
            max_torque=tuple(spec.max_torques.tolist()),
            max_joint_velocity=rigid,
            max_command_velocity=tuple(spec.max_velocities.tolist()),
            foot_box=_default_foot_box(reach, offset) if spec.legs else None,
            min_leg_distance=2.0 * radius if spec.legs else None,
            leg_pairs=_neighbours(spec.legs),
            max_tilt=1.2,
            min_height=0.25 * spec.standing_height if spec.legs else None,
            max_temperature=75.0,
        )
        return dataclasses.replace(defaults, **read_options(defaults, overrides))

    def including(self, positions: FloatArray) -> SafetyLimits:
        """Return these limits with a joint range that reaches to ``positions``.

        For a robot that starts outside of its range (folded on the floor): the guard would make
        its first command jump to the range; with these limits it moves in at the rate limit.

        Args:
            positions: Measured, rad. Shape: (n_joints,).
        """
        pairs = zip(self.joint_range, positions.tolist(), strict=True)
        wider = tuple((min(low, here), max(high, here)) for (low, high), here in pairs)
        return dataclasses.replace(self, joint_range=wider)

    def within(self, lower: FloatArray, upper: FloatArray) -> SafetyLimits:
        """Return these limits with a joint range cut to ``[lower, upper]``, rad.

        Raises:
            ConfigError: If nothing remains of a joint's range.
        """
        ranges = []
        for index, (low, high) in enumerate(self.joint_range):
            low, high = max(low, float(lower[index])), min(high, float(upper[index]))
            if not low < high:
                raise ConfigError(
                    f"limits.joint_range: no action reaches the range of "
                    f"'{self.joint_names[index]}'"
                )
            ranges.append((low, high))
        return dataclasses.replace(self, joint_range=tuple(ranges))

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold; ``from_dict`` returns the same limits."""
        plain = dataclasses.asdict(self)
        plain["reactions"], plain["cost_weights"] = dict(self.reactions), dict(self.cost_weights)
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> SafetyLimits:
        """Return the limits that ``to_dict`` (or JSON) holds.

        Raises:
            ConfigError: If a field is missing or unknown.
        """
        values = {key: _as_tuples(value) for key, value in plain.items() if key != "legs"}
        try:
            legs = [
                LegGeometry(**{key: _as_tuples(value) for key, value in leg.items()})
                for leg in plain.get("legs", ())
            ]
            return cls(legs=tuple(legs), **values)
        except TypeError as error:
            raise ConfigError(f"safety limits: {error}") from error

    def enforces(self, name: str) -> bool:
        """Say whether a command is changed for this limit's sake."""
        return self.reactions[name] != "report"

    @cached_property
    def arrays(self) -> LimitArrays:
        """Return what the guard computes with."""
        return LimitArrays.of(self)

    @cached_property
    def leg_limits(self) -> LegLimits:
        """Return the limits of feet and knees that are judged."""
        return self._leg_limits(box=self.foot_box, min_distance=self.min_leg_distance)

    @cached_property
    def enforced_leg_limits(self) -> LegLimits:
        """Return the limits of feet and knees for whose sake a command is changed."""
        return self._leg_limits(
            box=self.foot_box if self.enforces("foot_box") else None,
            min_distance=self.min_leg_distance if self.enforces("self_collision") else None,
        )

    def _leg_limits(self, box: Box3 | None, min_distance: float | None) -> LegLimits:
        places = {name: index for index, name in enumerate(self.joint_names)}
        names = [leg.name for leg in self.legs]
        return LegLimits(
            legs=self.legs,
            indices=tuple(tuple(places[name] for name in leg.joints) for leg in self.legs),
            box=box if self.legs else None,
            min_distance=min_distance if self.leg_pairs else None,
            pairs=tuple((names.index(one), names.index(two)) for one, two in self.leg_pairs),
        )


@dataclass(frozen=True)
class LimitArrays:
    """The numbers of ``SafetyLimits`` as arrays of shape (n_joints,)."""

    lower: FloatArray
    upper: FloatArray
    half_range: FloatArray
    damping_ratio: FloatArray
    """kd / kp, s."""
    torque_reach: FloatArray | None
    """Distance of a target that gives the largest torque, rad."""
    max_step: FloatArray | None
    """Of the target per command, rad."""
    tracking: FloatArray | None
    joint_velocity: FloatArray | None
    fastest: float
    """Largest of ``joint_velocity``, rad/s."""
    default_pose: FloatArray

    @classmethod
    def of(cls, limits: SafetyLimits) -> LimitArrays:
        """Return the arrays of ``limits``."""
        lower = np.array([low for low, _ in limits.joint_range])
        upper = np.array([high for _, high in limits.joint_range])
        kp = np.array(limits.kp)
        torque, velocity = _array(limits.max_torque), _array(limits.max_command_velocity)
        return cls(
            lower=lower,
            upper=upper,
            half_range=0.5 * (upper - lower),
            damping_ratio=np.array(limits.kd) / kp,
            torque_reach=None if torque is None else torque / kp,
            max_step=None if velocity is None else velocity * limits.control_period,
            tracking=_array(limits.max_tracking_error),
            joint_velocity=_array(limits.max_joint_velocity),
            fastest=max(limits.max_joint_velocity or (0.0,)),
            default_pose=np.clip(np.array(limits.default_pose), lower, upper),
        )


def _array(values: tuple[float, ...] | None) -> FloatArray | None:
    return None if values is None else np.array(values)


def _as_tuples(value: Any) -> Any:
    return tuple(_as_tuples(item) for item in value) if isinstance(value, (list, tuple)) else value


def _default_foot_box(reach: float, offset: float) -> Box3:
    """Let the feet be anywhere below the trunk but not beside it."""
    sideways = (offset - 0.5 * reach, offset + 0.5 * reach)
    return ((-0.9 * reach, 0.9 * reach), sideways, (-1.1 * reach, -0.15 * reach))


def _neighbours(legs: tuple[LegGeometry, ...]) -> tuple[tuple[str, str], ...]:
    """Return the pairs of legs on one side, and of one end if they can move sideways."""
    pairs = []
    for index, leg in enumerate(legs):
        for other in legs[index + 1 :]:
            same_side = leg.hip_position[1] * other.hip_position[1] > 0.0
            same_end = leg.hip_position[0] * other.hip_position[0] > 0.0
            if same_side or (same_end and (leg.has_abduction or other.has_abduction)):
                pairs.append((leg.name, other.name))
    return tuple(pairs)
