"""What a guard of actions says about each step, and when it ends an episode.

One code for ``SafetyWrapper`` and for the safety layer of a bundle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rl_zoo.robots.guard import StopRequest
from rl_zoo.wrappers.episode_control import DISCARD

if TYPE_CHECKING:
    from rl_zoo.wrappers.safe_actions import SafeAction

Action = NDArray[Any]


class SafetyReport:
    """Adds up the interventions of an episode and writes them into ``info``.

    Args:
        names: Of the limits.
        weights: Cost of a step in which a limit was reached, by its name.
        low: Smallest action. Shape: (n_actions,).
        high: Largest action.
    """

    def __init__(
        self, names: Iterable[str], weights: Mapping[str, float], low: Action, high: Action
    ) -> None:
        self._names, self._weights = tuple(names), weights
        self._low, self._high = low.astype(np.float64), high.astype(np.float64)
        self.begin_episode()

    def begin_episode(self) -> None:
        """Forget the last episode."""
        self._cost, self._interventions, self._max_correction = 0.0, 0, 0.0
        self._counts = dict.fromkeys(self._names, 0)

    def add(
        self,
        info: dict[str, Any],
        proposed: Action,
        safe: SafeAction,
        reached: Mapping[str, float],
        stop: StopRequest | None,
    ) -> float:
        """Write one step into ``info``; see ``SafetyWrapper`` for the keys.

        Args:
            info: Of the step.
            proposed: The action that was asked for.
            safe: What was executed instead.
            reached: Limits that the state reached since, and by how much.
            stop: Why the episode should end; None: it need not.

        Returns:
            Mean absolute correction of an entry of the action.
        """
        excess = {**safe.excess, **reached}
        if stop is not None:
            excess.setdefault(stop.limit, 0.0)
        intervention = safe.action is not proposed
        correction = self._correction(proposed, safe.action) if intervention else 0.0
        cost = float(sum(self._weights[name] for name in excess))
        self._cost += cost
        self._interventions += intervention
        self._max_correction = max(self._max_correction, correction)
        for name in self._counts:
            self._counts[name] += name in excess
            info[f"safety/{name}"] = excess.get(name, 0.0)
        info["safety/margin"] = min(safe.margins.values(), default=1.0)
        info["safety_margins"] = safe.margins
        info["safety_conflicts"] = safe.conflicts
        info["intervention"] = intervention
        info["cost"] = cost + float(info.get("cost", 0.0))
        info["episode_cost"] = self._cost
        info["episode_interventions"] = self._interventions
        info["episode_max_correction"] = self._max_correction
        info["action_proposed"] = proposed
        info.setdefault("action_executed", safe.action)  # an inner layer may have its own
        info["safe_action"] = safe.action
        return correction

    def end(
        self, info: dict[str, Any], stop: StopRequest | None, terminated: bool, truncated: bool
    ) -> tuple[bool, bool]:
        """Return whether the episode is terminated and truncated, with the wish to stop it.

        A fall wins over a time limit. The name of the limit and the counts go into ``info``.
        """
        if stop is not None and not info.get(DISCARD) and _is_decisive(stop, terminated, truncated):
            terminated, truncated = stop.terminates, not stop.terminates
            _name_end(info, stop)
        if terminated or truncated:
            info["safety_counts"] = dict(self._counts)
        return terminated, truncated

    def _correction(self, proposed: Action, executed: Action) -> float:
        """Return the mean absolute change of an entry, counted from inside the action space."""
        low, high = self._low, self._high
        wanted = np.clip(np.asarray(proposed, dtype=np.float64), low, high)
        half = np.where(np.isfinite(high - low), 0.5 * (high - low), 1.0)
        with np.errstate(invalid="ignore"):
            change = np.abs(wanted - np.asarray(executed, dtype=np.float64))
        return float(np.mean(np.where(np.isfinite(change), change, half)))


def _is_decisive(stop: StopRequest, terminated: bool, truncated: bool) -> bool:
    """Say whether the episode ends because of ``stop``: a fall wins over a time limit."""
    return not terminated and (stop.terminates or not truncated)


def _name_end(info: dict[str, Any], stop: StopRequest) -> None:
    info["safety_stop"] = stop.limit
    info.pop("truncation_reason", None)
    key = "termination_reason" if stop.terminates else "truncation_reason"
    info[key] = stop.reason
