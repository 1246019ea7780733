"""The nearest admissible action: of a robot by its guard, of anything else by its action space.

One code for training (``rl_zoo.wrappers.safety``) and for exported policies
(``rl_zoo.deploy.layers.safety``); it needs only numpy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_zoo.errors import RobotFault
from rl_zoo.robots.driver import RobotState
from rl_zoo.robots.guard import StopRequest, guard, stop_request
from rl_zoo.robots.guard_limits import LIMITS, PROJECTED, WATCHED, SafetyLimits
from rl_zoo.robots.guard_state import check_state
from rl_zoo.robots.spec import FloatArray

Action = NDArray[Any]

ACTION_SPACE = "action_space"
BOX_LIMITS = ("finite", ACTION_SPACE, "action_change")
"""Limits of actions that command no robot."""
_LARGEST_EXCESS = 1e3  # reported: sums over an episode stay finite


@dataclass(frozen=True)
class SafeAction:
    """What may be executed instead of an action."""

    action: Action
    """In the dtype of the action space; the very same object if nothing had to be changed."""
    excess: dict[str, float]
    """How far the action was outside of each limit that was reached."""
    margins: dict[str, float]
    """Normalised distance to each limit: 1 far away, 0 on it, negative outside."""
    stop: StopRequest | None
    conflicts: tuple[str, ...] = ()
    """Limits that another one left no room for."""


@dataclass(frozen=True)
class ActionBox:
    """A Box action space: its ends, in the type of its actions."""

    low: Action
    high: Action

    @property
    def shape(self) -> tuple[int, ...]:
        """Return the shape of an action."""
        return self.low.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Return the type of number of an action."""
        return self.low.dtype

    @property
    def is_bounded(self) -> bool:
        """Return whether every entry has two finite ends."""
        return bool(np.isfinite(self.low).all() and np.isfinite(self.high).all())

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold: an end at infinity is None."""
        ends = [
            [value if np.isfinite(value) else None for value in end.ravel().tolist()]
            for end in (self.low, self.high)
        ]
        return {
            "low": ends[0],
            "high": ends[1],
            "shape": list(self.shape),
            "dtype": str(self.dtype),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> ActionBox:
        """Return the box that ``to_dict`` described."""
        low, high = (
            np.array([end if value is None else value for value in plain[name]], plain["dtype"])
            for name, end in (("low", -np.inf), ("high", np.inf))
        )
        shape = tuple(plain["shape"])
        return cls(low.reshape(shape), high.reshape(shape))


class RobotActions:
    """Actions that command the joints of a robot, guarded by ``rl_zoo.robots.guard``.

    Args:
        limits: Of the robot; see ``limits_within``.
        box: The action space.
        to_positions: Targets of the motors in rad that an action commands.
        to_action: Action that commands such targets.
    """

    def __init__(
        self,
        limits: SafetyLimits,
        box: ActionBox,
        to_positions: Callable[[FloatArray], Any],
        to_action: Callable[[FloatArray], Any],
    ) -> None:
        self.limits, self.box = limits, box
        self._to_positions, self._to_action = to_positions, to_action
        self.names = (*_active(limits), ACTION_SPACE)
        self.weights = {**limits.cost_weights, ACTION_SPACE: 1.0}
        self.held_action: FloatArray | None = None
        """The action executed last; None: where the motors are."""

    def start(self) -> None:
        """Start from where the motors are."""
        self.held_action = None

    def make_safe(
        self, action: Action, state: RobotState, held_action: Action | None = None
    ) -> SafeAction:
        """Return the nearest admissible action, and keep it as the one that is held.

        Args:
            action: Wanted.
            state: Newest reading.
            held_action: The action that equals the command held now: a robot can be slower than
                its commands. None: the one executed last.

        Raises:
            RobotFault: If the action is not an array of the box's shape.
        """
        held = self.held_action if held_action is None else held_action
        safe = self.nearest(action, state, held)
        self.held_action = np.array(safe.action, np.float64)
        return safe

    def nearest(self, action: Action, state: RobotState, held: Action | None) -> SafeAction:
        """Return the nearest admissible action; nothing is remembered."""
        box = self.box
        wanted = _as_numbers(action, box)
        inside = np.clip(wanted, box.low, box.high)
        inside[~np.isfinite(wanted)] = np.nan  # the guard shall see that something is broken
        excess = _excess(wanted, inside)
        held_positions = None if held is None else self._positions(held)
        result = guard(self.limits, state, self._positions(inside), held_positions)
        if result.changed:
            action = np.asarray(self._to_action(result.command))
            action = np.clip(action, box.low, box.high).astype(box.dtype)
        elif excess:
            action = inside.astype(box.dtype)
        excess |= {name: value for name, value in result.excess.items() if name in PROJECTED}
        return SafeAction(action, excess, result.margins, result.stop, result.conflicts)

    def judge(self, state: RobotState) -> tuple[dict[str, float], StopRequest | None]:
        """Return the limits that ``state`` has reached, and the stop they ask for."""
        check = check_state(self.limits, state)
        excess = {name: value for name, value in check.excess.items() if name in WATCHED}
        return excess, stop_request(self.limits, excess)

    def _positions(self, action: Action) -> FloatArray:
        return np.asarray(self._to_positions(np.asarray(action, np.float64)), dtype=np.float64)


def limits_within(
    limits: SafetyLimits, box: ActionBox, to_positions: Callable[[FloatArray], Any]
) -> SafetyLimits:
    """Return the limits with a joint range cut to what actions of the box can command.

    Raises:
        ConfigError: If nothing remains of a joint's range.
    """
    if not box.is_bounded:
        return limits
    ends = [
        np.asarray(to_positions(np.asarray(end, np.float64)), np.float64)
        for end in (box.low, box.high)
    ]
    return limits.within(np.minimum(*ends), np.maximum(*ends))


@dataclass(frozen=True)
class BoxLimits:
    """What an action without a robot must respect, beside its space."""

    max_change: FloatArray | None
    """Per step, in the shape of an action."""
    reactions: Mapping[str, str]
    """``soft``, ``truncate`` or ``terminate`` for each of ``BOX_LIMITS``."""
    weights: Mapping[str, float]
    """Cost of a step in which the limit was reached."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain data that JSON can hold."""
        change = None if self.max_change is None else self.max_change.ravel().tolist()
        return {
            "max_action_change": change,
            "reactions": dict(self.reactions),
            "cost_weights": dict(self.weights),
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any], shape: tuple[int, ...]) -> BoxLimits:
        """Return the limits that ``to_dict`` described, for actions of a shape."""
        change = plain["max_action_change"]
        array = None if change is None else np.array(change, np.float64).reshape(shape)
        reactions, weights = plain["reactions"], plain["cost_weights"]
        return cls(
            array,
            {name: str(reactions[name]) for name in BOX_LIMITS},
            {name: float(weights[name]) for name in BOX_LIMITS},
        )


