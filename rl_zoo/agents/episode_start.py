"""Hand an agent the first observations of new episodes."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from stable_baselines3.common.base_class import BaseAlgorithm


@contextlib.contextmanager
def frozen_normalizer(agent: BaseAlgorithm) -> Iterator[None]:
    """Keep normalisation statistics, and give raw rewards, while the environments are used."""
    normalizer = agent.get_vec_normalize_env()
    if normalizer is None:
        yield
        return
    norm_reward = normalizer.norm_reward
    normalizer.training, normalizer.norm_reward = False, False
    try:
        yield
    finally:
        normalizer.training, normalizer.norm_reward = True, norm_reward


def begin_episodes(agent: Any, observations: Any) -> None:
    """Let training go on from ``observations``, shape (n_envs, ...), of episodes just begun."""
    normalizer = agent.get_vec_normalize_env()
    agent._last_obs = observations
    agent._last_episode_starts = np.ones(agent.n_envs, dtype=bool)
    if normalizer is not None:
        agent._last_original_obs = normalizer.get_original_obs()
