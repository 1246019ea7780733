"""Make the end of an episode mean what it is: a failure, a limit, or an interruption.

A termination says that nothing comes after: the value of the last state is the last reward. A
truncation says that the episode was only stopped from being watched: the value of its last
observation counts (Pardo et al., Time Limits in Reinforcement Learning, ICML 2018). Which of the
two an end is decides what the agent learns.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np
from gymnasium.utils import RecordConstructorArgs

from rl_zoo.errors import ConfigError
from rl_zoo.wrappers.episode_control import CUT, DISCARD, INTERRUPTED
from rl_zoo.wrappers.truncation_settings import (
    BATTERY,
    FROM_OUTSIDE,
    MAX_GAP,
    MIN_BATTERY_VOLTAGE,
    SAFETY_STOP,
    TERMINATED,
    TIME_LIMIT,
    TRUNCATED,
    End,
    check_flags,
    check_horizon,
    check_limit,
    check_limits,
    check_reasons,
    with_time,
)


class TruncationWrapper(gym.Wrapper[Any, Any, Any, Any], RecordConstructorArgs):
    """Turn every end of an episode into the termination or truncation that its reason is.

    The reason of an end is, in this order, the environment's ``info["termination_reason"]``, a true
    entry of ``info`` named in ``flags``, ``info["truncation_reason"]``, the limit ``max_steps``, an
    empty battery. If several apply, a termination wins, and ``terminated`` and ``truncated`` are
    never both true. An end that nothing explains stays what the environment says. Ends from outside
    (operator, battery, link, hand-over, interruption) are marked ``info["cut"]``: Monitor does not
    report their return.

    An *interrupted* transition, with a gap in time, is discarded (``info["discard"]``, reward 0):
    it enters no buffer of any algorithm. The episode is truncated as ``interrupted`` (or as the
    interruption that the environment names) with the last valid observation, whatever the
    environment says after the gap.

    A time limit is EITHER a truncation OR, with ``remaining_time``, a termination that the agent
    can foresee: the remaining time, from 1 down to 0, is the last number of the observation and the
    horizon is finite. Never both: no state follows remaining time 0, so that a value bootstrapped
    there would be invented. Settings that contradict this are refused, also together with a time
    feature of a wrapper inside.

    Args:
        env: Environment to correct.
        reasons: Reasons and what they are, ``terminated`` or ``truncated``, beside or instead of
            ``ENDS``. Whatever a ``safety_stop`` is (by default truncated), its ``info["cost"]`` is
            at least 1: an unsafe stop that is truncated without a cost would teach nothing.
        flags: Entries of ``info`` that, when true, end the episode, and their reasons; e.g. of an
            environment that reports its own time limit as terminated: ``{timed_out: time_limit}``.
        max_steps: Steps after which the time is over, even if the environment reports that as an
            unnamed termination or does not end. With ``remaining_time`` it defaults to the
            environment's own limit.
        remaining_time: Show the remaining time; see above. Needs a Box observation.
        limits: ``max_gap``, seconds between two readings (``robot_state.time``) beyond which there
            is a gap; a clock that stands still or runs backwards has one too. Without it only gaps
            that the environment reports itself (``info["time_gap"]``, s) count.
            ``min_battery_voltage``, V, below which the episode ends, if
            ``robot_state.battery_voltage`` is known.

    Raises:
        ConfigError: If a value has no meaning or two contradict each other.
    """

    def __init__(
        self,
        env: gym.Env[Any, Any],
        *,
        reasons: Mapping[str, str] | None = None,
        flags: Mapping[str, str] | None = None,
        max_steps: int | None = None,
        remaining_time: bool = False,
        limits: Mapping[str, float] | None = None,
    ) -> None:
        RecordConstructorArgs.__init__(
            self,
            reasons=reasons,
            flags=flags,
            max_steps=max_steps,
            remaining_time=remaining_time,
            limits=limits,
        )
        gym.Wrapper.__init__(self, env)
        self.ends = check_reasons(reasons)
        self.flags = check_flags(flags)
        if not isinstance(remaining_time, bool):
            raise ConfigError(
                f"TruncationWrapper.remaining_time: {remaining_time!r} is neither true nor false"
            )
        self.max_steps = check_limit(env, max_steps, remaining_time)
        self.remaining_time = remaining_time
        check_horizon(env, reasons or {}, remaining_time)
        if remaining_time:
            self.ends[TIME_LIMIT] = TERMINATED
            self.observation_space = with_time(env.observation_space)
        self.limits = check_limits(env, limits)
        self._steps = 0
        self._clock: float | None = None
        self._last_observation: Any = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Reset the environment; time starts anew."""
        observation, info = self.env.reset(seed=seed, options=options)
        self._steps = 0
        self._clock = self._robot_reading("time")
        return self._remember(self._observed(observation)), info

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step the environment and say what an end means."""
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._steps += 1
        if self._is_interrupted(info):
            given = info.get("truncation_reason")  # a robot says what interrupted it
            _name_end(info, given if given in FROM_OUTSIDE else INTERRUPTED, TRUNCATED)
            info[DISCARD] = True
            return self._last_observation, 0.0, False, True, info
        reason, end = self._end(terminated, truncated, info)
        if reason is not None:
            _name_end(info, reason, end)
            terminated, truncated = end == TERMINATED, end == TRUNCATED
        return self._remember(self._observed(observation)), reward, terminated, truncated, info

    def _end(
        self, terminated: bool, truncated: bool, info: Mapping[str, Any]
    ) -> tuple[str | None, End]:
        """Return the reason of an end and what it is; the reason is None if nothing ends."""
        found = list(self._reasons(terminated, truncated, info))
        ends = [(reason, self.ends.get(reason, given)) for reason, given in found]
        decisive = [item for item in ends if item[1] == TERMINATED] or ends
        return decisive[0] if decisive else (None, TRUNCATED)

    def _reasons(
        self, terminated: bool, truncated: bool, info: Mapping[str, Any]
    ) -> Iterator[tuple[str, End]]:
        """Yield every reason to end, and what an end for a reason of unknown meaning is."""
        named = info.get("termination_reason") if terminated else None
        flagged = [reason for key, reason in self.flags.items() if bool(info.get(key, False))]
        is_over = self.max_steps is not None and self._steps >= self.max_steps
        if named is not None:
            yield named, TERMINATED
        elif terminated and not flagged and not is_over:
            yield "terminated", TERMINATED
        for reason in flagged:
            yield reason, TRUNCATED
        if truncated:
            # A time limit that the remaining time does not show cannot be foreseen.
            unnamed = TRUNCATED if self.remaining_time and not is_over else TIME_LIMIT
            yield info.get("truncation_reason", unnamed), TRUNCATED
        if is_over:
            yield TIME_LIMIT, TRUNCATED
        if self._is_battery_empty():
            yield BATTERY, TRUNCATED

    def _is_interrupted(self, info: Mapping[str, Any]) -> bool:
        """Say whether this transition must not be learned from."""
        reported = float(info.get("time_gap", 0.0) or 0.0)
        before, self._clock = self._clock, self._robot_reading("time")
        max_gap = self.limits.get(MAX_GAP)
        if bool(info.get(DISCARD, False)) or reported > (max_gap or 0.0):
            return True
        if max_gap is None or before is None or self._clock is None:
            return False
        return not 0.0 < self._clock - before <= max_gap

    def _is_battery_empty(self) -> bool:
        voltage = self._robot_reading("battery_voltage")
        return voltage is not None and voltage < self.limits.get(MIN_BATTERY_VOLTAGE, 0.0)

    def _robot_reading(self, name: str) -> float | None:
        """Return a number of the newest sensor reading, or None if there is none."""
        if not self.limits or not self.env.has_wrapper_attr("robot_state"):
            return None
        value = getattr(self.env.get_wrapper_attr("robot_state"), name, None)
        return None if value is None else float(value)

    def _observed(self, observation: Any) -> Any:
        if not self.remaining_time or self.max_steps is None:
            return observation
        remaining = max(0.0, 1.0 - self._steps / self.max_steps)
        return np.append(observation, remaining).astype(self.observation_space.dtype)

    def _remember(self, observation: Any) -> Any:
        self._last_observation = copy.deepcopy(observation)
        return observation


def _name_end(info: dict[str, Any], reason: str, end: End) -> None:
    """Write the reason of an end, and what follows from it, into ``info``."""
    info.pop("termination_reason", None)
    info.pop("truncation_reason", None)
    info["termination_reason" if end == TERMINATED else "truncation_reason"] = reason
    if reason == SAFETY_STOP:
        info["cost"] = max(1.0, float(info.get("cost", 0.0)))
    if reason in FROM_OUTSIDE:
        info[CUT] = 1
