"""The state machine as a table."""

import itertools

import pytest

from rl_zoo.robots.control.modes import Interruption as Why
from rl_zoo.robots.control.modes import Mode, Request
from rl_zoo.robots.control.state_machine import SOFT, STANDING, Conditions, Step, next_step

TABLE = [
    # mode, conditions, next mode, reason
    (Mode.DISCONNECTED, {}, Mode.IDLE, Why.NONE),
    (Mode.DISCONNECTED, {"fault": Why.STALE}, Mode.DISCONNECTED, Why.NONE),
    (Mode.IDLE, {"fault": Why.STALE}, Mode.DISCONNECTED, Why.NONE),
    (Mode.IDLE, {"fault": Why.LINK}, Mode.DISCONNECTED, Why.NONE),
    (Mode.IDLE, {"request": Request.STAND}, Mode.STANDUP, Why.NONE),
    (Mode.IDLE, {"request": Request.STAND, "fault": Why.MOTOR}, Mode.IDLE, Why.NONE),
    (Mode.IDLE, {"request": Request.STAND, "ending": Why.OVERHEAT}, Mode.IDLE, Why.NONE),
    (Mode.IDLE, {"request": Request.RUN}, Mode.IDLE, Why.NONE),
    (Mode.IDLE, {"request": Request.SIT}, Mode.IDLE, Why.NONE),
    (Mode.DAMP, {"request": Request.STAND}, Mode.STANDUP, Why.NONE),
    (Mode.DAMP, {"request": Request.REARM}, Mode.IDLE, Why.NONE),
    (Mode.DAMP, {"request": Request.SIT}, Mode.DAMP, Why.NONE),
    (Mode.STANDUP, {}, Mode.STANDUP, Why.NONE),
    (Mode.STANDUP, {"is_ramp_over": True}, Mode.READY, Why.NONE),
    (Mode.STANDUP, {"is_fallen": True}, Mode.STANDUP, Why.NONE),
    (Mode.STANDUP, {"request": Request.SIT}, Mode.SIT, Why.PAUSE),
    (Mode.STANDUP, {"is_pause_pressed": True}, Mode.SIT, Why.PAUSE),
    (Mode.STANDUP, {"request": Request.SIT, "is_down": True}, Mode.DAMP, Why.PAUSE),
    (Mode.STANDUP, {"is_owner_alive": False}, Mode.SIT, Why.LEARNER),
    (Mode.READY, {"request": Request.RUN}, Mode.RUN, Why.NONE),
    (Mode.READY, {"request": Request.RUN, "ending": Why.BATTERY}, Mode.READY, Why.NONE),
    (Mode.READY, {"is_fallen": True}, Mode.DAMP, Why.FALL),
    (Mode.READY, {"is_action_late": True}, Mode.READY, Why.NONE),
    (Mode.RUN, {}, Mode.RUN, Why.NONE),
    (Mode.RUN, {"is_fallen": True}, Mode.DAMP, Why.FALL),
    (Mode.RUN, {"fault": Why.STALE, "is_fallen": True}, Mode.FAULT, Why.STALE),
    (Mode.RUN, {"is_action_late": True}, Mode.HOLD, Why.LATE),
    (Mode.RUN, {"request": Request.HOLD}, Mode.HOLD, Why.PAUSE),
    (Mode.RUN, {"request": Request.HOLD, "ending": Why.BATTERY}, Mode.HOLD, Why.BATTERY),
    (Mode.RUN, {"is_pause_pressed": True}, Mode.HOLD, Why.PAUSE),
    (Mode.RUN, {"request": Request.SIT}, Mode.SIT, Why.PAUSE),
    (Mode.RUN, {"request": Request.CLOSE}, Mode.SIT, Why.PAUSE),
    (Mode.RUN, {"request": Request.DAMP}, Mode.DAMP, Why.PAUSE),
    (Mode.RUN, {"request": Request.STAND}, Mode.RUN, Why.NONE),
    (Mode.RUN, {"ending": Why.OVERHEAT}, Mode.RUN, Why.NONE),
    (Mode.RUN, {"ending": Why.OVERHEAT, "is_grace_over": True}, Mode.SIT, Why.OVERHEAT),
    (Mode.RUN, {"is_owner_alive": False}, Mode.HOLD, Why.LEARNER),
    (Mode.RUN, {"alarm": Why.SAFETY_STOP}, Mode.FAULT, Why.SAFETY_STOP),
    (Mode.HOLD, {"request": Request.RUN}, Mode.RUN, Why.NONE),
    (Mode.HOLD, {"request": Request.RUN, "is_pause_pressed": True}, Mode.HOLD, Why.PAUSE),
    (Mode.HOLD, {"request": Request.STAND}, Mode.STANDUP, Why.NONE),
    (Mode.HOLD, {"is_hold_over": True}, Mode.SIT, Why.LATE),
    (Mode.HOLD, {"is_owner_alive": False, "is_hold_over": True}, Mode.SIT, Why.LEARNER),
    (Mode.HOLD, {"is_fallen": True}, Mode.DAMP, Why.FALL),
    (Mode.SIT, {}, Mode.SIT, Why.NONE),
    (Mode.SIT, {"is_ramp_over": True}, Mode.IDLE, Why.NONE),
    (Mode.SIT, {"is_down": True}, Mode.SIT, Why.NONE),
    (Mode.READY, {"request": Request.SIT, "is_down": True}, Mode.DAMP, Why.PAUSE),
    (Mode.SIT, {"is_ramp_over": True, "ending": Why.OVERHEAT}, Mode.DAMP, Why.NONE),
    (Mode.SIT, {"is_ramp_over": True, "is_owner_alive": False}, Mode.DAMP, Why.NONE),
    (Mode.SIT, {"request": Request.STAND}, Mode.STANDUP, Why.NONE),
    (Mode.SIT, {"request": Request.RUN}, Mode.SIT, Why.NONE),
    (Mode.FAULT, {}, Mode.FAULT, Why.NONE),
    (Mode.FAULT, {"request": Request.REARM}, Mode.IDLE, Why.NONE),
    (Mode.FAULT, {"request": Request.REARM, "fault": Why.STALE}, Mode.FAULT, Why.NONE),
    (Mode.FAULT, {"request": Request.REARM, "alarm": Why.ESTOP}, Mode.FAULT, Why.ESTOP),
    (Mode.FAULT, {"request": Request.STAND}, Mode.FAULT, Why.NONE),
]


