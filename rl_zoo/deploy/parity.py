"""Whether a bundle does what the original does, and how long each takes."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_zoo.deploy.metadata import ArrayLayout
from rl_zoo.deploy.network import Network
from rl_zoo.deploy.recording import RecordedEpisode
from rl_zoo.deploy.runtime import Policy
from rl_zoo.deploy.tolerance import LARGEST_ERROR, allowed_errors, allowed_for
from rl_zoo.errors import ConfigError

_WARM_UP = 50
_MOST_TIES = 0.05
"""Of all choices."""

IsTie = Callable[[Any], bool]
"""Says of an observation of the agent whether the original might as well have chosen otherwise."""


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
    """Actions that differ by more than is allowed in an entry."""
    n_ties: int = 0
    """Choices that differ where two have the same score: left out of the above."""
    allowed: float = LARGEST_ERROR
    """Largest error allowed in that entry."""
    what: str = "action"
    """What is compared: it may be the observation of the graph."""

    @property
    def is_equal(self) -> bool:
        """Return whether no action differs by more than is allowed, and ties are few."""
        return bool(self.max_error <= self.allowed and self.n_ties <= max(1, _MOST_TIES * self.n))


def compare_network(
    network: Network,
    episodes: Sequence[Sequence[Any]],
    wanted: Sequence[Sequence[NDArray[Any]]],
    stage: str,
    layout: ArrayLayout,
    is_tie: IsTie | None = None,
) -> Comparison:
    """Give the graph the observations of whole episodes, one at a time, and compare its actions.

    Args:
        network: The graph.
        episodes: Observations, from a reset on.
        wanted: What the original does.
        stage: What to call this comparison.
        layout: Of the actions.
        is_tie: None: no choice is left out.
    """
    tally = _Tally(stage, allowed_errors(layout))
    for observations, actions in zip(episodes, wanted, strict=True):
        network.reset()
        for observation, action in zip(observations, actions, strict=True):
            found = network.run(observation)
            tally.add(found, action, None if is_tie is None else _asks(is_tie, observation))
    return tally.comparison()


def compare_policy(
    policy: Policy,
    episodes: Sequence[RecordedEpisode],
    outside: Sequence[RecordedEpisode] = (),
    is_tie: IsTie | None = None,
) -> Comparison:
    """Let the whole bundle, layers included, live through recorded episodes in lockstep.

    Args:
        policy: The bundle.
        episodes: What passed its boundary.
        outside: The same episodes as the agent saw them, if ``is_tie`` is to judge them.
        is_tie: None: no choice is left out.
    """
    tally = _Tally("whole bundle, recorded", allowed_errors(policy.metadata.action.array))
    for number, episode in enumerate(episodes):
        policy.reset(initial_cycles=episode.initial_cycles)
        for index, action in enumerate(episode.actions):
            seen = None if is_tie is None else outside[number].observations[index]
            found = _step(policy, episode, index)
            tally.add(found, action, None if is_tie is None else _asks(is_tie, seen))
    return tally.comparison()


def compare_layers(
    policy: Policy, episodes: Sequence[RecordedEpisode], outside: Sequence[RecordedEpisode]
) -> tuple[Comparison, Comparison]:
    """Let the layers alone live through episodes of actions that no policy chose.

    A trained policy seldom meets a limit; arbitrary actions do.

    Args:
        policy: The bundle; its graph is replaced by what was done.
        episodes: What passed its boundary.
        outside: The same episodes with the actions that the outermost wrapper was given and the
            observations it gave.

    Returns:
        Of the actions at the boundary, and of the observations that the graph would get.
    """
    network = policy.network
    stage = "layers, random actions"
    actions = _Tally(stage, allowed_errors(policy.metadata.action.array))
    observations = _Tally("layers, what they show", None, "observation")
    try:
        for inner, outer in zip(episodes, outside, strict=True):
            played = _Played(outer.actions)
            policy.network = played  # type: ignore[assignment]
            policy.reset(initial_cycles=inner.initial_cycles)
            for index, action in enumerate(inner.actions):
                actions.add(_step(policy, inner, index), action, None)
                observations.add(_flat(played.seen), _flat(outer.observations[index]), None)
    finally:
        policy.network = network
    return actions.comparison(), observations.comparison()


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


def require_equal(comparison: Comparison, layout: ArrayLayout | None) -> None:
    """Refuse a bundle that differs.

    Args:
        comparison: What was found.
        layout: Names the entries; None: they have no names.

    Raises:
        ConfigError: In one sentence that names stage and entry.
    """
    if comparison.is_equal:
        return
    if comparison.max_error <= comparison.allowed:
        raise ConfigError(
            f"not exported: bundle and original choose differently in {comparison.n_ties} of "
            f"{comparison.n} observations ({comparison.stage}), in each of which two choices have "
            "almost the same score; train on, such a policy chooses by rounding errors"
        )
    index = comparison.entry or 0
    parts = () if layout is None else layout.parts
    part = next((p for p in parts if p.start <= index < p.start + p.size), None)
    named = "" if part is None else f" ({part.name})"
    raise ConfigError(
        f"not exported: the bundle differs from the original by {comparison.max_error:.2g} in "
        f"entry {index}{named} of the {comparison.what} ({comparison.stage}: "
        f"{comparison.n_different} of {comparison.n} {comparison.what}s), allowed is "
        f"{comparison.allowed:g}"
    )


def microseconds(times: NDArray[np.float64]) -> dict[str, float]:
    """Return median and 99th percentile of durations in s."""
    p50, p99 = np.percentile(1e6 * times, [50, 99])
    return {"p50_us": round(float(p50), 2), "p99_us": round(float(p99), 2)}


def _step(policy: Policy, episode: RecordedEpisode, index: int) -> Any:
    return policy.step(episode.observations[index], episode.states[index], episode.held[index])


class _Played:
    """In the place of a graph: repeats what was done."""

    def __init__(self, actions: Sequence[Any]) -> None:
        self._actions = iter(actions)
        self.seen: Any = None

    def reset(self) -> None:
        """There is nothing to forget."""

    def run(self, observation: Any) -> NDArray[Any]:
        """Return the next action and keep the observation."""
        self.seen = copy.deepcopy(observation)
        return np.array(next(self._actions))


def _flat(observation: Any) -> NDArray[np.float64]:
    """Return all numbers of an observation in one row."""
    if isinstance(observation, Mapping):
        return np.concatenate([_flat(observation[key]) for key in sorted(observation)])
    return np.asarray(observation, np.float64).ravel()


class _Tally:
    """The largest difference so far, measured by what is allowed.

    Args:
        stage: What is compared with what.
        allowed: Largest difference of each entry, or one for all; None: goes by the numbers.
        what: ``action`` or ``observation``.
    """

    def __init__(
        self, stage: str, allowed: NDArray[np.float64] | None, what: str = "action"
    ) -> None:
        self._stage, self._what = stage, what
        self._allowed = allowed
        self._n = self._n_different = self._n_ties = 0
        self._largest, self._limit, self._entry = 0.0, LARGEST_ERROR, None

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
        if not difference.size:
            return
        allowed = allowed_for(theirs) if self._allowed is None else self._allowed
        allowed = np.broadcast_to(allowed, difference.shape)
        index = int(np.argmax(difference / allowed))
        error, limit = float(difference[index]), float(allowed[index])
        if error > limit:
            if is_tie is not None and is_tie():
                self._n_ties += 1
                return
            self._n_different += 1
        if self._entry is None or error / limit > self._largest / self._limit:
            self._largest, self._limit, self._entry = error, limit, index

    def comparison(self) -> Comparison:
        """Return the result."""
        return Comparison(
            self._stage,
            self._n,
            self._largest,
            self._entry,
            self._n_different,
            self._n_ties,
            self._limit,
            self._what,
        )


def _asks(is_tie: IsTie, observation: Any) -> Callable[[], bool]:
    return lambda: is_tie(observation)
