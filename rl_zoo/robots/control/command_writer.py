"""The last step of a tick: guard, gains, and the driver's ``write``."""

from __future__ import annotations

import dataclasses

import numpy as np

from rl_zoo.robots.control.modes import Mode
from rl_zoo.robots.control.settings import ControlSettings
from rl_zoo.robots.driver import Driver, RobotCommand, RobotState, damping_command
from rl_zoo.robots.guard import CommandGuard, GuardResult
from rl_zoo.robots.guard_limits import SafetyLimits
from rl_zoo.robots.spec import FloatArray

POSTURES = frozenset({Mode.STANDUP, Mode.SIT})
"""Modes on the way between the floor and standing."""


class CommandWriter:
    """Makes commands of targets, and is the only one that writes to the driver while it runs.

    Args:
        driver: Connected by somebody else.
        settings: Of the control loop.
        limits: Of the robot, per tick.
    """

    def __init__(self, driver: Driver, settings: ControlSettings, limits: SafetyLimits) -> None:
        spec = driver.spec
        # What is measured is judged once per sample, with patience, by SampleJudge and Health.
        self._limits = dataclasses.replace(
            limits,
            max_tilt=None,
            min_height=None,
            max_temperature=None,
            min_battery_voltage=None,
            max_state_age=None,
        )
        self._guard = CommandGuard(self._limits)
        self._driver, self._settings = driver, settings
        self._kp, self._kd, self._gain = spec.kp, spec.kd, 1.0
        self._soft_kd = settings.damping * spec.kd
        self._zero = np.zeros(spec.n_joints)
        self._is_soft = True
        self.is_stopped = False
        """Whether nothing but damping may be sent any more."""
        self.command: RobotCommand | None = None
        """Newest command, sent or (``dry_run``) not."""
        self.is_sent = False
        """Whether the driver got it in the newest tick."""

    def held(self, state: RobotState) -> FloatArray:
        """Return what the motors hold: the newest stiff command, of a soft robot where they are."""
        if self._is_soft or self._guard.held_command is None:
            return state.motor_positions
        return self._guard.held_command

    def enter(self, mode: Mode, state: RobotState) -> None:
        """Choose the limits of a stiff mode, and begin where the motors are.

        On the way between floor and standing the joint range reaches to where the robot is now,
        and a foot may be beside its box (a robot on its belly has its feet beside it).
        """
        held = self.held(state)
        if self._is_soft:
            self._guard.start(held)
        if mode in POSTURES:
            wider = self._limits.including(state.motor_positions).including(held)
            self._guard.limits = dataclasses.replace(wider, foot_box=None)
        else:
            self._guard.limits = self._limits

    def stiff(
        self, state: RobotState, proposed: FloatArray, mode: Mode, gain: float
    ) -> GuardResult:
        """Send a target with stiffness, as far as the guard admits it.

        Args:
            state: Newest good one.
            proposed: Wanted target, rad. Shape: (n_joints,).
            mode: A stiff one.
            gain: Share of the robot's gains.

        Returns:
            What the guard made of it; where that asks for a stop, nothing is sent.

        Raises:
            RobotFault: If the target has another size than the robot, or the driver cannot write.
        """
        result = self._guard(state, proposed)
        if result.stop is not None:
            return result
        self._is_soft = False
        if gain != self._gain:
            spec = self._driver.spec
            self._kp, self._kd, self._gain = gain * spec.kp, gain * spec.kd, gain
        kp = self._kp * self._settings.soft_gain if mode is Mode.SIT else self._kp
        command = RobotCommand(result.command, self._zero, kp, self._kd, self._zero)
        self._write(command, is_stiff=True)
        return result

    def soft(self, state: RobotState) -> None:
        """Send damping.

        Raises:
            RobotFault: If the driver cannot write.
        """
        self._is_soft = True
        self._write(damping_command(state, self._soft_kd), is_stiff=False)

    def nothing(self) -> None:
        """Send nothing in this tick."""
        self.command, self.is_sent = None, False

    def stop(self) -> None:
        """Make the motors soft by the driver's own means, now and for good."""
        self.is_stopped = self._is_soft = True
        if not (self._settings.read_only or self._settings.dry_run):
            self._driver.stop()

    def _write(self, command: RobotCommand, *, is_stiff: bool) -> None:
        self.nothing()
        if self._settings.read_only:
            return
        self.command = command
        # A signal may have stopped the robot while this tick was computed.
        if self._settings.dry_run or (self.is_stopped and is_stiff):
            return
        self._driver.write(command)
        self.is_sent = True
        if self.is_stopped and is_stiff:  # it came between the question above and the bus
            self._driver.stop()