@pytest.mark.parametrize(
    ("mode", "conditions", "following", "why"),
    TABLE,
    ids=[f"{row[0].name}-{'-'.join(row[1])}-{row[2].name}" for row in TABLE],
)
def test_one_step(mode, conditions, following, why):
    assert next_step(mode, Conditions(**conditions)) == Step(following, why)


@pytest.mark.parametrize("mode", list(Mode))
def test_a_stop_is_obeyed_in_every_mode(mode):
    assert next_step(mode, Conditions(request=Request.STOP)) == Step(Mode.FAULT, Why.ESTOP)
    assert next_step(mode, Conditions(alarm=Why.ESTOP)) == Step(Mode.FAULT, Why.ESTOP)


def every_condition():
    """All combinations of what matters."""
    yes_no = (False, True)
    names = ("is_fallen", "is_down", "is_grace_over", "is_pause_pressed", "is_owner_alive")
    names += ("is_action_late", "is_hold_over", "is_ramp_over")
    for flags in itertools.product(yes_no, repeat=len(names)):
        for request in Request:
            for ending in (Why.NONE, Why.BATTERY):
                values = dict(zip(names, flags, strict=True))
                yield Conditions(request=request, ending=ending, **values)


def test_what_no_combination_of_conditions_may_do():
    for conditions, mode in itertools.product(every_condition(), Mode):
        step = next_step(mode, conditions)
        if mode in SOFT and step.mode not in SOFT:  # one way to become stiff
            assert conditions.request is Request.STAND
            assert step.mode is Mode.STANDUP
            assert mode in (Mode.IDLE, Mode.DAMP)
            assert conditions.is_owner_alive
            assert conditions.ending is Why.NONE
        if mode is Mode.FAULT and step.mode is not Mode.FAULT:
            assert conditions.request is Request.REARM
        if step.mode is Mode.RUN and mode is not Mode.RUN:
            assert conditions.request is Request.RUN
            assert mode in (Mode.READY, Mode.HOLD)
        if mode is Mode.RUN and step.mode is not Mode.RUN:
            assert step.reason is not Why.NONE
        if not conditions.is_owner_alive and mode in STANDING:
            assert step.mode in (Mode.HOLD, Mode.SIT, Mode.DAMP, Mode.FAULT)


@pytest.mark.parametrize("fault", [Why.STALE, Why.LINK, Why.MOTOR])
@pytest.mark.parametrize("mode", sorted(STANDING | {Mode.SIT}))
def test_a_fault_of_a_stiff_robot_is_latched_whatever_else_there_is(mode, fault):
    for request in (Request.NONE, Request.STAND, Request.RUN, Request.HOLD, Request.SIT):
        step = next_step(mode, Conditions(fault=fault, request=request, is_fallen=True))
        assert step == Step(Mode.FAULT, fault)
