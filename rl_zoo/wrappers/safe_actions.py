"""``rl_zoo.robots.safe_actions`` with what an environment says of its robot and what it holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from rl_zoo.errors import ConfigError
from rl_zoo.robots.guard import StopRequest
from rl_zoo.robots.guard_limits import SafetyLimits
from rl_zoo.robots.safe_actions import (
    ACTION_SPACE,
    BOX_LIMITS,
    ActionBox,
    BoxLimits,
    SafeAction,
    limits_within,
)
from rl_zoo.robots.safe_actions import BoxActions as _BoxActions
from rl_zoo.robots.safe_actions import RobotActions as _RobotActions
from rl_zoo.suggest import did_you_mean
from rl_zoo.wrappers.action_meaning import held_action
from rl_zoo.wrappers.argument_checks import check_mapping, check_number

__all__ = ["ACTION_SPACE", "BoxActions", "RobotActions", "SafeAction", "is_robot"]

Action = NDArray[Any]
FloatArray = NDArray[np.float64]

_ROBOT = ("robot_spec", "robot_state", "action_to_positions", "positions_to_action")


def is_robot(env: gym.Env[Any, Any]) -> bool:
    """Say whether an inner environment has a robot with joints that actions command."""
    return all(env.has_wrapper_attr(name) for name in _ROBOT)


class RobotActions:
    """Actions that command the joints of an environment's robot.

    Args:
        env: Environment of a robot; see ``is_robot``.
        box: Its action space.
        options: Keywords of ``SafetyLimits.from_spec``.

    Raises:
        ConfigError: If an option has no meaning.
    """

    def __init__(self, env: gym.Env[Any, Any], box: spaces.Box, options: Mapping[str, Any]) -> None:
        self._env = env
        spec = env.get_wrapper_attr("robot_spec")
        to_positions = env.get_wrapper_attr("action_to_positions")
        period = float(env.get_wrapper_attr("dt"))
        limits = SafetyLimits.from_spec(spec, **{"control_period": period, **options})
        ends = ActionBox(box.low, box.high)
        self.actions = _RobotActions(
            limits_within(limits, ends, to_positions),
            ends,
            to_positions,
            env.get_wrapper_attr("positions_to_action"),
        )
        self.limits = self.actions.limits
        self.names, self.weights = self.actions.names, self.actions.weights
        self._says_what_it_holds = env.has_wrapper_attr("current_action")

    def start(self) -> None:
        """Start from the command that the robot holds."""
        self.actions.start()

    def make_safe(self, action: Action) -> SafeAction:
        """Return the nearest admissible action."""
        state = self._env.get_wrapper_attr("robot_state")
        held = self._env.get_wrapper_attr("current_action") if self._says_what_it_holds else None
        return self.actions.make_safe(action, state, held)

    def judge_state(self) -> tuple[dict[str, float], StopRequest | None]:
        """Return the limits that the newest state has reached, and the stop they ask for."""
        return self.actions.judge(self._env.get_wrapper_attr("robot_state"))


class BoxActions:
    """Actions of an environment without a robot.

    Args:
        env: Any environment.
        box: Its action space.
        options: ``max_action_change`` (per step, in units of the action; one number or one per
            entry), ``reactions`` and ``cost_weights`` of ``finite``, ``action_space`` and
            ``action_change``.

    Raises:
        ConfigError: If an option has no meaning.
    """

    names = BOX_LIMITS

    def __init__(self, env: gym.Env[Any, Any], box: spaces.Box, options: Mapping[str, Any]) -> None:
        valid = ("max_action_change", "reactions", "cost_weights")
        for key in options:
            if key not in valid:
                raise ConfigError(
                    f"limits.{key}: not a limit of an environment without a robot"
                    f"{did_you_mean(key, valid)}"
                )
        self._env = env
        change = _read_change(options.get("max_action_change"), box)
        reactions = _read_named(options, "reactions", dict.fromkeys(BOX_LIMITS, "soft"))
        self.weights = _read_named(options, "cost_weights", dict.fromkeys(BOX_LIMITS, 1.0))
        _check_box_options(reactions, self.weights)
        limits = BoxLimits(change, reactions, self.weights)
        self.actions = _BoxActions(ActionBox(box.low, box.high), limits)

    def start(self) -> None:
        """Start from the action that the environment holds, if it says so."""
        self.actions.start(held_action(self._env))

    def make_safe(self, action: Action) -> SafeAction:
        """Return the nearest admissible action."""
        return self.actions.make_safe(action)

    def judge_state(self) -> tuple[dict[str, float], StopRequest | None]:
        """Return nothing: there is no robot to look at."""
        return {}, None


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
