"""Judge the samples that a driver delivers: which is new, which can be believed, which are missing.

The state that everything else uses is the newest *good* one. A single sample that is lost, late,
repeated, out of order, not finite or impossible is ignored and counted; if none is good for
``stale_after``, the robot is not known any more.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from rl_zoo.robots.control.modes import Interruption
from rl_zoo.robots.driver import RobotState
from rl_zoo.robots.guard_limits import SafetyLimits
from rl_zoo.robots.guard_state import StateCheck, check_state
from rl_zoo.robots.spec import FloatArray, RobotSpec

CONFIRM = 3
"""Samples in a row that must say the same of a fall, a restart or a motor: one can be a glitch."""
_RESTARTED = 0.5
"""A counter below this share of the newest one began anew; above it, the sample is an old one."""
_WRAP = 1 << 32
_WRAPPED = 1 << 16
"""Counts after the end of 32 bits (50 days of milliseconds) in which that is no restart."""
_LARGEST_JUMP = 0.3  # rad between two samples, beyond what twice the motor's speed explains
_MISSING = 1.5  # periods between two samples: one is missing, not merely late
_LARGEST_RATE = 1e4  # of gyroscope (rad/s), accelerometer (m/s^2) and torques (N m)


class SampleJudge:
    """Memory of the samples so far.

    Args:
        spec: The robot.
        limits: Of what is measured: tilt, height.
        stale_after: Age of the newest good sample beyond which nothing is known, s.
        sample_period: Time between two samples, or two updates if that is longer, s.
    """

    def __init__(
        self, spec: RobotSpec, limits: SafetyLimits, stale_after: float, sample_period: float
    ) -> None:
        self.good: RobotState | None = None
        """Newest sample that can be believed, zeros of telemetry replaced by None."""
        self.is_fresh = False
        """Whether the newest ``update`` got a good sample that is new."""
        self.check = StateCheck(False)
        """What ``good`` says about the limits."""
        self.n_stale = 0
        """Updates in which a sample was due and no good one came; lateness is not counted."""
        self.fault = Interruption.NONE
        """STALE, LINK or MOTOR, as of the newest ``update``."""
        self.words = ""
        """The fault in words."""
        self._spec, self._limits = spec, limits
        self._stale_after, self._sample_period = stale_after, sample_period
        self._newest: RobotState | None = None
        self._gap = 0.0
        self._is_lost, self._is_missing = True, False
        self._n_backwards = self._backwards = self._n_fallen = self._n_motors_lost = 0

    @property
    def is_fallen(self) -> bool:
        """Say whether the last ``CONFIRM`` good samples were tilted too far or too low."""
        return self._n_fallen >= CONFIRM

    def update(self, sample: RobotState | None, now: float) -> None:
        """Take the driver's newest sample.

        Args:
            sample: The same as before if there is no newer one.
            now: s.
        """
        self.fault, self.words, self.is_fresh = Interruption.NONE, "", False
        if sample is not None and sample is not self._newest:
            self._receive(sample, now)
        age = math.inf if self.good is None else now - self.good.time
        if not self.is_fresh and self.good is not None and age > _MISSING * self._sample_period:
            self.n_stale += 1 if self._is_missing else 2  # this one and the one before
            self._is_missing = True
        if self.fault is Interruption.NONE:
            self._judge(age)

    def _receive(self, sample: RobotState, now: float) -> None:
        self._gap = sample.time - self._newest.time if self._newest is not None else 0.0
        self._newest = sample
        if self.good is not None and not self._is_next(sample, self.good):
            return
        sample = without_zeros(sample)
        check = check_state(self._limits, sample)
        if not check.is_usable or not self._is_believable(sample, now):
            return
        if self.good is not None and not self._is_missing:
            self.n_stale += sample.time - self.good.time > _MISSING * self._sample_period
        self.good, self.check, self.is_fresh, self._is_missing = sample, check, True, False
        has_fallen = any(
            name in check.excess and self._limits.enforces(name) for name in ("tilt", "height")
        )
        self._n_fallen = self._n_fallen + 1 if has_fallen else 0
        online = sample.motors_online
        self._n_motors_lost = 0 if online is None or all(online) else self._n_motors_lost + 1

    def _is_next(self, sample: RobotState, good: RobotState) -> bool:
        """Say whether a sample is later than the newest good one; notice a restarted robot."""
        if sample.sequence is None or good.sequence is None:
            return sample.time > good.time
        is_wrapped = (sample.sequence - good.sequence) % _WRAP < _WRAPPED
        is_wrapped = is_wrapped and _WRAPPED < good.sequence < _WRAP
        if sample.sequence >= good.sequence or is_wrapped:
            self._n_backwards = 0
            return sample.sequence != good.sequence and sample.time > good.time
        if not self._has_restarted(sample.sequence, good.sequence):
            return False
        self.fault = Interruption.LINK
        self.words = (
            f"the robot restarted: its counter went from {good.sequence} to {sample.sequence}"
        )
        self._n_backwards = 0
        return True

    def _has_restarted(self, sequence: int, before: int) -> bool:
        """Tell a counter that began anew from samples that were overtaken on the way.

        Nothing is assumed about the counter's unit. Once the robot is lost, samples that come in
        order are its new ones however far they have counted: nothing newer is on the way.
        """
        is_far_back = sequence < _RESTARTED * before
        is_in_order = sequence > self._backwards if self._n_backwards else True
        self._n_backwards = self._n_backwards + 1 if is_far_back or is_in_order else 1
        self._backwards = sequence
        return self._n_backwards >= CONFIRM and (is_far_back or self._is_lost)

    def _is_believable(self, sample: RobotState, now: float) -> bool:
        """Say whether what the guard does not judge is finite, and no joint has jumped.

        Once STALE has been reported, any pose is believed again: it takes REARM to move there.
        """
        if sample.time > now + self._stale_after or not _is_finite(sample):
            return False
        good = self.good
        if good is None or self._is_lost or self.fault is not Interruption.NONE:
            return True  # nothing to compare with
        # From the sample before, believed or not: an encoder that lost its zero stays away, and
        # must not be believed merely because time passes.
        reach = _LARGEST_JUMP + 2.0 * self._spec.max_velocities * max(self._gap, 0.0)
        jump = np.abs(sample.joint_positions - good.joint_positions)
        return bool((jump <= reach).all())

    def _judge(self, age: float) -> None:
        self._is_lost = age > self._stale_after
        if self._is_lost:
            self.fault = Interruption.STALE
            self.words = f"no usable sample for more than {self._stale_after:g} s"
        elif self._n_motors_lost >= CONFIRM and self.good is not None:
            self.fault = Interruption.MOTOR
            online = self.good.motors_online or ()
            names = [
                name
                for name, is_online in zip(self._spec.joint_names, online, strict=False)
                if not is_online
            ]
            self.words = f"the motor of '{', '.join(names)}' does not answer"


def without_zeros(state: RobotState) -> RobotState:
    """Return the state with telemetry of exactly 0 as unknown: some robots send 0 for nothing."""
    temperatures, battery = state.temperatures, state.battery_voltage
    if temperatures is not None and not temperatures.any():
        temperatures = None
    if battery == 0.0:
        battery = None
    if temperatures is state.temperatures and battery is state.battery_voltage:
        return state
    return replace(state, temperatures=temperatures, battery_voltage=battery)


def _is_finite(sample: RobotState) -> bool:
    """Say whether gyroscope, torques, accelerometer and feet are numbers; NaN is not below."""
    n_joints = sample.joint_positions.size
    online = sample.motors_online
    return (
        sample.joint_torques.shape == (n_joints,)
        and (online is None or len(online) == n_joints)
        and _is_below(sample.joint_torques)
        and _is_below(sample.angular_velocity_in_body)
        and (sample.acceleration_in_body is None or _is_below(sample.acceleration_in_body))
        and (sample.foot_forces is None or bool(np.isfinite(sample.foot_forces).all()))
    )


def _is_below(values: FloatArray) -> bool:
    return float(np.maximum.reduce(np.abs(values))) < _LARGEST_RATE
