"""What the reasons of an episode's end mean, and which settings contradict each other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import gymnasium as gym
import numpy as np

from rl_zoo.errors import ConfigError
from rl_zoo.suggest import did_you_mean
from rl_zoo.wrappers.argument_checks import (
    check_count,
    check_mapping,
    check_number,
    check_vector,
)
from rl_zoo.wrappers.episode_control import INTERRUPTED

End = Literal["terminated", "truncated"]
TERMINATED: End = "terminated"
TRUNCATED: End = "truncated"

TIME_LIMIT = "time_limit"
BATTERY = "battery"
SAFETY_STOP = "safety_stop"

MAX_GAP = "max_gap"
MIN_BATTERY_VOLTAGE = "min_battery_voltage"
LIMITS = (MAX_GAP, MIN_BATTERY_VOLTAGE)
"""What ``limits`` can name."""

_BY_CONTROL_LOOP = ("pause", "stale", "overheat", "motor", "estop", "late", "learner")
"""Names of ``rl_zoo.robots.control.modes.Interruption``, beside those above."""

ENDS: Mapping[str, End] = {
    "fall": TERMINATED,
    "self_collision": TERMINATED,
    "success": TERMINATED,
    TIME_LIMIT: TRUNCATED,
    "end_of_track": TRUNCATED,
    "hand_over": TRUNCATED,
    "operator": TRUNCATED,
    BATTERY: TRUNCATED,
    "link": TRUNCATED,
    INTERRUPTED: TRUNCATED,
    **dict.fromkeys(_BY_CONTROL_LOOP, TRUNCATED),
    SAFETY_STOP: TRUNCATED,
}
"""What an end for a reason is, unless the configuration says otherwise; others stay as they are."""

FROM_OUTSIDE = frozenset({"hand_over", "operator", BATTERY, "link", INTERRUPTED, *_BY_CONTROL_LOOP})
"""Reasons that have nothing to do with the task: the return of such an episode says nothing."""

_TIME_FEATURES = ("TimeAwareObservation", "TimeFeatureWrapper")
_NAME = "TruncationWrapper"


def check_reasons(reasons: Mapping[str, Any] | None) -> dict[str, End]:
    """Return what every reason means: the built-in meanings, then those given.

    Raises:
        ConfigError: If one is neither terminated nor truncated.
    """
    checked = {
        reason: _check_end(f"{_NAME}.reasons.{reason}", end)
        for reason, end in check_mapping(f"{_NAME}.reasons", reasons).items()
    }
    if checked.get(INTERRUPTED) == TERMINATED:
        raise ConfigError(f"{_NAME}.reasons.{INTERRUPTED}: an interruption is no failure")
    return {**ENDS, **checked}


def _check_end(where: str, end: object) -> End:
    valid = (TERMINATED, TRUNCATED)
    if end not in valid:
        hint = did_you_mean(str(end), valid)
        raise ConfigError(f"{where}: {end!r} is neither terminated nor truncated{hint}")
    return TERMINATED if end == TERMINATED else TRUNCATED


def check_flags(flags: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the entries of ``info`` that end an episode, with their reasons.

    Raises:
        ConfigError: If a reason is no name.
    """
    given = check_mapping(f"{_NAME}.flags", flags)
    for key, reason in given.items():
        if not isinstance(reason, str):
            raise ConfigError(f"{_NAME}.flags.{key}: {reason!r} is not the name of a reason")
    return dict(given)


def check_limit(env: gym.Env[Any, Any], max_steps: int | None, remaining_time: bool) -> int | None:
    """Return the time limit in steps, or None.

    Raises:
        ConfigError: If there is none to show, or the environment's own comes first.
    """
    own = None if env.spec is None else env.spec.max_episode_steps
    if max_steps is None:
        if remaining_time and own is None:
            raise ConfigError(
                f"{_NAME}.remaining_time: this environment has no limit; add max_steps"
            )
        return own if remaining_time else None
    limit = check_count(f"{_NAME}.max_steps", max_steps)
    if remaining_time and own is not None and limit > own:
        raise ConfigError(
            f"{_NAME}.max_steps: {limit} is more than the environment's own limit of {own} steps, "
            "which the agent would not see coming"
        )
    return limit


def check_horizon(env: gym.Env[Any, Any], reasons: Mapping[str, str], remaining_time: bool) -> None:
    """Refuse a limit that is neither a truncation nor a horizon that the agent can see.

    Raises:
        ConfigError: Naming what contradicts what.
    """
    inside = next((name for name in _layers(env) if name in _TIME_FEATURES), None)
    given = reasons.get(TIME_LIMIT)
    if remaining_time and inside is not None:
        raise ConfigError(f"{_NAME}.remaining_time: {inside} shows the time already; drop one")
    if remaining_time and given == TRUNCATED:
        raise ConfigError(
            f"{_NAME}: remaining_time makes the time limit a termination, "
            f"reasons.{TIME_LIMIT} says truncated; drop one"
        )
    if inside is not None and given != TERMINATED:
        raise ConfigError(
            f"{_NAME}: with {inside} the horizon is finite; "
            f"add reasons: {{{TIME_LIMIT}: terminated}} or drop {inside}"
        )
    if given == TERMINATED and not remaining_time and inside is None:
        raise ConfigError(
            f"{_NAME}.reasons.{TIME_LIMIT}: a limit that the agent cannot see is a truncation; "
            "for a finite horizon use remaining_time: true"
        )


def _layers(env: Any) -> Iterator[str]:
    while isinstance(env, gym.Wrapper):
        yield type(env).__name__
        env = env.env


def check_limits(env: gym.Env[Any, Any], limits: Mapping[str, Any] | None) -> dict[str, float]:
    """Return the limits as numbers.

    Raises:
        ConfigError: If one is unknown, no positive number, or shorter than a control period.
    """
    checked = {}
    for name, value in check_mapping(f"{_NAME}.limits", limits).items():
        if name not in LIMITS:
            raise ConfigError(f"{_NAME}.limits.{name}: unknown{did_you_mean(name, LIMITS)}")
        checked[name] = check_number(f"{_NAME}.limits.{name}", value)
    if MAX_GAP in checked and env.has_wrapper_attr("dt"):
        gap, period = checked[MAX_GAP], float(env.get_wrapper_attr("dt"))
        if gap <= period:
            raise ConfigError(
                f"{_NAME}.limits.{MAX_GAP}: {gap} s is no more than a control period of {period} s"
            )
    return checked


def with_time(space: gym.spaces.Space[Any]) -> gym.spaces.Box:
    """Return the observation space with the remaining time, in [0, 1], as its last number.

    Raises:
        ConfigError: If it is not a vector.
    """
    box = check_vector(_NAME, "observation space (remaining_time)", space)
    dtype = box.dtype if np.issubdtype(box.dtype, np.floating) else np.dtype(np.float32)
    return gym.spaces.Box(
        np.append(box.low, 0.0).astype(dtype), np.append(box.high, 1.0).astype(dtype), dtype=dtype
    )
