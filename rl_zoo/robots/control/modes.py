"""What the motors can be told to do, what may be asked for, and why a run breaks off."""

from __future__ import annotations

from enum import IntEnum


class Mode(IntEnum):
    """What the motors do (hardware state machine)."""

    DISCONNECTED = 0
    """No usable sample yet, or none any more; nothing but damping is sent."""
    IDLE = 1
    """Connected, soft (damped)."""
    STANDUP = 2
    """Ramp from the measured to the default pose."""
    READY = 3
    """Hold the default pose; waiting for a policy."""
    RUN = 4
    """Follow the policy's targets."""
    HOLD = 5
    """Feet down, then hold the default pose: no action came in time, or the operator asked."""
    SIT = 6
    """Ramp down to the floor with soft gains, then IDLE."""
    DAMP = 7
    """Soft at once, whatever the pose."""
    FAULT = 8
    """Soft and latched until ``Request.REARM``."""


class Request(IntEnum):
    """What the environment, a command or the operator asks for."""

    NONE = 0
    STAND = 1
    """IDLE, HOLD -> STANDUP -> READY."""
    RUN = 2
    """READY, HOLD -> RUN."""
    HOLD = 3
    SIT = 4
    DAMP = 5
    STOP = 6
    """Emergency stop: FAULT."""
    REARM = 7
    """FAULT, DAMP -> IDLE, if the cause is gone."""
    CLOSE = 8
    """SIT if standing, then IDLE; the control process ends once the robot is soft."""


class Interruption(IntEnum):
    """Why a stretch of RUN ended, or is about to; the lower-case name is the truncation reason."""

    NONE = 0
    PAUSE = 1
    """Asked for: operator, command, remote."""
    STALE = 2
    """No fresh sample, a frozen counter or implausible samples for too long."""
    LINK = 3
    """Bus or robot restarted."""
    FALL = 4
    OVERHEAT = 5
    BATTERY = 6
    MOTOR = 7
    """A motor does not answer."""
    ESTOP = 8
    LATE = 9
    """No action came in time: the learner is slow."""
    LEARNER = 10
    """The process that sends actions is gone."""
    SAFETY_STOP = 11
    """Another limit of the guard, or an internal error of the control loop."""

    @property
    def reason(self) -> str:
        """Return the truncation (or, of a fall, termination) reason."""
        return self.name.lower()
