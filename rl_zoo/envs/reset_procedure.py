"""Bring a robot, whatever happened to it, into its default pose; ask the operator where needed."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rl_zoo import console
from rl_zoo.envs.operator import Operator, give_a_person_time
from rl_zoo.envs.reset_settings import OPERATOR, ResetSettings
from rl_zoo.envs.use_meter import UseMeter
from rl_zoo.motion.rotations import tilt
from rl_zoo.robots.clock import MonotonicClock
from rl_zoo.robots.control.link import RobotLink, Snapshot
from rl_zoo.robots.control.modes import Interruption, Mode, Request
from rl_zoo.robots.control.settings import ControlSettings
from rl_zoo.robots.driver import RobotState

_POLL = 0.02  # s
_PATIENCE = 5.0  # s, for a requested mode beyond the time of its ramp
_REARM_PATIENCE = 1.0  # s
_AT_REST = 0.3  # rad/s of the trunk
_UPRIGHT = 0.5  # rad
_STILL = 0.005  # rad, of a joint or the trunk within the settling time
_STILL_PATIENCE = 1.5  # s, for a robot that creeps or whose sensors are noisy
_NUMBER = re.compile(r"[0-9.]+")
_SOFT = frozenset({Mode.DISCONNECTED, Mode.IDLE, Mode.DAMP, Mode.FAULT})
_STIFF = frozenset({Mode.STANDUP, Mode.READY, Mode.RUN, Mode.HOLD})


class WaitStopped(Exception):
    """Somebody asked for a stop while the robot was being waited for.

    Attributes:
        reason: Who.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class ProcedureParts:
    """What the procedure works with."""

    link: RobotLink
    operator: Operator
    meter: UseMeter
    control: ControlSettings
    settings: ResetSettings
    helper: Callable[[], None] | None = None
    """Lays a fallen robot on its belly: a simulated robot has one, who need not be asked."""


