"""Several patterns, each for whole episodes, shared among parallel environments."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_zoo.agents.open_loop_policy import PatternBank, within_bounds
from rl_zoo.motion.oscillator import JointPattern

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class PatternEpisode:
    """One episode to run."""

    candidate: int
    """Number of the candidate it belongs to."""
    number: int
    """Which of the candidate's episodes it is."""
    pattern: JointPattern
    start: float = 0.0
    """Part of the cycle that has passed when the episode begins, in [0, 1)."""


class EpisodeQueue:
    """Give every environment an episode to run until all are done.

    An episode that was cut from outside, or whose transitions are to be discarded, is run again.
    Environments without work repeat their last episode.

    Args:
        episodes: At least one; run in this order.
        n_envs: Number of environments, all at the start of an episode.
        action_space: Box of one dimension.
        control_period: Duration of a step in s.
    """

    def __init__(
        self,
        episodes: list[PatternEpisode],
        n_envs: int,
        action_space: Any,
        control_period: float,
    ) -> None:
        self._waiting = deque(episodes)
        self._space = action_space
        self._period = control_period
        self._tasks = [episodes[0]] * n_envs
        self._is_running = np.zeros(n_envs, dtype=bool)
        self._is_spoiled = np.zeros(n_envs, dtype=bool)
        self._phases = np.zeros((n_envs, episodes[0].pattern.n_joints))
        for env in range(n_envs):
            self._begin(env)
        self._bank = PatternBank([task.pattern for task in self._tasks])

    @property
    def is_busy(self) -> bool:
        """Whether an episode is not over yet."""
        return bool(self._is_running.any())

    def actions(self) -> np.ndarray:
        """Return the actions of this step and move the phases on. Shape: (n_envs, n_joints)."""
        actions = within_bounds(self._bank.positions(self._phases), self._space)
        self._phases = self._bank.advance(self._phases, self._period)
        return actions

    def finish(
        self, dones: np.ndarray, infos: list[dict[str, Any]]
    ) -> Iterator[tuple[PatternEpisode, float]]:
        """Yield each episode that ended in this step with its return; start the next ones."""
        for env, info in enumerate(infos):
            self._is_spoiled[env] |= bool(info.get("discard"))
        for env in np.flatnonzero(dones).tolist():
            if self._is_running[env]:
                recorded = infos[env].get("episode")
                if recorded is None or self._is_spoiled[env]:
                    self._waiting.appendleft(self._tasks[env])
                else:
                    yield self._tasks[env], float(recorded["r"])
            self._begin(env)
        if np.any(dones):
            self._bank = PatternBank([task.pattern for task in self._tasks])

    def _begin(self, env: int) -> None:
        self._is_running[env] = bool(self._waiting)
        self._is_spoiled[env] = False
        if self._waiting:
            self._tasks[env] = self._waiting.popleft()
        task = self._tasks[env]
        phases = task.pattern.initial_phases[np.newaxis]
        if task.start:
            bank = PatternBank([task.pattern])
            phases = bank.advance(phases, task.start * task.pattern.period)
        self._phases[env] = phases[0]
