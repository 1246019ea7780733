"""The control loop as a step function: sample, order and time in; a guarded command out.

One tick: read, judge the sample, next mode, target, guard, write. The caller keeps the time
(``ControlProcess`` the computer's, ``LocalLink`` a virtual one); whatever the robot, the other side
or this code does, a tick ends with a command that is safe.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from rl_zoo.errors import ConfigError, RobotFault
from rl_zoo.robots.control.chords import is_held
from rl_zoo.robots.control.command_writer import CommandWriter
from rl_zoo.robots.control.health import Health
from rl_zoo.robots.control.link import Order, Snapshot
from rl_zoo.robots.control.mean_acceleration import MeanAcceleration
from rl_zoo.robots.control.modes import Interruption, Mode, Request
from rl_zoo.robots.control.outcome import WORDS, Outcome
from rl_zoo.robots.control.requirements import wait_for_required
from rl_zoo.robots.control.samples import SampleJudge
from rl_zoo.robots.control.settings import ControlSettings
from rl_zoo.robots.control.state_machine import SOFT, STANDING, Conditions, next_step
from rl_zoo.robots.control.targets import Targets
from rl_zoo.robots.control.tick_record import TickRecord
from rl_zoo.robots.driver import Driver, RobotState
from rl_zoo.robots.guard_limits import SafetyLimits
from rl_zoo.robots.spec import FloatArray, RobotSpec

ORPHAN_HOLD = 0.1
"""Time in HOLD before a robot whose owner is gone sits down, s."""
_STAND_PATIENCE = 2.0  # s beyond the ramp: a leg that is held does not arrive
_FORWARD = frozenset({Request.STAND, Request.RUN})


class ControlLoop:
    """Keeps one robot safe between a policy and its motors.

    Args:
        driver: Connected before ``start``, closed by the caller after the last tick.
        settings: Of the loop.

    Raises:
        ConfigError: If ``settings.limits`` has no meaning.

    Attributes:
        period: Between two ticks, s.
        mode: After the newest tick.
        last: Newest tick as data, None before the first.
        error: What was wrong in this code in the newest tick that failed, None if none did.
    """

    def __init__(self, driver: Driver, settings: ControlSettings) -> None:
        spec = driver.spec
        if not (math.isfinite(settings.rate) and settings.rate > 0.0):
            raise ConfigError(f"control.rate: must be a positive number, not {settings.rate!r}")
        self.period = 1.0 / settings.rate
        self.mode = Mode.DISCONNECTED
        self.last: TickRecord | None = None
        self.error: Exception | None = None
        self._driver, self._settings = driver, settings
        limits = SafetyLimits.from_spec(spec, **settings.limits)
        self._limits = dataclasses.replace(limits, control_period=self.period)
        sample_period = max(self.period, 1.0 / driver.capabilities.state_rate)
        self._samples = SampleJudge(spec, self._limits, settings.stale_after, sample_period)
        self._health = Health(self._limits, settings.warn_temperature, spec.joint_names)
        self._targets = Targets(spec, settings, self._limits.leg_limits)
        self._writer = CommandWriter(driver, settings, self._limits)
        self._acceleration = MeanAcceleration(settings.action_period)
        self._unknown = _unknown_state(spec)
        self._n_ticks = self._n_guarded = self._epoch = 0
        self._request_sequence = 0
        self._before: float | None = None
        self._entered = 0.0
        self._hold_reason = Interruption.NONE
        self._outcome = Outcome()
        self._is_closing = False
        self._proposed: FloatArray | None = None
        self._is_guarded = False
        self._broken_link = self._pause = ""

    @property
    def is_finished(self) -> bool:
        """Say whether the robot is soft and shall stay so: CLOSE was asked for, or the owner died.

        The caller stops ticking then.
        """
        return self._is_closing and self.mode in SOFT and self._before is not None

    def start(self, now: float) -> None:
        """Read a first sample; nothing is written before the first tick.

        Args:
            now: On the driver's clock, s.

        Raises:
            RobotFault: If the robot does not tell what ``settings.require`` names.
        """
        wait_for_required(self._driver, self._settings.require)
        self._samples.update(self._driver.read(), max(now, self._driver.clock.now()))

    def tick(self, now: float, order: Order) -> Snapshot:
        """Do one tick. It never raises: what goes wrong makes the robot soft (SAFETY_STOP).

        Args:
            now: On the driver's clock, s.
            order: Newest one of the other side.
        """
        before = self.mode
        sample = None
        try:
            sample = self._read()
            self._samples.update(sample, now)
            self._update_health(now)
            self._move_on(now, order, sample)
            self._command(now, order)
        except Exception as error:  # whatever it is, the robot must not stay stiff
            self._fail(error)
        if (before is Mode.RUN) != (self.mode is Mode.RUN):
            self._epoch += 1
        return self._record(now, sample)

    def safe(self) -> None:
        """Make the motors soft by the driver's own means, now; later ticks only send damping."""
        self._writer.stop()

    def _read(self) -> RobotState | None:
        try:
            return self._driver.read()
        except (RobotFault, OSError) as error:
            self._broken_link = str(error)
            return None

    def _update_health(self, now: float) -> None:
        if self._samples.is_fresh and self._samples.good is not None:
            self._health.update(self._samples.good, now)
            self._acceleration.add(self._samples.good)

    def _move_on(self, now: float, order: Order, sample: RobotState | None) -> None:
        """Take the next step of the state machine."""
        conditions = self._conditions(now, order, sample)
        step = next_step(self.mode, conditions)
        if step.mode is not self.mode:
            self._enter(step.mode, now)
        if step.reason is not Interruption.NONE:
            if self.mode is Mode.HOLD:
                self._hold_reason = step.reason
            self._outcome.note(step.reason, self._words(step.reason, conditions))

    def _conditions(self, now: float, order: Order, sample: RobotState | None) -> Conditions:
        samples, targets, settings = self._samples, self._targets, self._settings
        buttons = frozenset() if sample is None else sample.buttons
        good = samples.good
        fault = self._fault(now)
        request = self._new_request(order)
        alarm = Interruption.NONE
        if is_held(settings.estop_buttons, buttons):
            alarm = Interruption.ESTOP
        elif self._writer.is_stopped or self._is_stuck(now):
            alarm = Interruption.SAFETY_STOP
        return Conditions(
            request=request,
            fault=fault,
            alarm=alarm,
            is_fallen=samples.is_fallen and not settings.dry_run,
            is_down=good is not None and self._is_down(good, request, order.is_alive),
            ending=self._health.ending,
            is_grace_over=now - self._health.since >= settings.ending_grace,
            is_pause_pressed=is_held(settings.pause_buttons, buttons),
            is_owner_alive=order.is_alive,
            is_action_late=targets.is_action_late(now),
            is_hold_over=self._is_hold_over(now, order.is_alive),
            is_ramp_over=good is not None and self._is_ramp_over(good, now),
        )

    def _fault(self, now: float) -> Interruption:
        """Return what is wrong with the robot's samples or with their observer."""
        self._pause = ""
        if self._broken_link:
            return Interruption.LINK
        elapsed = 0.0 if self._before is None else now - self._before
        if elapsed > self._settings.stale_after + self.period:
            # Its motors' watchdog has made the robot soft meanwhile: it is no longer where it was.
            self._pause = f"the control loop stood still for {elapsed:.2f} s"
            return Interruption.STALE
        return self._samples.fault

    def _new_request(self, order: Order) -> Request:
        """Return a request that has not been carried out yet."""
        if not order.is_alive:
            self._is_closing = True
        if order.request_sequence == self._request_sequence:
            return Request.NONE
        self._request_sequence = order.request_sequence
        if order.request is Request.CLOSE:
            self._is_closing = True
        is_refused = self._is_closing or self._settings.read_only
        return Request.NONE if is_refused and order.request in _FORWARD else order.request

    def _is_hold_over(self, now: float, is_owner_alive: bool) -> bool:
        if self.mode is not Mode.HOLD:
            return False
        since = now - self._entered
        if not is_owner_alive:
            return since >= ORPHAN_HOLD
        is_for_want_of_actions = self._hold_reason is Interruption.LATE
        return is_for_want_of_actions and since >= self._settings.sit_after

    def _is_ramp_over(self, state: RobotState, now: float) -> bool:
        measured = None if self._settings.dry_run else state.joint_positions
        return self._targets.is_ramp_over(self._writer.held(state), measured, now)

    def _is_stuck(self, now: float) -> bool:
        is_overdue = self._targets.overdue(now) > _STAND_PATIENCE
        return self.mode is Mode.STANDUP and is_overdue and not self._settings.dry_run

    def _is_down(self, state: RobotState, request: Request, is_owner_alive: bool) -> bool:
        """Say whether there is no way down left; judged only where it may be asked."""
        may_sit = self.mode in (Mode.STANDUP, Mode.HOLD) or not is_owner_alive
        may_sit = may_sit or bool(request) or bool(self._health.ending)
        may_sit = may_sit and self.mode in STANDING and not self._settings.dry_run
        return may_sit and self._targets.is_seated(state.joint_positions)

    def _words(self, reason: Interruption, conditions: Conditions) -> str:
        """Return what is wrong, where this loop knows more than the reason."""
        if reason is conditions.fault:
            return self._broken_link or self._pause or self._samples.words
        if reason is Interruption.SAFETY_STOP and self._writer.is_stopped:
            return "the control loop was told to stop"
        return WORDS.get(reason, "")

    def _enter(self, mode: Mode, now: float) -> None:
        """Begin another mode."""
        good = self._samples.good
        if mode not in SOFT and good is not None:  # without a sample no mode is stiff
            self._writer.enter(mode, good)
            self._targets.enter(mode, self.mode, self._writer.held(good), now)
        self._outcome.enter(mode)
        self.mode, self._entered, self._hold_reason = mode, now, Interruption.NONE

    def _command(self, now: float, order: Order) -> None:
        """Send what the mode asks for."""
        self._proposed, self._is_guarded = None, False
        self._broken_link = ""
        good = self._samples.good
        if good is None:  # first read, then write
            self._writer.nothing()
            return
        self._targets.take(order, self.mode, self._writer.held(good), now)
        try:
            if self.mode not in SOFT:
                self._send_stiff(good, now)
            if self.mode in SOFT:
                self._writer.soft(good)
        except (RobotFault, OSError) as error:
            self._broken_link = str(error)

    def _send_stiff(self, good: RobotState, now: float) -> None:
        self._proposed = self._targets.at(now)
        # The feet come down with full stiffness, whatever follows.
        mode = Mode.HOLD if self._targets.is_landing(now) else self.mode
        result = self._writer.stiff(good, self._proposed, mode, self._health.gain)
        self._is_guarded = result.changed
        self._n_guarded += result.changed
        if result.stop is not None:
            self.mode, self._entered = Mode.FAULT, now
            words = f"the limit '{result.stop.limit}' was reached"
            self._outcome.note(Interruption.SAFETY_STOP, words)

    def _fail(self, error: Exception) -> None:
        """Make the robot soft after a mistake in this code."""
        self.error = error
        self.mode = Mode.FAULT
        words = f"internal error of the control loop: {type(error).__name__}: {error}"
        self._proposed, self._is_guarded = None, False
        self._writer.nothing()
        if not (self._settings.read_only or self._settings.dry_run):
            try:
                self._driver.stop()
            except Exception as second:  # the next tick tries again, with damping
                words += f"; stopping failed: {second}"
        self._outcome.note(Interruption.SAFETY_STOP, words)

    def _record(self, now: float, sample: RobotState | None) -> Snapshot:
        samples, command = self._samples, self._writer.command
        state = self._unknown if samples.good is None else self._acceleration.apply(samples.good)
        snapshot = Snapshot(
            time=now,
            tick=self._n_ticks,
            state=state,
            mode=self.mode,
            interruption=self._outcome.interruption,
            ending=self._health.ending,
            epoch=self._epoch,
            command=state.motor_positions if command is None else command.joint_positions,
            target_sequence=self._targets.sequence,
            n_guarded=self._n_guarded,
            n_late=self._targets.n_late,
            n_stale=samples.n_stale,
            fault=self._outcome.words or samples.words or self._broken_link or self._health.words,
        )
        self.last = TickRecord(
            snapshot=snapshot,
            sample=sample,
            is_fresh=samples.is_fresh,
            lateness=0.0 if self._before is None else now - self._before - self.period,
            proposed=self._proposed,
            command=command,
            is_guarded=self._is_guarded,
            is_sent=self._writer.is_sent,
        )
        self._before = now
        self._n_ticks += 1
        return snapshot


def _unknown_state(spec: RobotSpec) -> RobotState:
    zero = np.zeros(spec.n_joints)
    return RobotState(
        time=0.0,
        joint_positions=zero,
        joint_velocities=zero,
        joint_torques=zero,
        motor_positions=zero,
        orientation=(1.0, 0.0, 0.0, 0.0),
        angular_velocity_in_body=np.zeros(3),
    )
