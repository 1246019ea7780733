"""Whether a bundle does what the original does, and how long each takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_zoo.deploy.metadata import ArrayLayout
from rl_zoo.deploy.network import Network
from rl_zoo.deploy.recording import RecordedEpisode
from rl_zoo.deploy.runtime import Policy
from rl_zoo.errors import ConfigError

LARGEST_ERROR = 1e-5
"""Allowed difference of an action, in its own units."""
_WARM_UP = 50


@dataclass(frozen=True)
class Comparison:
    """Actions of the original and of the bundle, side by side."""

    stage: str
    """What was compared."""
    n: int
    """Actions."""
    max_error: float
    """Largest absolute difference of an entry."""
    entry: int | None = None
    """Index of that entry; None: there was nothing to compare."""
    n_different: int = 0
    """Actions that differ by more than ``LARGEST_ERROR`` in an entry."""
    n_ties: int = 0
    """Choices that differ where two have the same score: left out of the above."""

    @property
    def is_equal(self) -> bool:
        """Return whether no action differs by more than is allowed."""
        return bool(self.max_error <= LARGEST_ERROR)


def compare_network(
    network: Network,
    episodes: Sequence[Sequence[Any]],
    wanted: Sequence[Sequence[NDArray[Any]]],
    stage: str,
    is_tie: Callable[[Any], bool] | None = None,
) -> Comparison:
    """Give the graph the observations of whole episodes, one at a time, and compare its actions.

    Args:
        network: The graph.
        episodes: Observations, from a reset on.
        wanted: What the original does.
        stage: What to call this comparison.
        is_tie: Says of an observation whether the original might as well have chosen otherwise.
    """
    tally = _Tally(stage)
    for observations, actions in zip(episodes, wanted, strict=True):
        network.reset()
        for observation, action in zip(observations, actions, strict=True):
            found = network.run(observation)
            tally.add(found, action, None if is_tie is None else _asks(is_tie, observation))
    return tally.comparison()


def compare_policy(policy: Policy, episodes: Sequence[RecordedEpisode]) -> Comparison:
    """Let the whole bundle, layers included, live through recorded episodes in lockstep."""
    tally = _Tally("whole bundle, recorded")
    for episode in episodes:
        policy.reset(initial_cycles=episode.initial_cycles)
        for index, action in enumerate(episode.actions):
            found = policy.step(
                episode.observations[index], episode.states[index], episode.held[index]
            )
            tally.add(found, action, None)
    return tally.comparison()


def step_times(policy: Policy, episode: RecordedEpisode, n: int) -> NDArray[np.float64]:
    """Return the seconds that single steps of the bundle take. Shape: (n,)."""
    policy.reset(initial_cycles=episode.initial_cycles)
    times = np.empty(n + _WARM_UP)
    for index in range(len(times)):
        place = index % episode.n_steps
        if place == 0:
            policy.reset(initial_cycles=episode.initial_cycles)
        arguments = (episode.observations[place], episode.states[place], episode.held[place])
        began = time.perf_counter()
        policy.step(*arguments)
        times[index] = time.perf_counter() - began
    return times[_WARM_UP:]


def require_equal(comparison: Comparison, layout: ArrayLayout) -> None:
    """Refuse a bundle that differs.

    Raises:
        ConfigError: In one sentence that names stage and entry.
    """
    if comparison.is_equal:
        return
    index = comparison.entry or 0
    part = next((p for p in layout.parts if p.start <= index < p.start + p.size), None)
    named = "" if part is None else f" ({part.name})"
    raise ConfigError(
        f"not exported: the bundle differs from the original by {comparison.max_error:.2g} in "
        f"entry {index}{named} of the action ({comparison.stage}: {comparison.n_different} of "
        f"{comparison.n} actions), allowed is {LARGEST_ERROR:g}"
    )


def microseconds(times: NDArray[np.float64]) -> dict[str, float]:
    """Return median and 99th percentile of durations in s."""
    p50, p99 = np.percentile(1e6 * times, [50, 99])
    return {"p50_us": round(float(p50), 2), "p99_us": round(float(p99), 2)}


class _Tally:
    """The largest difference so far."""

    def __init__(self, stage: str) -> None:
        self._stage = stage
        self._n = self._n_different = self._n_ties = 0
        self._largest, self._entry = 0.0, None

    _largest: float
    _entry: int | None

    def add(self, found: Any, wanted: Any, is_tie: Callable[[], bool] | None) -> None:
        """Count one pair of actions; NaN differs from everything."""
        ours = np.asarray(found, np.float64).ravel()
        theirs = np.asarray(wanted, np.float64).ravel()
        self._n += 1
        if ours.shape != theirs.shape:
            self._largest, self._entry = float("inf"), 0
            self._n_different += 1
            return
        difference = np.abs(ours - theirs)
        difference[~np.isfinite(difference)] = np.inf
        index = int(np.argmax(difference)) if difference.size else 0
        error = float(difference[index]) if difference.size else 0.0
        if error > LARGEST_ERROR:
            if is_tie is not None and is_tie():
                self._n_ties += 1
                return
            self._n_different += 1
        if self._entry is None or error > self._largest:
            self._largest, self._entry = error, index

    def comparison(self) -> Comparison:
        """Return the result."""
        return Comparison(
            self._stage, self._n, self._largest, self._entry, self._n_different, self._n_ties
        )


def _asks(is_tie: Callable[[Any], bool], observation: Any) -> Callable[[], bool]:
    return lambda: is_tie(observation)
