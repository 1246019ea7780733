"""Joints as moteus servos: units, gains, and frames packed by the official client library.

A servo counts revolutions; its gains are fixed in its configuration and scaled by each command.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from rl_zoo.errors import ConfigError, MissingDependencyError
from rl_zoo.finite import is_finite_number
from rl_zoo.robots.spec import RobotSpec
from rl_zoo.robots.wire.moteus_registers import Register

_TURN = 2.0 * math.pi
KD_HEADROOM = 3.0
"""Configured over commanded damping by default: a servo caps the share of kd at that of kp."""
_LARGEST_ID = 126


@dataclass(frozen=True)
class ServoOptions:
    """Which servo drives which joint, and how it is configured. Tuples are in joint order."""

    ids: tuple[int, ...] | None = None
    """CAN ids; None: 1 to n."""
    signs: tuple[int, ...] | None = None
    """1, or -1 where the servo turns against the joint; None: all 1."""
    ratios: tuple[float, ...] | None = None
    """Revolutions that the servo counts per revolution of the joint; None: 1, because the servo
    knows its gear (``motor_position.rotor_to_output_ratio``)."""
    offsets: tuple[float, ...] | None = None
    """Angle of the joint where the servo counts 0, rad; None: 0."""
    servo_kp: tuple[float, ...] | None = None
    """``servo.pid_position.kp`` as configured, N m per revolution; None: the robot's kp."""
    servo_kd: tuple[float, ...] | None = None
    """``servo.pid_position.kd`` as configured, N m s per revolution; None: 3 times the robot's."""

    def problems(self, spec: RobotSpec) -> list[str]:
        """Return what is wrong with them for a robot, as ``key: what``."""
        found = []
        for name in ("ids", "signs", "ratios", "offsets", "servo_kp", "servo_kd"):
            values = getattr(self, name)
            if values is None:
                continue
            if len(values) != spec.n_joints or not all(map(is_finite_number, values)):
                found.append(f"{name}: must be {spec.n_joints} numbers, one per joint")
        if found:
            return found
        ids = self.ids or ()
        if len(set(ids)) < len(ids) or not all(0 < i <= _LARGEST_ID and i == int(i) for i in ids):
            found.append(f"ids: must be different whole numbers from 1 to {_LARGEST_ID}")
        if not all(sign in (1, -1) for sign in self.signs or ()):
            found.append("signs: each must be 1 or -1")
        for name in ("ratios", "servo_kp", "servo_kd"):
            if not all(value > 0.0 for value in getattr(self, name) or ()):
                found.append(f"{name}: each must be above 0")
        return found or _gain_problems(spec, self)


@dataclass(frozen=True)
class Servo:
    """One joint's servo: conversions between the joint's units and the servo's."""

    name: str
    id: int
    sign: int
    ratio: float
    offset: float
    kp: float
    """Configured, N m per revolution of the servo."""
    kd: float
    max_torque: float
    """Of the joint, N m."""

    def to_turns(self, angle: float) -> float:
        """Return the servo's position of a joint's angle (rad)."""
        return self.sign * self.ratio * (angle - self.offset) / _TURN

    def to_angle(self, turns: float) -> float:
        """Return the joint's angle (rad) of the servo's position."""
        return self.offset + self.sign * _TURN * turns / self.ratio

    def link_angle(self, turns: float) -> float:
        """Return the joint's angle (rad) of the encoder on the link's side, which has no gear."""
        return self.offset + self.sign * _TURN * turns

    def link_turns(self, angle: float) -> float:
        """Return the position of that encoder at a joint's angle (rad)."""
        return self.sign * (angle - self.offset) / _TURN

    def to_turn_rate(self, speed: float) -> float:
        """Return revolutions per second of the servo at a joint's speed (rad/s)."""
        return self.sign * self.ratio * speed / _TURN

    def to_speed(self, turn_rate: float) -> float:
        """Return the joint's speed (rad/s)."""
        return self.sign * _TURN * turn_rate / self.ratio

    def to_servo_torque(self, torque: float) -> float:
        """Return the torque at the servo's counted output of a torque at the joint."""
        return self.sign * torque / self.ratio

    def link_speed(self, turn_rate: float) -> float:
        """Return the speed (rad/s) of the encoder on the link's side."""
        return self.sign * _TURN * turn_rate

    def link_turn_rate(self, speed: float) -> float:
        """Return revolutions per second of that encoder at a joint's speed (rad/s)."""
        return self.sign * speed / _TURN

    def to_torque(self, servo_torque: float) -> float:
        """Return the torque at the joint."""
        return self.sign * servo_torque * self.ratio

    def scales(self, kp: float, kd: float) -> tuple[float, float]:
        """Return the shares of the configured gains that make ``kp`` and ``kd`` at the joint."""
        per_turn = _TURN / self.ratio**2
        return min(1.0, kp * per_turn / self.kp), min(1.0, kd * per_turn / self.kd)

    def gains(self, kp_scale: float, kd_scale: float) -> tuple[float, float]:
        """Return kp (N m/rad) and kd (N m s/rad) at the joint of shares of the configured gains."""
        per_radian = self.ratio**2 / _TURN
        return kp_scale * self.kp * per_radian, kd_scale * self.kd * per_radian