class ResetProcedure:
    """Walks the robot from any state to READY in its default pose.

    In this order: a latched fault is cleared (the operator says so; an emergency stop is never
    cleared by itself), a hot robot or one with an empty battery rests on the floor, a pause is
    waited for, a fallen robot gets up, a standing one blends to the default pose. What is waited
    for is said once; every wait ends with ``WaitStopped`` when the run is being stopped.

    Attributes:
        is_paused: Whether the operator asked for a pause that nobody has ended.
        stop_reason: Says whether the run is being stopped.
        stopped: Who at the robot asked for the end of the run, or None.
    """

    def __init__(self, parts: ProcedureParts) -> None:
        self._link, self._operator = parts.link, parts.operator
        self._meter, self._settings = parts.meter, parts.settings
        control, self._helper = parts.control, parts.helper
        self._standing_time = control.stand_time + _PATIENCE
        self._sitting_time = control.sit_time + _PATIENCE
        self._warm = control.warn_temperature
        cool = parts.settings.cool_below
        self._cool = control.warn_temperature - 10.0 if cool is None else cool
        self._lowest_voltage = control.limits.get("min_battery_voltage")
        self.is_paused = False
        self.stop_reason: Callable[[], str | None] = _never
        self.stopped: str | None = None
        self._rested: int | None = None
        self._attempts = 0
        self._told: set[str] = set()
        self._is_late_told = False

    def run(self) -> Snapshot:
        """Return a snapshot in READY: upright, settled in the default pose.

        Raises:
            WaitStopped: If the run is being stopped; the robot has been asked to sit.
            RobotFault: If the control loop is gone.
        """
        self._attempts, self._told = 0, set()
        while True:
            snapshot = self._look()
            ready = self._advance(snapshot)
            if ready is not None:
                if self._told:
                    console.message("robot: it stands again and goes on")
                return ready

    def sit_down(self) -> None:
        """Let a standing robot sit down and go soft, unless the run is being stopped.

        Raises:
            RobotFault: If the control loop is gone.
        """
        if self._link.snapshot().mode in _STIFF:
            with contextlib.suppress(WaitStopped):  # the robot has been asked to sit
                self._ask_for(Request.SIT, _SOFT, self._sitting_time)

    def _advance(self, snapshot: Snapshot) -> Snapshot | None:
        """Do the next thing; return the snapshot of a robot that is ready."""
        mode = snapshot.mode
        if mode is Mode.FAULT:
            self._clear_fault(snapshot)
        elif mode is Mode.DISCONNECTED:
            self._tell(f"waiting for the robot's sensors ({snapshot.fault or 'no samples'})")
            self._pass_time()
        elif self._needs_rest(snapshot):
            self._rest(snapshot)
        elif self.is_paused:
            self._wait_for_resume(snapshot)
        elif mode is Mode.DAMP:
            self._wait_at_rest()
            self._ask_for(Request.REARM, {Mode.IDLE}, _REARM_PATIENCE)
        elif mode is Mode.IDLE:
            self._get_up(snapshot)
        elif mode is Mode.RUN:
            self._ask_for(Request.HOLD, {Mode.HOLD}, _PATIENCE)
        elif mode is Mode.HOLD:
            self._ask_for(Request.STAND, {Mode.READY}, self._standing_time)
        elif mode is Mode.READY:
            return self._settled()
        else:
            self._pass_time()  # STANDUP, SIT
        return None

    def _settled(self) -> Snapshot | None:
        """Return the snapshot once it stood still for the settling time, None if it does not stand.

        Feet that a blend to the default pose left under strain slide for a while.
        """
        last = None
        still_since = self._link.clock.now()
        give_up = still_since + self._settings.settle_time + _STILL_PATIENCE
        while True:
            snapshot, now = self._look(), self._link.clock.now()
            if snapshot.mode is not Mode.READY or self.is_paused:
                return None
            if tilt(snapshot.state.orientation) > _UPRIGHT:
                self._ask_for(Request.DAMP, _SOFT, _PATIENCE)
                return None
            if last is None or posture_change(last, snapshot.state) > _STILL:
                last, still_since = snapshot.state, now
            if now - still_since >= self._settings.settle_time or now >= give_up:
                return snapshot
            self._pass_time()

    def _get_up(self, snapshot: Snapshot) -> None:
        is_tipped = tilt(snapshot.state.orientation) > self._settings.tipped_over
        if is_tipped and self._settings.get_up == OPERATOR:
            self._help("the robot lies on its side or back: turn it over. Shall it stand up?")
            return
        if self._attempts >= self._settings.attempts:
            self._attempts = 0
            self._help("the robot does not stand up: help it. Shall it try again?")
            return
        self._attempts += 1
        self._ask_for(Request.STAND, {Mode.READY}, self._standing_time)

    def _help(self, question: str) -> None:
        if self._helper is None:
            self._question(question)
            return
        self._helper()
        self._pass_time(self._settings.rest_time)

    def _clear_fault(self, snapshot: Snapshot) -> None:
        reason = snapshot.interruption
        what = snapshot.fault or reason.reason
        is_stop = reason is Interruption.ESTOP
        if reason is Interruption.SAFETY_STOP and self._helper is not None:
            self._helper()
        elif not is_stop and self._settings.auto_rearm:
            self._tell(f"fault ({what}): the robot is soft; it goes on when the cause is gone")
        else:
            kind = "emergency stop" if is_stop else "fault"
            self._question(f"{kind} ({what}): the robot is soft. Re-arm it?", is_stop=is_stop)
        if not self._ask_for(Request.REARM, set(Mode) - {Mode.FAULT}, _REARM_PATIENCE):
            if not self._settings.auto_rearm or is_stop:
                self._tell(f"the fault is still there: {self._look().fault or what}")
            self._pass_time(_REARM_PATIENCE)

    def _needs_rest(self, snapshot: Snapshot) -> bool:
        """Say whether the robot is too hot or its battery too empty to go on."""
        return self._is_hot(snapshot, self._warm) or self._is_empty(snapshot)

    def _is_hot(self, snapshot: Snapshot, limit: float) -> bool:
        temperatures = snapshot.state.temperatures
        known = temperatures is not None and temperatures.size > 0
        was_hot = Interruption.OVERHEAT in (snapshot.interruption, snapshot.ending)
        limit = min(limit, self._cool) if was_hot and self._rested != snapshot.epoch else limit
        return known and float(np.max(temperatures)) >= limit  # type: ignore[arg-type]

    def _is_empty(self, snapshot: Snapshot) -> bool:
        voltage = snapshot.state.battery_voltage
        if snapshot.ending is Interruption.BATTERY:
            return True
        if snapshot.interruption is Interruption.BATTERY and self._rested != snapshot.epoch:
            return True
        limit = self._lowest_voltage
        return voltage is not None and limit is not None and voltage < limit

    def _rest(self, snapshot: Snapshot) -> None:
        """Sit down, motors off, until the robot is cool or its battery was changed."""
        is_empty = self._is_empty(snapshot)
        if snapshot.mode in _STIFF:
            self._ask_for(Request.SIT, _SOFT, self._sitting_time)
        if is_empty:
            voltage = snapshot.state.battery_voltage
            level = "" if voltage is None else f" ({voltage:.1f} V)"
            self._question(f"battery empty{level}: change it, this can take hours. Done?")
            self._clear_link()
        else:
            self._tell(
                f"a motor is at {float(np.max(snapshot.state.temperatures)):.0f} C: waiting on "  # type: ignore[arg-type]
                f"the floor until all are below {self._cool:.0f} C"
            )
            while self._is_hot(self._look(), self._cool):
                self._pass_time(0.5)
        self._rested = self._look().epoch

    def _clear_link(self) -> None:
        """Re-arm a robot that was switched off to change its battery: the operator said so."""
        if self._look().mode is Mode.FAULT:
            self._ask_for(Request.REARM, set(Mode) - {Mode.FAULT}, _REARM_PATIENCE)

    def _wait_for_resume(self, snapshot: Snapshot) -> None:
        if snapshot.mode in _STIFF:
            self._ask_for(Request.SIT, _SOFT, self._sitting_time)
        self._question("pause. Go on?")
        self.is_paused = False

    def _wait_at_rest(self) -> None:
        """Wait until the trunk has lain still for a moment."""
        still_since = self._link.clock.now()
        while True:
            snapshot, now = self._look(), self._link.clock.now()
            speed = float(np.linalg.norm(snapshot.state.angular_velocity_in_body))
            if snapshot.mode is not Mode.DAMP:
                return
            if speed > _AT_REST:
                still_since = now
            if now - still_since >= self._settings.rest_time:
                return
            self._pass_time()

    def _question(self, text: str, *, is_stop: bool = False) -> None:
        """Wait for a yes; the robot stays as it is until then."""
        self._meter.prompts += 1
        text = self._operator.about_activity(text)
        if self._operator.settings.assume_yes and not is_stop:
            self._tell(f"{text} (yes, as told beforehand)")
            self._pass_time(_REARM_PATIENCE)
            self.is_paused = False
            return
        self._operator.ask(text)
        try:
            answers = {"yes"} if is_stop else {"yes", "resume", "battery"}
            while not answers.intersection(self._hear()):
                self._pass_time()
                if not isinstance(self._link.clock, MonotonicClock):
                    give_a_person_time()
        finally:
            self._operator.answered()
        self.is_paused = False

    def _ask_for(self, request: Request, wanted: set[Mode] | frozenset[Mode], time: float) -> bool:
        """Request a mode and wait for it; return whether it came.

        It is given up when the time is over, or when the robot goes soft instead.
        """
        self._link.request(request)
        end = self._link.clock.now() + time
        was_stiff = False
        while True:
            self._pass_time()
            mode = self._look().mode
            if mode in wanted:
                return True
            was_stiff = was_stiff or mode in _STIFF
            if self._link.clock.now() >= end or (was_stiff and mode in _SOFT) or self.is_paused:
                return False

    def _look(self) -> Snapshot:
        """Return the newest snapshot, having listened to everybody.

        Raises:
            WaitStopped: If the run is being stopped.
        """
        self._hear()
        return self._link.snapshot()

    def _hear(self) -> list[str]:
        snapshot = self._link.snapshot()
        self._meter.see(snapshot)
        words = self._operator.listen(snapshot.state.buttons)
        if "stop" in words:
            self.stopped = "operator"
        reason = self.stopped or self.stop_reason()
        if reason is not None:
            if snapshot.mode in _STIFF:
                self._link.request(Request.SIT)
            raise WaitStopped(reason)
        if "pause" in words:
            self.is_paused = True
        if "resume" in words or "yes" in words:
            self.is_paused = False
        return words

    def _pass_time(self, time: float = _POLL) -> None:
        self._link.wait_until(self._link.clock.now() + time)

    def _tell(self, text: str) -> None:
        """Say what is waited for, once in a reset, however its numbers change meanwhile."""
        key = _NUMBER.sub("", text)
        if key not in self._told:
            self._told.add(key)
            console.message(f"robot: {text}")

    def tell_of_lateness(self) -> None:
        """Say once in a run what to do about a learner that is too slow."""
        if self._is_late_told:
            return
        self._is_late_told = True
        console.warn(
            "an action came too late: the robot held its pose, the step is discarded and the "
            "episode ends; if that happens often, learn between episodes (train_freq: "
            "[1, episode]) or update less (said once, counted at the end)"
        )


def posture_change(one: RobotState, two: RobotState) -> float:
    """Return the largest change of a joint or of the trunk's tilt, rad."""
    joints = float(np.max(np.abs(one.joint_positions - two.joint_positions), initial=0.0))
    return max(joints, abs(tilt(one.orientation) - tilt(two.orientation)))


def _never() -> str | None:
    return None
