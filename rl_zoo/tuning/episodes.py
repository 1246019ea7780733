"""Add up episodes, of a training or of an evaluation, into measures by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from stable_baselines3.common.callbacks import BaseCallback

from rl_zoo.agents.evaluation import Evaluation
from rl_zoo.envs.guarded import GuardedVecEnv
from rl_zoo.tuning.measures import MEASURES, VIOLATIONS
from rl_zoo.wrappers.episode_control import CUT, end_reason
from rl_zoo.wrappers.episode_metrics import METRICS

_FALL = "fall"
_UNNAMED = "terminated"
_SAFETY = "safety/"


class EpisodeTally:
    """Sums over finished episodes.

    An episode that was cut from outside tells nothing about the policy, so of those only what the
    safety layer reported counts.

    Attributes:
        steps: Environment steps, those of unfinished episodes included.
    """

    def __init__(self) -> None:
        self.steps = 0
        self._sums: dict[str, float] = {}
        self._counts: dict[str, int] = {}
        self._n_episodes = 0
        self._reasons: dict[str, int] = {}

    def add(self, numbers: Mapping[str, float]) -> None:
        """Add one episode's numbers; missing ones are not counted as zero."""
        for name, value in numbers.items():
            self._sums[name] = self._sums.get(name, 0.0) + float(value)
            self._counts[name] = self._counts.get(name, 0) + 1

    def add_ends(self, reasons: Mapping[str, int]) -> None:
        """Add why episodes ended, and how many for each reason."""
        for reason, count in reasons.items():
            self._n_episodes += count
            self._reasons[reason] = self._reasons.get(reason, 0) + count

    def state(self) -> dict[str, Any]:
        """Return everything counted so far, as plain data."""
        return {
            "steps": self.steps,
            "sums": dict(self._sums),
            "counts": dict(self._counts),
            "n_episodes": self._n_episodes,
            "reasons": dict(self._reasons),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from ``state``."""
        self.steps, self._n_episodes = state["steps"], state["n_episodes"]
        self._sums, self._counts = dict(state["sums"]), dict(state["counts"])
        self._reasons = dict(state["reasons"])

    def measures(self, control_period: float | None) -> dict[str, float]:
        """Return everything that is known, by the name of the measure or metric.

        Args:
            control_period: Duration of a step in s, if the environment tells it.
        """
        means = {name: total / self._counts[name] for name, total in self._sums.items()}
        known = {m.name: means[m.metric] for m in MEASURES if m.metric in means}
        return {**means, **known, **self._falls(control_period)}

    def _falls(self, control_period: float | None) -> dict[str, float]:
        """Return rates of falls; none if some episodes were terminated without a reason."""
        if _UNNAMED in self._reasons or not self.steps:
            return {}
        falls = self._reasons.get(_FALL, 0)
        rates = {"falls_per_1000_steps": 1000.0 * falls / self.steps}
        if self._n_episodes:
            rates["falls"] = falls / self._n_episodes
        if control_period:
            rates["falls_per_minute"] = 60.0 * falls / (self.steps * control_period)
        return rates


class TrainingTally(BaseCallback):
    """Tally of the training episodes, seen through the guard: it works for every algorithm.

    Args:
        guard: The guard of the training stack.
    """

    def __init__(self, guard: GuardedVecEnv) -> None:
        super().__init__()
        self.guard = guard
        self.tally = EpisodeTally()
        self._seen = guard.steps

    def _on_step(self) -> bool:
        if self.guard.steps == self._seen:  # ARS calls once per environment
            return True
        self._seen = self.guard.steps
        self.tally.steps += self.guard.num_envs
        for info in self.guard.ends:
            self._add(info)
        return True

    def _add(self, info: Mapping[str, Any]) -> None:
        metrics = with_violations(info.get(METRICS, {}))
        if info.get(CUT):
            self.tally.add({n: v for n, v in metrics.items() if _is_of_safety(n)})
            return
        episode = info.get("episode")
        if episode is not None:
            metrics.update({"return": float(episode["r"]), "length": float(episode["l"])})
        if "is_success" in info:
            metrics["success_rate"] = float(bool(info["is_success"]))
        self.tally.add(metrics)
        self.tally.add_ends({end_reason(info) or _UNNAMED: 1})


def measures_of(evaluation: Evaluation, control_period: float | None) -> dict[str, float]:
    """Return the measures of one evaluation, by name.

    Args:
        evaluation: At least one episode.
        control_period: Duration of a step in s, if the environment tells it.
    """
    tally = EpisodeTally()
    tally.steps = int(np.sum(evaluation.lengths))
    for number, value in enumerate(evaluation.returns):
        numbers = {"return": float(value), "length": float(evaluation.lengths[number])}
        if evaluation.successes is not None:
            numbers["success_rate"] = float(evaluation.successes[number])
        tally.add(numbers)
    for metrics in evaluation.metrics:
        tally.add(with_violations(metrics))
    tally.add_ends(evaluation.end_reasons)
    return tally.measures(control_period)


def with_violations(metrics: Mapping[str, float]) -> dict[str, float]:
    """Return an episode's metrics and, for each limit of a safety layer, 1 if it was reached."""
    numbers = dict(metrics)
    for name, value in metrics.items():
        if name.startswith(_SAFETY) and name.removeprefix(_SAFETY) not in _NO_LIMITS:
            numbers[name.removeprefix(_SAFETY) + VIOLATIONS] = float(value > 0.0)
    return numbers


_NO_LIMITS = ("cost", "intervention_rate", "margin")


def _is_of_safety(name: str) -> bool:
    return name.startswith(_SAFETY) or name.endswith(VIOLATIONS)
