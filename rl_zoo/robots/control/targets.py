"""What the motors are asked for in each mode, before the guard: ramps, actions, a held pose."""

from __future__ import annotations

import math

import numpy as np

from rl_zoo.robots.control.interpolation import Ramp, Segment, make_ramp
from rl_zoo.robots.control.link import Order
from rl_zoo.robots.control.modes import Mode
from rl_zoo.robots.control.settings import ControlSettings
from rl_zoo.robots.guard_geometry import LegLimits
from rl_zoo.robots.postures import crouched_pose
from rl_zoo.robots.spec import FloatArray, RobotSpec

_ARRIVED = 0.1  # rad: left between target and command at the end of a stand-up
_HELD = 0.75
"""rad: a loaded spring gives way less, a leg that is caught is further from where it should be."""
_SETTLING = 0.1  # s after landing: a walking robot that went soft at once would tip over
_LANDED = 0.05  # rad: from the default pose
_SEATED = 1.15  # times the height of the crouched robot
_CROUCHING = 0.4  # share of the time of standing up
_MID_STRIDE = frozenset({Mode.RUN, Mode.HOLD})
"""Modes after which some feet may be in the air."""
_LATE_ACTION = 1.5  # action periods after the one before


class Targets:
    """Memory of the way the robot is on.

    Args:
        spec: The robot.
        settings: Of the control loop.
        legs: Geometry of the robot.
    """

    def __init__(self, spec: RobotSpec, settings: ControlSettings, legs: LegLimits) -> None:
        self.sequence = 0
        """Of the action that is followed."""
        self.n_late = 0
        """Actions that came later than due."""
        self._spec, self._settings = spec, settings
        self._legs, self._crouched = legs, crouched_pose(spec)
        self._seated = _SEATED * _height(legs, self._crouched)
        self._low = 0.5 * (_height(legs, self._crouched) + _height(legs, spec.default_pose))
        self._tick_period = 1.0 / settings.rate
        self._seen = 0
        self._action_time = math.inf
        self._is_first = True
        self._ramps: tuple[Ramp, ...] = ()
        self._landed_at = -math.inf
        self._way: FloatArray | Segment = spec.default_pose

    def enter(self, mode: Mode, before: Mode, held: FloatArray, now: float) -> None:
        """Begin a mode.

        Args:
            mode: The new one.
            before: The mode that it follows.
            held: What the motors hold now, rad. Shape: (n_joints,).
            now: s.
        """
        self._ramps = ()
        self._way = held
        landing = self._landing(held, now) if before in _MID_STRIDE else ()
        settled = landing[-1].end + _SETTLING if landing else now
        self._landed_at = settled
        if mode is Mode.STANDUP:
            self._ramps = landing or self._way_up(held, now)
        elif mode is Mode.HOLD:
            self._ramps = landing
        elif mode is Mode.SIT:
            start = landing[-1].goal if landing else held
            sit = self._make_ramp(start, self._crouched, settled, self._settings.sit_time)
            self._ramps = (*landing, sit)
        elif mode is Mode.READY:
            self._way = self._spec.default_pose
        elif mode is Mode.RUN:
            self._action_time, self._is_first = now, True

    def take(self, order: Order, mode: Mode, held: FloatArray, now: float) -> None:
        """Follow the newest action if there is a new one and the robot is in RUN.

        Args:
            order: Of this tick.
            mode: Of this tick.
            held: What the motors hold now, rad. Shape: (n_joints,).
            now: s.

        Raises:
            ValueError: If the action has another size than the robot.
        """
        if order.target is None or order.target_sequence == self._seen:
            return
        self._seen = order.target_sequence
        if mode is not Mode.RUN:  # of a policy that does not know yet that it was interrupted
            return
        if order.target.shape != (self._spec.n_joints,):
            raise ValueError(f"an action of shape {order.target.shape}")
        self.sequence = order.target_sequence
        period = self._settings.action_period
        if not self._is_first and now - self._action_time > _LATE_ACTION * period:
            self.n_late += 1
        self._action_time, self._is_first = now, False
        if self._settings.interpolation == "hold":
            self._way = order.target
        else:
            # Begun one tick ago: the first command moves, and the last before the next action is
            # the action itself.
            self._way = Segment(held, order.target, now - self._tick_period, period)

    def at(self, now: float) -> FloatArray:
        """Return the target at ``now`` (s), rad. Shape: (n_joints,)."""
        for ramp in self._ramps:
            if ramp is self._ramps[-1] or not ramp.is_over(now):
                return ramp.at(now)
        return self._way.at(now) if isinstance(self._way, Segment) else self._way

    def is_landing(self, now: float) -> bool:
        """Say whether the robot is just putting its feet down."""
        return now < self._landed_at

    def is_action_late(self, now: float) -> bool:
        """Say whether the newest action (before the first: RUN) is older than ``hold_after``."""
        return now - self._action_time > self._settings.hold_after

    def is_ramp_over(self, held: FloatArray, measured: FloatArray | None, now: float) -> bool:
        """Say whether a ramp is over; of standing up: and the robot has arrived.

        Args:
            held: What the motors hold now, rad. Shape: (n_joints,).
            measured: Where the joints are, rad; None: of a robot that gets no commands.
                Shape: (n_joints,).
            now: s.
        """
        if not self._ramps or not self._ramps[-1].is_over(now):
            return False
        goal = self._ramps[-1].goal
        if goal is self._crouched:
            return True
        is_there = measured is None or bool((np.abs(measured - goal) < _HELD).all())
        return is_there and bool((np.abs(held - goal) < _ARRIVED).all())

    def is_seated(self, positions: FloatArray) -> bool:
        """Say whether the trunk is about as low as sitting down would bring it.

        Args:
            positions: Measured, rad. Shape: (n_joints,).
        """
        return bool(self._spec.legs) and _height(self._legs, positions) < self._seated

    def overdue(self, now: float) -> float:
        """Return how long ago the present ramp should have been over, s."""
        return now - self._ramps[-1].end if self._ramps else 0.0

    def _landing(self, held: FloatArray, now: float) -> tuple[Ramp, ...]:
        """Put all feet down: a robot that freezes in the middle of a stride tips over.

        A robot that is low does not jump up for it.
        """
        is_landed = bool((np.abs(held - self._spec.default_pose) < _LANDED).all())
        if is_landed or not self._spec.legs or _height(self._legs, held) < self._low:
            return ()
        return (Ramp(held, self._spec.default_pose, now, self._settings.land_time),)

    def _way_up(self, held: FloatArray, now: float) -> tuple[Ramp, ...]:
        """Stand up straight; out of a low pose draw the legs in first.

        A robot that rises with its feet elsewhere must drag them there under its weight, and stays
        below its default pose.
        """
        goal, time = self._spec.default_pose, self._settings.stand_time
        if not self._spec.legs or _height(self._legs, held) > self._low:
            return (self._make_ramp(held, goal, now, time),)
        crouch = self._make_ramp(held, self._crouched, now, _CROUCHING * time)
        rise = self._make_ramp(self._crouched, goal, crouch.end, (1.0 - _CROUCHING) * time)
        return crouch, rise

    def _make_ramp(
        self, origin: FloatArray, goal: FloatArray, begin: float, shortest: float
    ) -> Ramp:
        return make_ramp(origin, goal, begin, shortest, self._spec.max_velocities)


def _height(legs: LegLimits, pose: FloatArray) -> float:
    """Return how far the trunk's centre is above the lowest foot of a level robot, m."""
    return legs.trunk_height(pose, (0.0, 0.0, 1.0)) if legs.legs else 0.0
