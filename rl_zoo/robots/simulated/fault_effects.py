"""What each fault does to the simulated robot and its wire, and how that ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from rl_zoo.motion.rotations import tilt
from rl_zoo.robots.driver import RobotCommand, RobotState
from rl_zoo.robots.simulated.body import SimulatedBody
from rl_zoo.robots.simulated.channel import Channel, Disturbance
from rl_zoo.robots.simulated.fault_kinds import BUTTONS_OF, Fault
from rl_zoo.robots.spec import FloatArray
from rl_zoo.robots.velocity_estimator import GRAVITY

_TILTED = 0.6  # rad, at which a helper has something to do
_TIPPING = 1.2, 1.8  # sideways, lengthwise: times the torque that lifts the other pair of feet

Undo = Callable[[], None]


@dataclass
class Stage:
    """What faults act upon."""

    body: SimulatedBody
    states: Channel[RobotState]
    commands: Channel[RobotCommand]
    spoilers: dict[int, Callable[[RobotState], RobotState]] = field(default_factory=dict)
    """What is done to each state, by number of the fault."""
    n_silent: int = 0
    """Faults that keep all states back."""
    n_crashed: int = 0
    """Faults that took the boards' power."""
    pressed: Counter[str] = field(default_factory=Counter)
    """How many faults hold each button."""
    wrenches: dict[int, FloatArray] = field(default_factory=dict)
    """Force (N) and torque (N m) on the trunk in the world, by number of the fault."""


def spoiled(state: RobotState, name: str, joint: int, change: float) -> RobotState:
    """Return ``state`` with ``change`` added to a field, or to one element of it.

    Args:
        state: As the sensors gave it.
        name: Of the field; one that the robot does not know stays unknown.
        joint: Element; -1: all of them.
        change: NaN, or how much is added.
    """
    values = getattr(state, name)
    if values is None:
        return state
    wrong = np.array(values, dtype=np.float64)
    wrong[slice(None) if joint < 0 else joint % len(wrong)] += change
    if name == "orientation":
        w, x, y, z = wrong.tolist()
        return replace(state, orientation=(w, x, y, z))
    changed: dict[str, Any] = {name: wrong}
    if name == "joint_positions" and state.motor_positions is state.joint_positions:
        changed["motor_positions"] = wrong
    return replace(state, **changed)


def _disturb(stage: Stage, number: int, fault: Fault) -> Undo:
    values = fault.parameters
    share = values.get("share", 0.0)
    wait = 1e-3 * values.get("ms", 0.0)
    disturbance = {
        "delay": Disturbance(delay=wait, jitter=1e-3 * values.get("jitter", 0.0)),
        "loss": Disturbance(loss=share),
        "duplicate": Disturbance(duplicate=share),
        "reorder": Disturbance(reorder=share, hold=wait),
    }[fault.name]
    if values["on"] != "commands":
        stage.states.disturb(number, disturbance)
    if values["on"] != "states":
        stage.commands.disturb(number, disturbance)

    def undo() -> None:
        stage.states.disturb(number, None)
        stage.commands.disturb(number, None)

    return undo


def _spoil(stage: Stage, number: int, fault: Fault) -> Undo:
    if fault.name == "freeze":
        frozen = stage.body.state()
        stage.spoilers[number] = lambda state: frozen
    else:
        change = np.nan if fault.name == "nan" else fault.parameters["by"]
        name, joint = fault.parameters["field"], fault.parameters["joint"]
        stage.spoilers[number] = lambda state: spoiled(state, name, joint, change)

    def undo() -> None:
        del stage.spoilers[number]

    return undo


def _silence(stage: Stage, number: int, fault: Fault) -> Undo:
    stage.n_silent += 1

    def undo() -> None:
        stage.n_silent -= 1

    return undo


def _crash(stage: Stage, number: int, fault: Fault) -> Undo:
    stage.n_crashed += 1
    stage.body.switch_off()

    def undo() -> None:
        stage.n_crashed -= 1
        if stage.n_crashed == 0:
            stage.body.restart()

    return undo