class BoxActions:
    """Actions without a robot: finite, inside their space, and not too different from the last.

    Args:
        box: The action space.
        limits: On the change of an action, and what happens when a limit is reached.
    """

    names = BOX_LIMITS

    def __init__(self, box: ActionBox, limits: BoxLimits) -> None:
        self.box, self.limits = box, limits
        self.weights = limits.weights
        self.held_action: FloatArray | None = None
        """The action executed last; None: unknown."""

    def start(self, held: Action | None = None) -> None:
        """Start from the action that the environment holds, if it is known."""
        self.held_action = None if held is None else np.clip(held, self.box.low, self.box.high)

    def make_safe(self, action: Action) -> SafeAction:
        """Return the nearest admissible action, and keep it as the one that is held.

        Raises:
            RobotFault: If the action is not an array of the box's shape.
        """
        safe = self.nearest(action, self.held_action)
        self.held_action = np.array(safe.action, np.float64)
        return safe

    def nearest(self, action: Action, held: FloatArray | None) -> SafeAction:
        """Return the nearest admissible action; nothing is remembered."""
        wanted = _as_numbers(action, self.box)
        lower, upper = self.box.low.astype(np.float64), self.box.high.astype(np.float64)
        inside = np.clip(wanted, lower, upper)
        excess = _excess(wanted, inside)
        n_bad = wanted.size - int(np.count_nonzero(np.isfinite(wanted)))
        if n_bad:
            inside = np.clip(np.zeros_like(wanted), lower, upper) if held is None else held
            excess = {"finite": float(n_bad)}
        if held is not None and self.limits.max_change is not None:
            lower = np.maximum(lower, held - self.limits.max_change)
            upper = np.minimum(upper, held + self.limits.max_change)
            result = np.clip(inside, lower, upper)
            excess |= _excess(inside, result, "action_change")
            inside = result
        stop = self._stop(excess)
        if stop is not None and held is not None:
            inside = held
        if excess:
            action = _cast_inside(inside, lower, upper, self.box.dtype)
        return SafeAction(action, excess, self._margins(np.asarray(action, np.float64)), stop)

    def _stop(self, excess: Mapping[str, float]) -> StopRequest | None:
        for reaction in ("terminate", "truncate"):
            for name in self.names:
                if name in excess and self.limits.reactions[name] == reaction:
                    return StopRequest(name, terminates=reaction == "terminate")
        return None

    def _margins(self, action: FloatArray) -> dict[str, float]:
        if not self.box.is_bounded:
            return {}
        low, high = self.box.low, self.box.high
        distance = np.minimum(action - low, high - action) / (0.5 * (high - low))
        return {ACTION_SPACE: float(np.min(distance))}


