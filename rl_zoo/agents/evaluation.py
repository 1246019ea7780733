"""Run a policy for a number of episodes and count every one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from rl_zoo.errors import RobotFault
from rl_zoo.wrappers.episode_control import end_reason
from rl_zoo.wrappers.episode_metrics import METRICS

if TYPE_CHECKING:
    from stable_baselines3.common.vec_env import VecEnv


MOST_CUT = 10
"""Interrupted episodes, per wanted one, after which an evaluation is given up."""


class EvaluationGivenUp(RobotFault):
    """An episode did not end within the steps that an evaluation may take."""


class EvaluationInterrupted(EvaluationGivenUp):
    """Too many episodes were interrupted; the next evaluation may go better."""


@dataclass(frozen=True)
class Evaluation:
    """Finished episodes of one policy."""

    returns: np.ndarray
    """Undiscounted return of each episode, shape (n_episodes,)."""
    lengths: np.ndarray
    """Steps of each episode, shape (n_episodes,)."""
    end_reasons: dict[str, int] = field(default_factory=dict)
    """How often each ``termination_reason`` or ``truncation_reason`` ended an episode."""
    successes: np.ndarray | None = None
    """``is_success`` of each episode where the environment says it, shape (n_episodes,)."""
    last_observations: Any = None
    """What the environments showed after the last step, shape (n_envs, ...)."""
    info_means: dict[str, np.ndarray] = field(default_factory=dict)
    """Mean over each episode of the numbers in ``info`` asked for, shape (n_episodes,)."""
    metrics: tuple[dict[str, float], ...] = ()
    """``info["episode_metrics"]`` of each episode: smoothness, energy, rewards by term, ..."""

    @property
    def mean_return(self) -> float:
        """Mean return."""
        return float(np.mean(self.returns))

    @property
    def std_return(self) -> float:
        """Standard deviation of the return over episodes."""
        return float(np.std(self.returns))


def evaluate(
    agent: Any,
    env: VecEnv,
    n_episodes: int,
    *,
    deterministic: bool = True,
    max_steps: int | None = None,
    info_keys: tuple[str, ...] = (),
) -> Evaluation:
    """Run ``n_episodes`` episodes from fresh resets, shared evenly among the environments.

    Each environment contributes a fixed number of episodes, so short episodes are not
    over-represented. Returns and lengths are Monitor's: raw rewards, whole episodes, whoever ended
    them.

    Args:
        agent: Anything with SB3's ``predict``.
        env: Stack built by ``envs.stack.make_vec_env``.
        n_episodes: Episodes in all, at least 1.
        deterministic: Act without exploration.
        max_steps: Steps per environment after which the evaluation is given up.
        info_keys: Numbers in ``info`` to average over each episode.

    Raises:
        EvaluationGivenUp: If ``max_steps`` pass before the episodes are over.
        EvaluationInterrupted: If too many of them are interrupted.
    """
    episodes = _Episodes(n_episodes, env.num_envs, info_keys)
    act = partial(agent.predict, deterministic=deterministic)
    return _run(act, env, env.reset(), episodes, max_steps)


def evaluate_running(
    agent: Any,
    env: VecEnv,
    observations: Any,
    n_episodes: int,
    *,
    deterministic: bool = True,
    max_steps: int | None = None,
) -> Evaluation:
    """Evaluate as ``evaluate`` does, from episodes that have just begun: no extra reset.

    Args:
        agent: Anything with SB3's ``predict``.
        env: The stack, at the start of an episode.
        observations: What it showed there, shape (n_envs, ...).
        n_episodes: Episodes in all.
        deterministic: Act without exploration.
        max_steps: Steps per environment after which the evaluation is given up.

    Raises:
        EvaluationGivenUp: If ``max_steps`` pass before the episodes are over.
        EvaluationInterrupted: If too many of them are interrupted.
    """
    episodes = _Episodes(n_episodes, env.num_envs, ())
    act = partial(agent.predict, deterministic=deterministic)
    return _run(act, env, observations, episodes, max_steps)


def _run(
    act: Callable[..., tuple[Any, Any]],
    env: VecEnv,
    observations: Any,
    episodes: _Episodes,
    max_steps: int | None,
) -> Evaluation:
    state: Any = None
    starts = np.ones(env.num_envs, dtype=bool)
    steps = 0
    while episodes.remaining.any():
        if max_steps is not None and steps >= max_steps:
            raise EvaluationGivenUp(
                f"evaluation: {int(episodes.remaining.sum())} episodes did not end within "
                f"{max_steps} steps; give the environment a time limit"
            )
        actions, state = act(observations, state=state, episode_start=starts)
        observations, _, starts, infos = env.step(actions)
        steps += 1
        episodes.add(infos, starts)
        if episodes.n_cut > MOST_CUT * episodes.n_wanted:
            raise EvaluationInterrupted(
                f"evaluation: {episodes.n_cut} episodes were interrupted, only "
                f"{len(episodes.finished)} of {episodes.n_wanted} came to their end"
            )
    return episodes.result(observations)


class _Episodes:
    """Collect what an evaluation reports."""

    def __init__(self, n_episodes: int, n_envs: int, info_keys: tuple[str, ...]) -> None:
        self.n_wanted, self.n_cut = n_episodes, 0
        self.remaining = np.array([(n_episodes + rank) // n_envs for rank in range(n_envs)])
        self.info_keys = info_keys
        self.sums = np.zeros((n_envs, len(info_keys)))
        self.finished: list[dict[str, Any]] = []
        self.means: list[np.ndarray] = []

    def add(self, infos: list[dict[str, Any]], dones: np.ndarray) -> None:
        for index, info in enumerate(infos):
            self.sums[index] += [float(info.get(key, np.nan)) for key in self.info_keys]
            if not dones[index]:
                continue
            self.n_cut += "episode" not in info
            if self.remaining[index] > 0 and "episode" in info:
                self.remaining[index] -= 1
                self.finished.append(info)
                self.means.append(self.sums[index] / info["episode"]["l"])
            self.sums[index] = 0.0

    def result(self, last_observations: Any) -> Evaluation:
        reasons: dict[str, int] = {}
        for info in self.finished:
            reason = end_reason(info) or "unknown"
            reasons[reason] = reasons.get(reason, 0) + 1
        has_success = all("is_success" in info for info in self.finished)
        means = np.array(self.means).reshape(len(self.finished), len(self.info_keys))
        return Evaluation(
            returns=np.array([info["episode"]["r"] for info in self.finished], dtype=float),
            lengths=np.array([info["episode"]["l"] for info in self.finished], dtype=int),
            end_reasons=reasons,
            successes=np.array([bool(info["is_success"]) for info in self.finished])
            if has_success
            else None,
            last_observations=last_observations,
            info_means={key: means[:, column] for column, key in enumerate(self.info_keys)},
            metrics=tuple(info.get(METRICS, {}) for info in self.finished),
        )
