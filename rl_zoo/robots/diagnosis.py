"""What the readings of a resting robot say about wiring, signs, order and sensors."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rl_zoo.motion.rotations import gravity_in_body, tilt
from rl_zoo.robots.driver import Capabilities, RobotState
from rl_zoo.robots.guard_limits import SafetyLimits
from rl_zoo.robots.guard_state import check_state
from rl_zoo.robots.sampling import Cadence
from rl_zoo.robots.spec import FloatArray, RobotSpec
from rl_zoo.robots.velocity_estimator import GRAVITY

SLIGHTLY = 0.35
"""rad: a robot folded on the floor may be that far outside of its commanded range."""
_SMALLEST_RATE = 0.8  # of the promised one
_REST = 0.5  # rad/s: faster is no robot at rest
_LARGEST_DRIFT = 0.1  # rad/s, of a gyroscope at rest
_LYING_TILT = math.radians(35.0)
_GRAVITY_ANGLE = math.radians(20.0)  # between accelerometer and orientation


@dataclass(frozen=True)
class Finding:
    """Something that a person should look at."""

    is_problem: bool
    """Whether the robot should not be commanded before it is understood; else a hint."""
    text: str


def diagnose(
    spec: RobotSpec,
    limits: SafetyLimits,
    capabilities: Capabilities,
    states: Sequence[RobotState],
) -> list[Finding]:
    """Judge the readings of a robot that lies or hangs at rest.

    Args:
        spec: The robot.
        limits: Its limits; tilt and height are not judged.
        capabilities: What its driver promises.
        states: Readings, in order, at least one.
    """
    usable = [state for state in states if check_state(limits, state).is_usable]
    n_bad = len(states) - len(usable)
    findings = []
    if n_bad:
        what = "are not plausible: NaN, or an orientation that is no unit quaternion"
        findings.append(Finding(True, f"{n_bad} of {len(states)} samples {what}"))
    if not usable:
        return findings
    newest = usable[-1]
    findings += _judge_joints(spec, limits, newest)
    findings += _judge_motors(spec, limits, newest)
    findings += _judge_trunk(usable)
    findings += _judge_unknown(capabilities, newest)
    return findings


def judge_cadence(cadence: Cadence, capabilities: Capabilities) -> Iterator[Finding]:
    """Yield what is wrong with the rate at which samples came."""
    promised = capabilities.state_rate
    if cadence.rate < _SMALLEST_RATE * promised:
        yield Finding(
            True,
            f"only {cadence.rate:.0f} samples per second of the {promised:.0f} that the driver "
            "promises",
        )
    if cadence.longest_gap > max(0.1, 5.0 / promised):
        yield Finding(True, f"no sample for {1e3 * cadence.longest_gap:.0f} ms")


def _judge_joints(spec: RobotSpec, limits: SafetyLimits, state: RobotState) -> Iterator[Finding]:
    q = state.joint_positions
    low, high = limits.arrays.lower, limits.arrays.upper
    outside = np.maximum(low - q, q - high)
    far = np.flatnonzero(outside > SLIGHTLY)
    for index in np.flatnonzero(outside > 0.0):
        is_far = bool(outside[index] > SLIGHTLY)
        flipped = low[index] - 1e-9 <= -q[index] <= high[index] + 1e-9
        hint = "; the other sign would be inside: is its sign wrong?" if flipped and is_far else ""
        yield Finding(
            is_far,
            f"joint '{spec.joint_names[index]}' is {outside[index]:.2f} rad outside of its limits "
            f"[{low[index]:.2f}, {high[index]:.2f}]: {q[index]:.2f}{hint}",
        )
    if far.size and np.abs(q).max() > 2.0 * math.pi:
        yield Finding(True, "some angles are larger than a turn: degrees instead of radians?")
    elif far.size > 1:
        yield from _judge_order(spec, q, low, high)
    if not q.any():
        yield Finding(True, "every joint reads exactly 0: the robot does not fill its positions")


def _judge_order(
    spec: RobotSpec, q: FloatArray, low: FloatArray, high: FloatArray
) -> Iterator[Finding]:
    """Try the usual other order: all hips, then all knees, instead of leg by leg."""
    n_legs = len(spec.legs)
    if n_legs < 2 or spec.n_joints % n_legs:
        return
    by_leg = q.reshape(-1, n_legs).T.ravel()
    by_joint = q.reshape(n_legs, -1).T.ravel()
    for other, words in ((by_leg, "joint type by joint type"), (by_joint, "leg by leg")):
        if np.all((other >= low - SLIGHTLY) & (other <= high + SLIGHTLY)):
            yield Finding(True, f"all would be inside if the bus counted {words}: wrong order?")
            return


def _judge_motors(spec: RobotSpec, limits: SafetyLimits, state: RobotState) -> Iterator[Finding]:
    if state.motors_online is not None:
        for name, online in zip(spec.joint_names, state.motors_online, strict=False):
            if not online:
                yield Finding(True, f"the motor of '{name}' does not answer")
    if state.temperatures is not None and limits.max_temperature is not None:
        for name, temperature in zip(spec.joint_names, state.temperatures, strict=False):
            if temperature > limits.max_temperature:
                yield Finding(True, f"the motor of '{name}' has {temperature:.0f} °C")
    voltage, lowest = state.battery_voltage, limits.min_battery_voltage
    if voltage is not None and lowest is not None and voltage < lowest:
        yield Finding(True, f"the battery has {voltage:.1f} V, less than {lowest:.1f} V")
    fastest = int(np.argmax(np.abs(state.joint_velocities)))
    if abs(state.joint_velocities[fastest]) > _REST:
        speed = state.joint_velocities[fastest]
        yield Finding(False, f"joint '{spec.joint_names[fastest]}' moves: {speed:.2f} rad/s")


def gravity_mismatch(states: Sequence[RobotState]) -> float | None:
    """Return the angle between accelerometer and orientation at rest, rad; None: not at rest.

    A resting accelerometer shows the reaction to gravity: upward in the world.
    """
    measured = [s.acceleration_in_body for s in states if s.acceleration_in_body is not None]
    if not measured:
        return None
    mean = np.mean(np.array(measured), axis=0)
    size = float(np.linalg.norm(mean))
    if not 0.8 * GRAVITY < size < 1.2 * GRAVITY:
        return None
    up = -np.mean(np.array([gravity_in_body(s.orientation) for s in states]), axis=0)
    cosine = float(mean @ up) / (size * max(float(np.linalg.norm(up)), 1e-9))
    return math.acos(max(-1.0, min(1.0, cosine)))


def _judge_trunk(states: Sequence[RobotState]) -> Iterator[Finding]:
    newest = states[-1]
    if tilt(newest.orientation) > _LYING_TILT:
        angle = math.degrees(tilt(newest.orientation))
        yield Finding(
            True,
            f"the trunk is tilted by {angle:.0f} degrees: is the robot on its belly, and the "
            "quaternion in the order w, x, y, z?",
        )
    mismatch = gravity_mismatch(states)
    if mismatch is not None and mismatch > _GRAVITY_ANGLE:
        yield Finding(
            True,
            f"accelerometer and orientation disagree about 'up' by {math.degrees(mismatch):.0f} "
            "degrees: axes, signs or order of the IMU?",
        )
    elif mismatch is None and newest.acceleration_in_body is not None:
        size = float(np.linalg.norm(newest.acceleration_in_body))
        yield Finding(
            False,
            f"the accelerometer shows {size:.1f} m/s^2: a resting one shows 9.8, upward positive",
        )
    drift = float(np.abs(np.mean([s.angular_velocity_in_body for s in states], axis=0)).max())
    if drift > _LARGEST_DRIFT:
        yield Finding(False, f"the gyroscope shows {drift:.2f} rad/s: is the robot at rest?")


def _judge_unknown(capabilities: Capabilities, state: RobotState) -> Iterator[Finding]:
    values = {
        "acceleration": state.acceleration_in_body,
        "foot_forces": state.foot_forces,
        "temperature": state.temperatures,
        "battery": state.battery_voltage,
        "motors_online": state.motors_online,
    }
    for name, value in values.items():
        if name in capabilities.measures and value is None:
            yield Finding(False, f"{name}: promised by the driver, not in the samples")
