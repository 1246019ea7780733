"""What the commands that move a robot share: watching the control loop, showing its commands."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from rl_zoo import console
from rl_zoo.commands.robot_table import format_table
from rl_zoo.errors import RobotFault
from rl_zoo.robots.clock import MonotonicClock
from rl_zoo.robots.control.modes import Interruption, Mode, Request
from rl_zoo.robots.control.state_machine import SOFT
from rl_zoo.robots.guard_limits import SafetyLimits

if TYPE_CHECKING:
    from rl_zoo.commands.robot_options import RobotChoice
    from rl_zoo.envs.operator import Operator
    from rl_zoo.robots.control.link import RobotLink, Snapshot
    from rl_zoo.robots.spec import FloatArray, RobotSpec

_LOOK = 0.02  # s, between two looks at the control loop
_MARGIN = 5.0  # s beyond a ramp's time
_VIRTUAL_HOLD = 1.0  # s


class MotionLog:
    """First, last and extreme commands of the stiff modes.

    Attributes:
        measured: Motor positions before the first command, rad. Shape: (n_joints,).
    """

    def __init__(self) -> None:
        self.measured: FloatArray | None = None
        self.first: FloatArray | None = None
        self.last: FloatArray | None = None
        self._low: FloatArray | None = None
        self._high: FloatArray | None = None

    def add(self, snapshot: Snapshot) -> None:
        """Take what the control loop commands now."""
        if snapshot.mode in SOFT:
            if self.first is None:
                self.measured = snapshot.state.motor_positions.copy()
            return
        self.add_command(snapshot.command)

    def add_command(self, targets: FloatArray) -> None:
        """Take a command: motor targets, rad. Shape: (n_joints,)."""
        command = targets.copy()
        if self.first is None or self._low is None or self._high is None:
            self.first = self._low = self._high = command
        self.last = command
        self._low = np.minimum(self._low, command)
        self._high = np.maximum(self._high, command)

    def table(self, spec: RobotSpec, limits: SafetyLimits) -> list[str]:
        """Return one line per joint, rad."""
        columns = (self.measured, self.first, self.last, self._low, self._high)
        low, high = limits.arrays.lower, limits.arrays.upper
        rows = [
            (
                name,
                *("-" if column is None else f"{column[index]:+.3f}" for column in columns),
                f"{low[index]:+.2f} .. {high[index]:+.2f}",
            )
            for index, name in enumerate(spec.joint_names)
        ]
        header = ("joint", "measured", "first", "last", "smallest", "largest", "limits rad")
        return format_table(header, rows)


@contextlib.contextmanager
def opened(link: RobotLink) -> Iterator[RobotLink]:
    """Open a link, and close it whatever happens: the robot sits down and is soft."""
    link.open()
    try:
        yield link
    finally:
        link.close()


def watch(
    link: RobotLink, seconds: float, log: MotionLog, until: Callable[[Snapshot], bool]
) -> Snapshot | None:
    """Look at the control loop until a condition holds; None if ``seconds`` pass before.

    Raises:
        RobotFault: If the robot faults or falls.
    """
    end = link.clock.now() + seconds
    while True:
        snapshot = link.snapshot()
        log.add(snapshot)
        if until(snapshot):
            return snapshot
        raise_if_broken(snapshot)
        if link.clock.now() >= end:
            return None
        link.wait_until(min(link.clock.now() + _LOOK, end))


def raise_if_broken(snapshot: Snapshot) -> None:
    """Raise RobotFault if the robot is soft because of a fault, a fall or an emergency stop."""
    reason = snapshot.interruption
    is_soft = snapshot.mode in (Mode.FAULT, Mode.DAMP)
    if is_soft and reason not in (Interruption.NONE, Interruption.PAUSE):
        words = f": {snapshot.fault}" if snapshot.fault else ""
        raise RobotFault(f"the robot is soft ({reason.reason}){words}")


def stand_up(link: RobotLink, choice: RobotChoice, log: MotionLog) -> None:
    """Stand up from where the joints are.

    Raises:
        RobotFault: If the robot does not come to stand.
    """
    log.add(link.snapshot())
    link.request(Request.STAND)
    settings = choice.settings
    seconds = settings.stand_time + _MARGIN
    if settings.dry_run:  # nothing moves: what counts is that the ramp has been computed
        watch(link, 1.0, log, lambda snapshot: snapshot.mode is Mode.STANDUP)
        watch(link, seconds, log, lambda snapshot: snapshot.mode is not Mode.STANDUP)
        return
    if watch(link, seconds, log, lambda snapshot: snapshot.mode is Mode.READY) is None:
        snapshot = link.snapshot()
        words = f": {snapshot.fault}" if snapshot.fault else ""
        raise RobotFault(
            f"the robot does not stand after {seconds:g} s ({snapshot.mode.name.lower()}){words}"
        )


def sit_down(link: RobotLink, choice: RobotChoice, log: MotionLog) -> None:
    """Sit down and go soft.

    Raises:
        RobotFault: If it does not come to rest.
    """
    link.request(Request.SIT)
    seconds = choice.settings.sit_time + _MARGIN
    if watch(link, seconds, log, lambda snapshot: snapshot.mode in SOFT) is None:
        raise RobotFault(f"the robot does not sit after {seconds:g} s")


def listener() -> Operator:
    """Return what hears ``rl_zoo robot pause`` and the remote from now on."""
    from rl_zoo.envs.operator import Operator, OperatorSettings
    from rl_zoo.robots.control.settings import ControlSettings

    return Operator(OperatorSettings(terminal=False), ControlSettings())


def hold(link: RobotLink, seconds: float | None, log: MotionLog, operator: Operator) -> None:
    """Stay as it is for ``seconds``, or until the operator says pause; None: without end.

    Raises:
        RobotFault: If the robot faults or falls.
    """
    if seconds is None and not isinstance(link.clock, MonotonicClock):
        seconds = _VIRTUAL_HOLD

    def is_told_to_end(snapshot: Snapshot) -> bool:
        words = operator.listen(snapshot.state.buttons)
        return bool({"pause", "stop", "no"}.intersection(words))

    watch(link, math.inf if seconds is None else seconds, log, is_told_to_end)


def show_way(choice: RobotChoice, goal: FloatArray) -> None:
    """Read the robot and print how far each joint is from ``goal`` (rad); nothing is sent."""
    from rl_zoo.commands.robot_options import open_driver

    with open_driver(choice, looks_on=True) as driver:
        state = driver.read()
    if state is None:
        raise RobotFault(f"driver '{choice.driver}': connected, but no sample came")
    here = state.motor_positions
    rows = [
        (name, f"{here[index]:+.3f}", f"{goal[index]:+.3f}", f"{goal[index] - here[index]:+.3f}")
        for index, name in enumerate(choice.spec.joint_names)
    ]
    console.result("\n".join(format_table(("joint", "measured", "goal", "way rad"), rows)))
    console.message("Nothing was sent (--read-only).")


def show_commands(choice: RobotChoice, log: MotionLog) -> None:
    """Print the commands that were sent, or in a dry run would have been."""
    limits = SafetyLimits.from_spec(choice.spec, **choice.settings.limits)
    if log.first is None:
        console.result("no command: the robot would stay soft")
    else:
        console.result("\n".join(log.table(choice.spec, limits)))
    if choice.settings.dry_run:
        console.message("Nothing was sent (--dry-run).")
