"""The last word on every command: a pure function of limits, state and command.

The same code guards the robot in simulation, in the control process and in the deployed runtime; it
needs only numpy. For any state and any command, NaN and infinity included:

- The result is finite and inside the joint range.
- It is inside the interval of every other limit too, unless a limit of higher priority leaves no
  room; then it is as near as that limit allows (``GuardResult.conflicts``). Priority: joint range,
  torque, joint velocity, tracking error, speed of the command.
- Feet are in their boxes and legs apart; if the command held before is outside already, the result
  is not further outside.
- A command inside every limit comes back with the same bits; guarding twice changes nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from rl_zoo.errors import RobotFault
from rl_zoo.robots.driver import RobotState
from rl_zoo.robots.guard_geometry import respect_geometry
from rl_zoo.robots.guard_intervals import JointLimit, intersect, joint_limits
from rl_zoo.robots.guard_limits import LIMITS, SafetyLimits
from rl_zoo.robots.guard_state import StateCheck, check_state
from rl_zoo.robots.spec import FloatArray

_LARGEST_COMMAND = 1e6  # rad: what is larger is as wrong, and overflows
_TERMINATIONS = {"tilt": "fall", "height": "fall", "self_collision": "self_collision"}


@dataclass(frozen=True, slots=True)
class StopRequest:
    """The robot must be brought into its safe state and the episode ended."""

    limit: str
    """Name of the limit that was reached."""
    terminates: bool
    """Whether the end is a termination (the policy's doing) or a truncation."""

    @property
    def reason(self) -> str:
        """Return why the episode ends, in the words of ``TruncationWrapper``."""
        if self.terminates:
            return _TERMINATIONS.get(self.limit, f"safety_{self.limit}")
        return "battery" if self.limit == "battery" else "safety_stop"


@dataclass(frozen=True, slots=True)
class GuardResult:
    """What may be sent, and why it differs from what was asked for."""

    command: FloatArray
    """Target of each motor, rad. Shape: (n_joints,)."""
    changed: bool
    """Whether it differs from the command that was asked for."""
    excess: dict[str, float]
    """How far command or state were outside of each limit that was reached: rad, rad/s, m, s, V or
    degrees Celsius; of ``finite`` the number of values that are not."""
    margins: dict[str, float]
    """Distance of the sent command and of the state to each limit: 1 far away, 0 on the limit,
    negative outside."""
    stop: StopRequest | None
    """What a hard reaction asks for; the command is then the one held before."""
    conflicts: tuple[str, ...]
    """Limits that a limit of higher priority left no room for."""
    cost: float
    """Sum of the weights of the limits that were reached."""

    @property
    def margin(self) -> float:
        """Return the smallest margin."""
        return min(self.margins.values(), default=1.0)


def guard(
    limits: SafetyLimits,
    state: RobotState,
    command: ArrayLike,
    previous_command: FloatArray | None = None,
    *,
    now: float | None = None,
) -> GuardResult:
    """Return the command that may be sent instead of ``command``.

    Args:
        limits: Of the robot.
        state: Newest reading.
        command: Wanted target of each motor, rad. Shape: (n_joints,).
        previous_command: The target that the motors hold now, rad; None: where they are. Shape:
            (n_joints,).
        now: On the clock of ``state.time``, s; None: the age of the state is not judged.

    Raises:
        RobotFault: If the command is not an array of numbers of the robot's size.
    """
    wanted = _as_command(limits, command)
    check = check_state(limits, state, now=now)
    stop = stop_request(limits, check.excess)
    held = _held_command(limits, state, previous_command, check)
    joints = list(joint_limits(limits, state, held, check))
    if (
        stop is None
        and check.is_usable
        and float(np.maximum.reduce(np.abs(wanted))) <= _LARGEST_COMMAND
    ):
        margins = {joint.name: joint.margin(wanted) for joint in joints}
        if min(margins.values()) >= 0.0:
            legs = limits.leg_limits.excess(wanted).worst()
            if all(value <= 0.0 for value in legs.values()):
                return GuardResult(
                    wanted,
                    changed=False,
                    excess=check.excess,
                    margins=check.margins | margins | _leg_margins(limits, legs),
                    stop=None,
                    conflicts=(),
                    cost=_cost(limits, check.excess),
                )
    return _correct(limits, wanted, held, joints, check)


def _correct(
    limits: SafetyLimits,
    wanted: FloatArray,
    held: FloatArray,
    joints: list[JointLimit],
    check: StateCheck,
) -> GuardResult:
    """Return the nearest admissible command, or the held one where a reaction says so."""
    interval, conflicts = intersect(limits, joints)
    anchor = interval.project(held)
    n_bad = wanted.size - int(np.count_nonzero(np.isfinite(wanted)))
    excess: dict[str, float] = {}
    pose = anchor
    if n_bad:
        excess["finite"] = float(n_bad)
    else:
        bounded = np.minimum(np.maximum(wanted, -_LARGEST_COMMAND), _LARGEST_COMMAND)
        excess = {
            joint.name: joint.excess(bounded) for joint in joints if joint.margin(bounded) < 0.0
        }
        pose = interval.project(bounded)
        legs = limits.leg_limits.excess(pose).worst()
        excess |= {name: value for name, value in legs.items() if value > 0.0}
        pose = respect_geometry(limits.enforced_leg_limits, pose, anchor, interval)
    excess |= check.excess  # of a joint's speed the measured one
    stop = stop_request(limits, excess)
    if stop is not None or not check.is_usable:
        pose = anchor
    margins = {joint.name: joint.margin(pose) for joint in joints}
    legs = limits.leg_limits.excess(pose).worst()
    return GuardResult(
        pose,
        changed=not np.array_equal(pose, wanted),
        excess=excess,
        margins=check.margins | margins | _leg_margins(limits, legs),
        stop=stop,
        conflicts=conflicts,
        cost=_cost(limits, excess),
    )


class CommandGuard:
    """``guard`` with the memory it needs: the command held now, and counts since ``start``.

    Args:
        limits: Of the robot.
    """

    def __init__(self, limits: SafetyLimits) -> None:
        self.limits = limits
        self.held_command: FloatArray | None = None
        """What the motors hold now, rad, shape (n_joints,); None: where they are."""
        self.n_commands = 0
        """Commands since ``start``."""
        self.n_changed = 0
        """How many of them were changed."""
        self.counts: dict[str, int] = {}
        """Commands in which each limit was reached."""

    def start(self, held_command: FloatArray | None = None) -> None:
        """Forget what was before.

        Args:
            held_command: What the motors hold now, rad; None: where they are. Shape: (n_joints,).
        """
        self.held_command = None if held_command is None else held_command.copy()
        self.n_commands = self.n_changed = 0
        self.counts = {}

    def __call__(
        self, state: RobotState, command: ArrayLike, *, now: float | None = None
    ) -> GuardResult:
        """Guard a command, which is then the one that the motors hold; see ``guard``."""
        result = guard(self.limits, state, command, self.held_command, now=now)
        self.held_command = result.command.copy()
        self.n_commands += 1
        self.n_changed += result.changed
        for name in result.excess:
            self.counts[name] = self.counts.get(name, 0) + 1
        return result


def _as_command(limits: SafetyLimits, command: ArrayLike) -> FloatArray:
    """Return a copy as float64, exact for every smaller type."""
    n_joints = len(limits.joint_names)
    try:
        values = np.array(command, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise RobotFault(f"the command for '{limits.robot}' is not an array of numbers") from error
    if values.shape != (n_joints,):
        raise RobotFault(
            f"the command for '{limits.robot}' has shape {values.shape}, not ({n_joints},)"
        )
    return values


def _held_command(
    limits: SafetyLimits, state: RobotState, previous: FloatArray | None, check: StateCheck
) -> FloatArray:
    """Return where the motors hold now as far as anything is known."""
    if (
        previous is not None
        and previous.shape == (len(limits.joint_names),)
        and float(np.maximum.reduce(np.abs(previous))) < _LARGEST_COMMAND  # NaN is not
    ):
        return previous
    if check.is_usable:
        return state.motor_positions
    return limits.arrays.default_pose


def stop_request(limits: SafetyLimits, excess: dict[str, float]) -> StopRequest | None:
    """Return what the hardest reaction to the limits that were reached asks for, or None.

    Args:
        limits: Of the robot.
        excess: The limits that were reached, by name.
    """
    for reaction in ("terminate", "truncate"):
        for name in LIMITS:
            if name in excess and limits.reactions[name] == reaction:
                return StopRequest(name, terminates=reaction == "terminate")
    return None


def _leg_margins(limits: SafetyLimits, legs: dict[str, float]) -> dict[str, float]:
    return {name: limits.leg_limits.margin(name, excess) for name, excess in legs.items()}


def _cost(limits: SafetyLimits, excess: dict[str, float]) -> float:
    return float(sum(limits.cost_weights[name] for name in excess))
