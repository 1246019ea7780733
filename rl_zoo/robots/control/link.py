"""What an environment or a command sees of the control loop, in this process or in another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from rl_zoo.robots.clock import Clock
from rl_zoo.robots.control.modes import Interruption, Mode, Request
from rl_zoo.robots.driver import RobotState
from rl_zoo.robots.spec import FloatArray


@dataclass(frozen=True, slots=True)
class Order:
    """What the other side wants; the control loop gets the newest one at every tick."""

    request: Request = Request.NONE
    request_sequence: int = 0
    """Counts requests: a request is carried out once."""
    target: FloatArray | None = None
    """Newest action as motor targets, rad. Shape: (n_joints,)."""
    target_sequence: int = 0
    """Counts actions."""
    is_alive: bool = True
    """Whether the process on the other side exists."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the control loop knows after a tick."""

    time: float
    """Of the tick on the driver's clock, s."""
    tick: int
    """Number of the tick, from 0."""
    state: RobotState
    """Newest usable reading (all zeros before the first); ``acceleration_in_body`` is the mean over
    the last action period."""
    mode: Mode
    interruption: Interruption
    """Why the last stretch of RUN ended (or the last fault); NONE since RUN was entered."""
    ending: Interruption
    """BATTERY or OVERHEAT: RUN will end soon; end the episode while transitions are whole."""
    epoch: int
    """Counts stretches of RUN: a transition with two epochs, or in no RUN, has a gap."""
    command: FloatArray
    """Target last sent to each motor, rad. Shape: (n_joints,)."""
    target_sequence: int
    """Of the action that the command follows."""
    n_guarded: int
    """Ticks in which the guard changed the command, since the start."""
    n_late: int
    """Actions that came later than due, since the start."""
    n_stale: int
    """Ticks without a fresh sample beyond the expected, since the start."""
    fault: str = ""
    """What is wrong, in words; empty if nothing is."""


class RobotLink(Protocol):
    """A control loop from outside: in this process (``LocalLink``) or another (``ProcessLink``)."""

    clock: Clock

    def open(self) -> None:
        """Start the control loop and wait for a first sample; the motors stay soft.

        Raises:
            RobotFault: If the robot does not answer or has another owner.
        """
        ...

    def snapshot(self) -> Snapshot:
        """Return the newest snapshot.

        Raises:
            RobotFault: If the control process is gone.
        """
        ...

    def request(self, request: Request) -> None:
        """Ask for a mode; the snapshot shows what came of it."""
        ...

    def act(self, target: FloatArray) -> None:
        """Hand over the motor targets (rad, shape (n_joints,)) of the next period."""
        ...

    def wait_until(self, time: float) -> None:
        """Return at ``time`` on ``clock``; the control loop goes on meanwhile."""
        ...

    def close(self) -> None:
        """Bring the robot into its safe state (sit, soft), end the control loop, free the robot."""
        ...