def _active(limits: SafetyLimits) -> list[str]:
    """Return the limits that are not switched off."""
    value_of = {
        "torque": limits.max_torque,
        "joint_velocity": limits.max_joint_velocity,
        "tracking": limits.max_tracking_error,
        "command_velocity": limits.max_command_velocity,
        "foot_box": limits.foot_box,
        "self_collision": limits.min_leg_distance,
        "tilt": limits.max_tilt,
        "height": limits.min_height,
        "temperature": limits.max_temperature,
        "battery": limits.min_battery_voltage,
        "stale": None,  # a simulated state has no age
    }
    return [name for name in LIMITS if value_of.get(name, True) is not None]


def _as_numbers(action: Action, box: ActionBox) -> FloatArray:
    """Return the action as float64.

    Raises:
        RobotFault: If it is not an array of the action space's shape.
    """
    try:
        wanted = np.asarray(action, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise RobotFault("SafetyWrapper: the action is not an array of numbers") from error
    if wanted.shape != box.shape:
        raise RobotFault(f"SafetyWrapper: the action has shape {wanted.shape}, not {box.shape}")
    return wanted


def _excess(wanted: FloatArray, inside: FloatArray, name: str = ACTION_SPACE) -> dict[str, float]:
    """Return the largest distance under ``name``, entries that are not finite left out."""
    with np.errstate(invalid="ignore", over="ignore"):
        distance = np.abs(wanted - inside)
    largest = float(np.max(distance, initial=0.0, where=np.isfinite(distance)))
    return {name: min(largest, _LARGEST_EXCESS)} if largest > 0.0 else {}


def _cast_inside(values: FloatArray, lower: FloatArray, upper: FloatArray, dtype: Any) -> Action:
    """Return ``values`` in ``dtype``, rounded into the interval and not out of it."""
    cast = values.astype(dtype)
    cast = np.where(cast > upper, np.nextafter(cast, np.asarray(-np.inf, dtype)), cast)
    return np.where(cast < lower, np.nextafter(cast, np.asarray(np.inf, dtype)), cast)