def _overheat(stage: Stage, number: int, fault: Fault) -> Undo:
    motor = fault.parameters["motor"]
    stage.body.heat.force(motor, fault.parameters["temperature"])
    return lambda: stage.body.heat.force(motor, None)


def _empty_battery(stage: Stage, number: int, fault: Fault) -> Undo:
    battery = stage.body.battery
    battery.force(battery.n_cells * fault.parameters["cell"])
    return lambda: battery.force(None)


def _lose_motor(stage: Stage, number: int, fault: Fault) -> Undo:
    motor = fault.parameters["motor"]
    stage.body.boards.set_online(motor, False)
    return lambda: stage.body.boards.set_online(motor, True)


def _block(stage: Stage, number: int, fault: Fault) -> Undo:
    joint = fault.parameters["joint"]
    stage.body.lock(joint, True)
    return lambda: stage.body.lock(joint, False)


def _push(stage: Stage, number: int, fault: Fault) -> Undo:
    period = max(fault.duration, stage.body.period)
    impulse = np.array([fault.parameters[axis] for axis in "xyz"])
    return _pull(stage, number, np.concatenate((impulse / period, np.zeros(3))))


def _tip_over(stage: Stage, number: int, fault: Fault) -> Undo:
    """Lift one side of the robot by a torque until it lies on the other."""
    spec = stage.body.spec
    legs = spec.legs
    length = max(abs(leg.hip_position[0]) for leg in legs)
    width = max(abs(leg.hip_position[1]) + abs(leg.abduction_offset) for leg in legs)
    weight = GRAVITY * (spec.mass + stage.body.robot.options.payload.mass)
    roll, pitch = (
        factor * arm * weight for factor, arm in zip(_TIPPING, (width, length), strict=True)
    )
    side = fault.parameters["side"]
    x = {"left": -roll, "right": roll}.get(side, 0.0)
    y = {"front": pitch, "rear": -pitch}.get(side, 0.0)
    return _pull(stage, number, np.array([0.0, 0.0, 0.0, x, y, 0.0]))


def _pull(stage: Stage, number: int, wrench: FloatArray) -> Undo:
    stage.wrenches[number] = wrench
    _apply_wrenches(stage)

    def undo() -> None:
        del stage.wrenches[number]
        _apply_wrenches(stage)

    return undo


def _apply_wrenches(stage: Stage) -> None:
    total = sum(stage.wrenches.values(), np.zeros(6))
    stage.body.pull(total[:3], total[3:])


def _put_down(stage: Stage, number: int, fault: Fault) -> Undo:
    if tilt(stage.body.state().orientation) > _TILTED:
        stage.body.put_down()
    return lambda: None


def _press(stage: Stage, number: int, fault: Fault) -> Undo:
    pressed = fault.parameters.get("pressed")
    names = BUTTONS_OF[fault.name] if pressed is None else frozenset(pressed.split("+"))
    stage.pressed.update(names)
    stage.body.press(frozenset(+stage.pressed))

    def undo() -> None:
        stage.pressed.subtract(names)
        stage.body.press(frozenset(+stage.pressed))

    return undo


EFFECTS: Mapping[str, Callable[[Stage, int, Fault], Undo]] = {
    **dict.fromkeys(("delay", "loss", "duplicate", "reorder"), _disturb),
    **dict.fromkeys(("freeze", "nan", "jump"), _spoil),
    **dict.fromkeys(("estop", "pause", "resume", "buttons"), _press),
    "silence": _silence,
    "crash": _crash,
    "overheat": _overheat,
    "battery": _empty_battery,
    "lost_motor": _lose_motor,
    "stuck": _block,
    "push": _push,
    "fall": _tip_over,
    "put_down": _put_down,
}
"""What a fault does at its beginning; it returns what ends it."""
