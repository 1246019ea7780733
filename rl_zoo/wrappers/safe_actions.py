"""The nearest admissible action: of a robot by its guard, of anything else by its action space."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from rl_zoo.errors import ConfigError, RobotFault
from rl_zoo.robots.guard import StopRequest, guard, stop_request
from rl_zoo.robots.guard_limits import LIMITS, PROJECTED, WATCHED, SafetyLimits
from rl_zoo.robots.guard_state import check_state
from rl_zoo.suggest import did_you_mean
from rl_zoo.wrappers.action_meaning import held_action
from rl_zoo.wrappers.argument_checks import check_mapping, check_number

Action = NDArray[Any]
FloatArray = NDArray[np.float64]

ACTION_SPACE = "action_space"
_LARGEST_EXCESS = 1e3  # reported: sums over an episode stay finite
_ROBOT = ("robot_spec", "robot_state", "action_to_positions", "positions_to_action")


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


def is_robot(env: gym.Env[Any, Any]) -> bool:
    """Say whether an inner environment has a robot with joints that actions command."""
    return all(env.has_wrapper_attr(name) for name in _ROBOT)


class RobotActions:
    """Actions that command the joints of a robot, guarded by ``rl_zoo.robots.guard``.

    Args:
        env: Environment of a robot; see ``is_robot``.
        box: Its action space.
        options: Keywords of ``SafetyLimits.from_spec``.

    Raises:
        ConfigError: If an option has no meaning.
    """

    def __init__(self, env: gym.Env[Any, Any], box: spaces.Box, options: Mapping[str, Any]) -> None:
        self._env, self._box = env, box
        spec = env.get_wrapper_attr("robot_spec")
        self._to_positions = env.get_wrapper_attr("action_to_positions")
        self._to_action = env.get_wrapper_attr("positions_to_action")
        period = float(env.get_wrapper_attr("dt"))
        limits = SafetyLimits.from_spec(spec, **{"control_period": period, **options})
        if box.is_bounded():
            ends = [self._positions(box.low), self._positions(box.high)]
            limits = limits.within(np.minimum(*ends), np.maximum(*ends))
        self.limits = limits
        self.names = (*_active(limits), ACTION_SPACE)
        self.weights = {**limits.cost_weights, ACTION_SPACE: 1.0}
        self._says_what_it_holds = env.has_wrapper_attr("current_action")
        self._held: FloatArray | None = None

    def start(self) -> None:
        """Start from the command that the robot holds."""
        self._held = None

    def make_safe(self, action: Action) -> SafeAction:
        """Return the nearest admissible action."""
        wanted = _as_numbers(action, self._box)
        inside = np.clip(wanted, self._box.low, self._box.high)
        inside[~np.isfinite(wanted)] = np.nan  # the guard shall see that something is broken
        excess = _excess(wanted, inside)
        state = self._env.get_wrapper_attr("robot_state")
        if self._says_what_it_holds:  # a robot can be slower than its commands
            self._held = self._positions(self._env.get_wrapper_attr("current_action"))
        result = guard(self.limits, state, self._positions(inside), self._held)
        if result.changed:
            action = np.asarray(self._to_action(result.command))
            action = np.clip(action, self._box.low, self._box.high).astype(self._box.dtype)
        elif excess:
            action = inside.astype(self._box.dtype)
        self._held = self._positions(action)
        excess |= {name: value for name, value in result.excess.items() if name in PROJECTED}
        return SafeAction(action, excess, result.margins, result.stop, result.conflicts)

    def judge_state(self) -> tuple[dict[str, float], StopRequest | None]:
        """Return the limits that the newest state has reached, and the stop they ask for."""
        check = check_state(self.limits, self._env.get_wrapper_attr("robot_state"))
        excess = {name: value for name, value in check.excess.items() if name in WATCHED}
        return excess, stop_request(self.limits, excess)

    def _positions(self, action: Action) -> FloatArray:
        return np.asarray(self._to_positions(np.asarray(action, np.float64)), dtype=np.float64)


class BoxActions:
    """Actions without a robot: finite, inside their space, and not too different from the last.

    Args:
        env: Any environment.
        box: Its action space.
        options: ``max_action_change`` (per step, in units of the action; one number or one per
            entry), ``reactions`` and ``cost_weights`` of ``finite``, ``action_space`` and
            ``action_change``.

    Raises:
        ConfigError: If an option has no meaning.
    """

    names = ("finite", ACTION_SPACE, "action_change")

    def __init__(self, env: gym.Env[Any, Any], box: spaces.Box, options: Mapping[str, Any]) -> None:
        valid = ("max_action_change", "reactions", "cost_weights")
        for key in options:
            if key not in valid:
                raise ConfigError(
                    f"limits.{key}: not a limit of an environment without a robot"
                    f"{did_you_mean(key, valid)}"
                )
        self._env, self._box = env, box
        self._max_change = _read_change(options.get("max_action_change"), box)
        self._reactions = _read_named(options, "reactions", dict.fromkeys(self.names, "soft"))
        self.weights = _read_named(options, "cost_weights", dict.fromkeys(self.names, 1.0))
        _check_box_options(self._reactions, self.weights)
        self._held: FloatArray | None = None

    def start(self) -> None:
        """Start from the action that the environment holds, if it says so."""
        held = held_action(self._env)
        self._held = None if held is None else np.clip(held, self._box.low, self._box.high)

    def make_safe(self, action: Action) -> SafeAction:
        """Return the nearest admissible action."""
        wanted = _as_numbers(action, self._box)
        lower, upper = self._box.low.astype(np.float64), self._box.high.astype(np.float64)
        inside = np.clip(wanted, lower, upper)
        held, excess = self._held, _excess(wanted, inside)
        n_bad = wanted.size - int(np.count_nonzero(np.isfinite(wanted)))
        if n_bad:
            inside = np.clip(np.zeros_like(wanted), lower, upper) if held is None else held
            excess = {"finite": float(n_bad)}
        if held is not None and self._max_change is not None:
            lower = np.maximum(lower, held - self._max_change)
            upper = np.minimum(upper, held + self._max_change)
            result = np.clip(inside, lower, upper)
            excess |= _excess(inside, result, "action_change")
            inside = result
        stop = self._stop(excess)
        if stop is not None and held is not None:
            inside = held
        if excess:
            action = _cast_inside(inside, lower, upper, self._box.dtype)
        self._held = np.asarray(action, dtype=np.float64)
        return SafeAction(action, excess, self._margins(), stop)

    def judge_state(self) -> tuple[dict[str, float], StopRequest | None]:
        """Return nothing: there is no robot to look at."""
        return {}, None

    def _stop(self, excess: Mapping[str, float]) -> StopRequest | None:
        for reaction in ("terminate", "truncate"):
            for name in self.names:
                if name in excess and self._reactions[name] == reaction:
                    return StopRequest(name, terminates=reaction == "terminate")
        return None

    def _margins(self) -> dict[str, float]:
        if self._held is None or not self._box.is_bounded():
            return {}
        low, high = self._box.low, self._box.high
        distance = np.minimum(self._held - low, high - self._held) / (0.5 * (high - low))
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


def _as_numbers(action: Action, box: spaces.Box) -> FloatArray:
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


def _read_change(value: Any, box: spaces.Box) -> FloatArray | None:
    if value is None:
        return None
    where = "limits.max_action_change"
    try:
        change = np.broadcast_to(np.array(value, dtype=np.float64), box.shape).copy()
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{where}: {value!r} does not fit actions of {box.shape}") from error
    if not (np.isfinite(change).all() and (change > 0.0).all()):
        raise ConfigError(f"{where}: {value!r} is not positive")
    return change


def _read_named(options: Mapping[str, Any], key: str, defaults: dict[str, Any]) -> dict[str, Any]:
    given = check_mapping(key, options.get(key))
    for name in given:
        if name not in defaults:
            raise ConfigError(f"{key}.{name}: unknown{did_you_mean(name, defaults)}")
    return {**defaults, **given}


def _check_box_options(reactions: Mapping[str, Any], weights: Mapping[str, Any]) -> None:
    valid = ("soft", "truncate", "terminate")
    for name, reaction in reactions.items():
        if reaction not in valid:
            hint = did_you_mean(str(reaction), valid)
            raise ConfigError(f"reactions.{name}: '{reaction}' is not possible{hint}")
    for name, weight in weights.items():
        check_number(f"cost_weights.{name}", weight, zero=True)
