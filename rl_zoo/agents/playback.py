"""Let an agent act for a number of steps or episodes and report every episode, finished or not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from rl_zoo.agents.evaluation import Evaluation
from rl_zoo.errors import TrainingInterrupted
from rl_zoo.wrappers.episode_control import CUT, DISCARD, end_reason
from rl_zoo.wrappers.episode_metrics import METRICS


class PlayedEnv(Protocol):
    """What a playback needs of SB3's ``VecEnv``; a bundle's environment has no more."""

    num_envs: int

    def reset(self) -> Any:
        """Reset all environments; return their observations."""
        ...

    def step(self, actions: Any) -> Any:
        """Return observations, rewards, dones and infos."""
        ...

    def render(self) -> Any:
        """Return the picture of all environments."""
        ...

    def get_attr(self, name: str, indices: Any = None, /) -> list[Any]:
        """Return an attribute of each environment."""
        ...

    def has_attr(self, name: str, /) -> bool:
        """Say whether every environment has an attribute."""
        ...

    def close(self) -> None:
        """Close all environments."""
        ...


@dataclass(frozen=True)
class PlaySettings:
    """How long to act, and how."""

    n_steps: int | None = None
    """Steps per environment after which to stop; None: no limit."""
    n_episodes: int | None = None
    """Finished episodes, shared evenly among the environments; None: no limit."""
    deterministic: bool = True
    stack_rewards: bool = False
    """Add up the rewards that the agent gets (normalised, say) instead of Monitor's."""
    on_step: Callable[[], None] | None = None
    """Called after the reset and after every step."""
    on_episode: Callable[[Episode], None] | None = None


@dataclass(frozen=True)
class Episode:
    """One episode, finished or cut off at the end of the playback."""

    env: int
    """Index of its environment."""
    episode_return: float
    length: int
    """Steps."""
    end_reason: str | None = None
    """Why it ended; None if it did not."""
    success: bool | None = None
    """Whether it succeeded, where the environment says so."""
    metrics: Mapping[str, float] = field(default_factory=dict)
    """Smoothness, energy and what else was measured, by name."""


@dataclass(frozen=True)
class Playback:
    """What happened."""

    episodes: tuple[Episode, ...]
    """Finished episodes, in the order in which they ended."""
    unfinished: tuple[Episode, ...]
    """Episodes that were still running, at least one step old."""
    steps: int
    """Steps taken by each environment."""
    interrupted: bool = False
    """Whether a signal (Ctrl-C) or the operator at a robot ended it."""
    cut: tuple[Episode, ...] = ()
    """Episodes ended from outside (a gap in time, the operator, ...): their return says nothing."""
    discarded: int = 0
    """Transitions that were interrupted (``info["discard"]``)."""

    def end_reasons(self) -> dict[str, int]:
        """Return how often each reason ended an episode, those from outside included."""
        reasons: dict[str, int] = {}
        for episode in (*self.episodes, *self.cut):
            reason = episode.end_reason or "unknown"
            reasons[reason] = reasons.get(reason, 0) + 1
        return reasons

    def evaluation(self) -> Evaluation:
        """Return the finished episodes as an ``Evaluation``."""
        reasons: dict[str, int] = {}
        for episode in self.episodes:
            reason = episode.end_reason or "unknown"
            reasons[reason] = reasons.get(reason, 0) + 1
        successes = [episode.success for episode in self.episodes]
        known = bool(successes) and None not in successes
        return Evaluation(
            returns=np.array([episode.episode_return for episode in self.episodes], dtype=float),
            lengths=np.array([episode.length for episode in self.episodes], dtype=int),
            end_reasons=reasons,
            successes=np.array(successes, dtype=bool) if known else None,
            metrics=tuple(dict(episode.metrics) for episode in self.episodes),
        )


def play(agent: Any, env: PlayedEnv, settings: PlaySettings) -> Playback:
    """Reset the environments and act until the steps or episodes of ``settings`` are over.

    Ctrl-C ends it early; what was seen until then is returned.

    Args:
        agent: Anything with SB3's ``predict``.
        env: Stack built by ``envs.stack.make_vec_env``, or what acts like one.
        settings: When to stop; with neither limit it runs until Ctrl-C.
    """
    counter = _EpisodeCounter(env.num_envs, settings)
    interrupted = False
    try:
        _run(agent, env, settings, counter)
    except (KeyboardInterrupt, TrainingInterrupted):  # the latter: the operator at a robot
        interrupted = True
    return Playback(
        tuple(counter.finished),
        tuple(counter.running()),
        counter.steps,
        interrupted=interrupted,
        cut=tuple(counter.cut),
        discarded=counter.discarded,
    )


def _run(agent: Any, env: PlayedEnv, settings: PlaySettings, counter: _EpisodeCounter) -> None:
    observations: Any = env.reset()
    state: Any = None
    starts = np.ones(env.num_envs, dtype=bool)
    if settings.on_step is not None:
        settings.on_step()
    while not counter.is_done():
        actions, state = agent.predict(
            observations, state=state, episode_start=starts, deterministic=settings.deterministic
        )
        observations, rewards, starts, infos = env.step(actions)
        counter.add(rewards, starts, infos)
        if settings.on_step is not None:
            settings.on_step()


class _EpisodeCounter:
    """Add up rewards and steps of the running episodes and collect the finished ones."""

    def __init__(self, n_envs: int, settings: PlaySettings) -> None:
        self.settings = settings
        self.steps = 0
        self.discarded = 0
        self.finished: list[Episode] = []
        self.cut: list[Episode] = []
        self._returns = np.zeros(n_envs)
        self._lengths = np.zeros(n_envs, dtype=int)
        self._wanted = _share(settings.n_episodes, n_envs)

    def is_done(self) -> bool:
        """Say whether a limit is reached."""
        out_of_steps = self.settings.n_steps is not None and self.steps >= self.settings.n_steps
        return out_of_steps or not self._wanted.any()

    def add(self, rewards: np.ndarray, dones: np.ndarray, infos: list[dict[str, Any]]) -> None:
        """Count one step of every environment."""
        self.steps += 1
        self._returns += rewards
        self._lengths += 1
        self.discarded += sum(bool(info.get(DISCARD, False)) for info in infos)
        for index in np.flatnonzero(dones):
            if self._wanted[index] > 0:
                self._finish(int(index), infos[index])
            self._returns[index], self._lengths[index] = 0.0, 0

    def running(self) -> list[Episode]:
        """Return the episodes that are under way and still wanted."""
        return [
            Episode(index, float(self._returns[index]), int(length))
            for index, length in enumerate(self._lengths)
            if length > 0 and self._wanted[index] > 0
        ]

    def _finish(self, index: int, info: dict[str, Any]) -> None:
        recorded = info.get("episode", {})
        use_own = self.settings.stack_rewards or "r" not in recorded
        success = info.get("is_success")
        episode = Episode(
            env=index,
            episode_return=float(self._returns[index] if use_own else recorded["r"]),
            length=int(recorded.get("l", self._lengths[index])),
            end_reason=end_reason(info),
            success=None if success is None else bool(success),
            metrics=info.get(METRICS, {}),
        )
        if info.get(CUT):
            self.cut.append(episode)
            return
        self._wanted[index] -= 1
        self.finished.append(episode)
        if self.settings.on_episode is not None:
            self.settings.on_episode(episode)


def _share(n_episodes: int | None, n_envs: int) -> np.ndarray:
    if n_episodes is None:
        return np.full(n_envs, np.iinfo(np.int64).max)
    return np.array([(n_episodes + rank) // n_envs for rank in range(n_envs)])
