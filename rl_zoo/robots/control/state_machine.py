"""The state machine of the control loop: mode and conditions of one tick give the next mode.

A pure function, so that the whole of it can be tested as a table (``docs/control.md`` shows it).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from rl_zoo.robots.control.modes import Interruption, Mode, Request

SOFT = frozenset({Mode.DISCONNECTED, Mode.IDLE, Mode.DAMP, Mode.FAULT})
"""Modes without stiffness: only damping is sent."""
STANDING = frozenset({Mode.STANDUP, Mode.READY, Mode.RUN, Mode.HOLD})
"""Modes with the robot's full stiffness, from which it sits down."""
BALANCED = frozenset({Mode.READY, Mode.RUN, Mode.HOLD})
"""Modes in which a fall is a fall: the robot should be upright."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the next mode depends on, judged at one tick."""

    request: Request = Request.NONE
    """New in this tick."""
    fault: Interruption = Interruption.NONE
    """Present now, and latched while the motors are stiff: STALE, LINK, MOTOR."""
    alarm: Interruption = Interruption.NONE
    """Present now, and latched in every mode: ESTOP, SAFETY_STOP."""
    is_fallen: bool = False
    """Trunk tilted too far or too low."""
    is_down: bool = False
    """The trunk is as near to the floor as sitting brings it."""
    ending: Interruption = Interruption.NONE
    """OVERHEAT or BATTERY: too hot or too empty to stand."""
    is_grace_over: bool = False
    """``ending_grace`` has passed since ``ending`` began."""
    is_pause_pressed: bool = False
    """Chord on the remote."""
    is_owner_alive: bool = True
    """Whether the process that sends actions exists."""
    is_action_late: bool = False
    """The newest action is older than ``hold_after``."""
    is_hold_over: bool = False
    """HOLD for want of actions, or of an owner, has lasted long enough."""
    is_ramp_over: bool = False
    """STANDUP or SIT has reached its pose."""


class Step(NamedTuple):
    """Where a tick leads, and why RUN (or a posture) ended."""

    mode: Mode
    reason: Interruption = Interruption.NONE


def next_step(mode: Mode, conditions: Conditions) -> Step:
    """Return the mode of this tick; the same mode with no reason if nothing happens.

    What is worse wins: alarms, faults, falls, soft requests, a dead owner, ends that were
    announced, then requests, then what the mode itself does.

    Args:
        mode: Of the tick before.
        conditions: Of this tick.
    """
    if conditions.alarm is not Interruption.NONE:
        return Step(Mode.FAULT, conditions.alarm)
    if conditions.request is Request.STOP:
        return Step(Mode.FAULT, Interruption.ESTOP)
    if mode in SOFT:
        return _from_soft(mode, conditions)
    if conditions.fault is not Interruption.NONE:
        return Step(Mode.FAULT, conditions.fault)
    if conditions.is_fallen and mode in BALANCED:
        return Step(Mode.DAMP, Interruption.FALL)
    if conditions.request is Request.DAMP:
        return Step(Mode.DAMP, _asked_for(conditions))
    if mode is Mode.SIT:
        return _from_sit(conditions)
    return _from_standing(mode, conditions)


def _from_soft(mode: Mode, conditions: Conditions) -> Step:
    """Return the next step of a soft robot: nothing but STAND makes it stiff."""
    is_well = conditions.fault is Interruption.NONE
    if mode is Mode.FAULT:
        is_rearmed = conditions.request is Request.REARM and is_well
        return Step(Mode.IDLE if is_rearmed else Mode.FAULT)
    if conditions.fault in (Interruption.STALE, Interruption.LINK):
        return Step(Mode.DISCONNECTED)
    if mode is Mode.DISCONNECTED:
        return Step(Mode.IDLE)
    if conditions.request is Request.STAND and is_well and _may_stand(conditions):
        return Step(Mode.STANDUP)
    if conditions.request is Request.DAMP:
        return Step(Mode.DAMP)
    return Step(Mode.IDLE if conditions.request is Request.REARM else mode)


def _from_sit(conditions: Conditions) -> Step:
    """Return the next step of a robot that sits down."""
    if conditions.request is Request.STAND and _may_stand(conditions):
        return Step(Mode.STANDUP)
    if conditions.is_ramp_over:
        is_wanted = conditions.is_owner_alive and conditions.ending is Interruption.NONE
        return Step(Mode.IDLE if is_wanted else Mode.DAMP)
    return Step(Mode.SIT)


def _from_standing(mode: Mode, conditions: Conditions) -> Step:
    """Return the next step of a robot with full stiffness."""
    if not conditions.is_owner_alive:
        # A moment's hold, from which a walking robot sits down more softly than from a stride.
        is_time_to_sit = mode is Mode.STANDUP or conditions.is_hold_over
        return _sit(conditions, Interruption.LEARNER) if is_time_to_sit else _hold(conditions)
    if conditions.ending is not Interruption.NONE and conditions.is_grace_over:
        return _sit(conditions, conditions.ending)
    if conditions.request in (Request.SIT, Request.CLOSE):
        return _sit(conditions, _asked_for(conditions))
    if conditions.request is Request.HOLD or conditions.is_pause_pressed:
        if mode is Mode.STANDUP:  # half-way up is no pose to rest in
            return _sit(conditions, _asked_for(conditions))
        return _hold(conditions)
    return _on_its_way(mode, conditions)


def _on_its_way(mode: Mode, conditions: Conditions) -> Step:
    """Return what a standing robot does if nothing interrupts it."""
    if mode is Mode.STANDUP:
        return Step(Mode.READY if conditions.is_ramp_over else Mode.STANDUP)
    if mode is Mode.RUN:
        if conditions.is_action_late:
            return Step(Mode.HOLD, Interruption.LATE)
        return Step(Mode.RUN)
    if conditions.request is Request.RUN and conditions.ending is Interruption.NONE:
        return Step(Mode.RUN)
    if mode is Mode.HOLD and conditions.request is Request.STAND and _may_stand(conditions):
        return Step(Mode.STANDUP)
    if mode is Mode.HOLD and conditions.is_hold_over:
        return _sit(conditions, Interruption.LATE)
    return Step(mode)


def _sit(conditions: Conditions, reason: Interruption) -> Step:
    """Sit down; a robot that lies already only goes soft: it must not rise for it."""
    is_down = conditions.is_down or conditions.is_fallen
    return Step(Mode.DAMP if is_down else Mode.SIT, reason)


def _hold(conditions: Conditions) -> Step:
    alive = conditions.is_owner_alive
    return Step(Mode.HOLD, _asked_for(conditions) if alive else Interruption.LEARNER)


def _asked_for(conditions: Conditions) -> Interruption:
    """Return why a request ends RUN: what was announced, else PAUSE."""
    ending = conditions.ending
    return Interruption.PAUSE if ending is Interruption.NONE else ending


def _may_stand(conditions: Conditions) -> bool:
    return conditions.is_owner_alive and conditions.ending is Interruption.NONE
