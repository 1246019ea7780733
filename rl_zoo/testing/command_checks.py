"""Rules for commanding and stopping a robot through a driver."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from rl_zoo.errors import RobotFault
from rl_zoo.robots.driver import Driver, RobotCommand, damping_command
from rl_zoo.robots.sampling import collect_samples
from rl_zoo.robots.spec import FloatArray
from rl_zoo.testing.report import Check, attempt, failed, judge, passed

_FIELDS = ("joint_positions", "joint_velocities", "kp", "kd", "joint_torques")
_LONGEST_STOP = 5.0  # s, on a busy computer; a stop that waits for the robot takes for ever
_TURN = 0.2  # rad
_MOVE_TIME = 0.4  # s, of a ramp one way
_COMMAND_RATE = 100.0  # Hz
_FOLLOWED = 0.25  # of the turn
_PASSIVE = 0.5  # of the turn: more is not the play of a joint that holds its place


def check_refusals(driver: Driver, *, is_connected: bool) -> list[Check]:
    """Check that ``write`` refuses what is not finite or of the wrong size.

    Args:
        driver: The driver.
        is_connected: Whether a robot is behind it: whatever is not refused reaches it.
    """
    when = "when connected" if is_connected else "before connecting"
    soft = _soft_command(driver, is_connected=is_connected)

    def refuses(field: str, value: FloatArray) -> str | None:
        try:
            driver.write(replace(soft, **{field: value}))
        except RobotFault:
            return None
        except Exception as error:
            return f"{field}: {type(error).__name__} instead of RobotFault"
        return f"{field}: nothing is raised"

    def check(name: str, spoil: Callable[[FloatArray], FloatArray]) -> Check:
        found = [refuses(field, spoil(getattr(soft, field))) for field in _FIELDS]
        return judge(name, [text for text in found if text is not None])

    return [
        check(f"a command with NaN is refused {when}", lambda values: _with(values, math.nan)),
        check(f"a command with infinity is refused {when}", lambda values: _with(values, math.inf)),
        check(f"a command of the wrong size is refused {when}", lambda values: values[:-1]),
    ]


def _with(values: FloatArray, bad: float) -> FloatArray:
    spoilt = values.copy()
    spoilt[-1] = bad
    return spoilt


def _soft_command(driver: Driver, *, is_connected: bool) -> RobotCommand:
    n = driver.spec.n_joints
    state = driver.read() if is_connected else None
    if state is not None:
        return damping_command(state, np.array(driver.spec.kd))
    zero = np.zeros(n)
    return RobotCommand(zero, zero, zero, np.array(driver.spec.kd), zero)


def check_soft_command(driver: Driver) -> Check:
    """Check that a command without stiffness is taken and leaves its arrays as they were."""
    name = "a damping command is taken"

    def check() -> Check:
        command = _soft_command(driver, is_connected=True)
        before = {field: np.array(getattr(command, field)) for field in _FIELDS}
        driver.write(command)
        driver.write(RobotCommand(command.joint_positions, kp=command.kp, kd=command.kd))
        changed = [
            f"write() changed {field} of the command"
            for field, values in before.items()
            if not np.array_equal(values, getattr(command, field))
        ]
        return judge(name, changed)

    return attempt(name, check)


def check_stop(driver: Driver) -> list[Check]:
    """Check that ``stop`` may be called twice, from another thread, and that reading goes on."""

    def twice() -> Check:
        driver.stop()
        driver.stop()
        return passed("stop may be called twice")

    def from_thread() -> Check:
        name = "stop may be called from another thread"
        raised: list[str] = []

        def run() -> None:
            try:
                driver.stop()
            # It is reported, whatever it is.
            except Exception as error:
                raised.append(f"{type(error).__name__}: {error}")

        thread = threading.Thread(target=run, name="check_driver stop", daemon=True)
        thread.start()
        thread.join(_LONGEST_STOP)
        if thread.is_alive():
            return failed(name, f"it has not returned after {_LONGEST_STOP:g} s")
        return judge(name, raised)

    def reading() -> Check:
        samples = collect_samples(driver, max(0.2, 10.0 / driver.capabilities.state_rate))
        return judge("samples go on after stop", [] if len(samples) > 1 else ["no new sample came"])

    return [
        attempt("stop may be called twice", twice),
        attempt("stop may be called from another thread", from_thread),
        attempt("samples go on after stop", reading),
    ]


def check_motion(driver: Driver) -> list[Check]:
    """Turn each motor a little, one after the other, and see which one turns.

    The others are held where they are. Stiffness and damping are the robot's own; the robot is
    made soft at the end.
    """
    name = "commands within the limits are followed"

    def check() -> Check:
        problems = [
            problem
            for index in range(driver.spec.n_joints)
            if (problem := _turn_problem(driver, index)) is not None
        ]
        return judge(name, problems)

    try:
        return [attempt(name, check)]
    finally:
        driver.stop()


def _turn_problem(driver: Driver, index: int) -> str | None:
    spec = driver.spec
    state = driver.read()
    if state is None:
        return "no state"
    start = state.motor_positions.copy()
    middle = 0.5 * (spec.lower_limits[index] + spec.upper_limits[index])
    goal = start.copy()
    goal[index] += math.copysign(_TURN, middle - start[index])
    turned = _ramp(driver, start, goal) - start
    back = _ramp(driver, goal, start) - start
    wanted = goal[index] - start[index]
    name = spec.joint_names[index]
    others = np.abs(turned)
    others[index] = 0.0
    largest = int(np.argmax(others))
    if others[largest] > _PASSIVE * _TURN:
        return f"'{name}' was commanded, '{spec.joint_names[largest]}' moved: wrong order?"
    if turned[index] * wanted < 0.0 and abs(turned[index]) > _FOLLOWED * _TURN:
        return f"'{name}' moved the wrong way: {turned[index]:+.2f} rad instead of {wanted:+.2f}"
    if abs(turned[index]) < _FOLLOWED * _TURN:
        return f"'{name}' moved by {turned[index]:+.2f} rad instead of {wanted:+.2f}"
    if abs(back[index]) > (1.0 - _FOLLOWED) * _TURN:
        return f"'{name}' did not come back"
    return None


def _ramp(driver: Driver, start: FloatArray, goal: FloatArray) -> FloatArray:
    """Move from one target to the other and wait as long again; return where the motors are."""
    begin = driver.clock.now()
    while (passed_time := driver.clock.now() - begin) < 2.0 * _MOVE_TIME:
        share = 0.5 - 0.5 * math.cos(math.pi * min(passed_time / _MOVE_TIME, 1.0))
        driver.write(RobotCommand(start + share * (goal - start)))
        driver.read()  # whoever does not read keeps old samples in the socket
        driver.clock.sleep_until(driver.clock.now() + 1.0 / _COMMAND_RATE)
    state = driver.read()
    return goal if state is None else state.motor_positions.copy()