def make_servos(spec: RobotSpec, options: ServoOptions) -> tuple[Servo, ...]:
    """Return the servos of a robot in joint order.

    Raises:
        ConfigError: If the options do not fit the robot.
    """
    problems = options.problems(spec)
    if problems:
        raise ConfigError([f"driver_options.{problem}" for problem in problems])
    return _servos(spec, options)


def _servos(spec: RobotSpec, options: ServoOptions) -> tuple[Servo, ...]:
    n = spec.n_joints
    ratios = options.ratios or (1.0,) * n
    kps = options.servo_kp or tuple(
        joint.kp * _TURN / ratio**2 for joint, ratio in zip(spec.joints, ratios, strict=True)
    )
    kds = options.servo_kd or tuple(
        KD_HEADROOM * joint.kd * _TURN / ratio**2
        for joint, ratio in zip(spec.joints, ratios, strict=True)
    )
    ids = options.ids or tuple(range(1, n + 1))
    signs = options.signs or (1,) * n
    offsets = options.offsets or (0.0,) * n
    return tuple(
        Servo(
            name=joint.name,
            id=int(ids[i]),
            sign=int(signs[i]),
            ratio=float(ratios[i]),
            offset=float(offsets[i]),
            kp=float(kps[i]),
            kd=float(kds[i]),
            max_torque=joint.max_torque,
        )
        for i, joint in enumerate(spec.joints)
    )


def _gain_problems(spec: RobotSpec, options: ServoOptions) -> list[str]:
    """Check that the configured gains reach those of the robot."""
    found = []
    for joint, servo in zip(spec.joints, _servos(spec, options), strict=True):
        per_turn = _TURN / servo.ratio**2
        kp_scale, kd_scale = joint.kp * per_turn / servo.kp, joint.kd * per_turn / servo.kd
        if kp_scale > 1.0 + 1e-9:
            found.append(
                f"servo_kp: '{joint.name}' needs {joint.kp * per_turn:.4g} N m per revolution, "
                f"its servo is configured with {servo.kp:.4g}"
            )
        elif kd_scale > kp_scale + 1e-9:
            found.append(
                f"servo_kd: '{joint.name}' needs {kd_scale:.2g} of kd at {kp_scale:.2g} of kp, and "
                f"a moteus caps the one at the other: configure a larger servo.pid_position.kd"
            )
    return found


@dataclass
class FramePacker:
    """Packs commands and questions with the official library.

    Raises:
        MissingDependencyError: If it is not installed.
    """

    servos: tuple[Servo, ...]
    watchdog: float
    """Silence after which a servo goes into its timeout mode, s."""
    has_link_encoders: bool
    """Whether the second encoder, on the link's side of a spring, is asked too."""
    _controllers: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        try:
            import moteus
        except ModuleNotFoundError as error:
            raise MissingDependencyError(
                'driver moteus needs its client library: pip install "rl_zoo[moteus]"'
            ) from error
        query = moteus.QueryResolution()
        query.motor_temperature = moteus.INT8
        query._extra = {int(Register.COUNTER): moteus.INT32}
        if self.has_link_encoders:
            query._extra[int(Register.LINK_POSITION)] = moteus.F32
            query._extra[int(Register.LINK_VELOCITY)] = moteus.F32
        resolution = moteus.PositionResolution()
        resolution.ilimit_scale = moteus.INT8
        self._controllers = [
            moteus.Controller(id=s.id, query_resolution=query, position_resolution=resolution)
            for s in self.servos
        ]

    def servo(self, joint: int, law: tuple[float, float, float, float, float]) -> bytes:
        """Return the command ``tau + kp (q - ...) + kd (dq - ...)`` with a query.

        Without stiffness and added torque it is the servo's zero-velocity mode: in position mode
        it would cap the damping at the stiffness.

        Args:
            joint: Number of the joint.
            law: q, dq, kp, kd, tau in the joint's units.
        """
        q, dq, kp, kd, tau = law
        servo = self.servos[joint]
        kp_scale, kd_scale = servo.scales(kp, kd)
        controller = self._controllers[joint]
        if kp == 0.0 and tau == 0.0 and dq == 0.0:
            return bytes(controller.make_zero_velocity(kd_scale=kd_scale, query=True).data)
        command = controller.make_position(
            position=servo.to_turns(q),
            velocity=servo.to_turn_rate(dq),
            feedforward_torque=servo.to_servo_torque(tau),
            kp_scale=kp_scale,
            kd_scale=kd_scale,
            maximum_torque=servo.max_torque / servo.ratio,
            watchdog_timeout=self.watchdog,
            ilimit_scale=0.0,
            query=True,
        )
        return bytes(command.data)

    def query(self, joint: int) -> bytes:
        """Return a question that changes nothing."""
        return bytes(self._controllers[joint].make_query().data)

    def stop(self, joint: int) -> bytes:
        """Return the command that ends a fault or time-out; the motor is free after it."""
        return bytes(self._controllers[joint].make_stop().data)

    def set_output(self, joint: int, angle: float) -> bytes:
        """Return the command that calls the present position ``angle`` (rad)."""
        position = self.servos[joint].to_turns(angle)
        return bytes(self._controllers[joint].make_set_output_exact(position=position).data)
