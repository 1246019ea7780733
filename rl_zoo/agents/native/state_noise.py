"""State-dependent exploration (gSDE) of an SB3 actor, in the terms of the native learner."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from stable_baselines3.common.distributions import StateDependentNoiseDistribution
from torch import nn


class StateNoise(NamedTuple):
    """An actor's layer of means, and the noise added to what it computes."""

    means: nn.Linear
    limit: float
    """Of the means' absolute values; infinite: none."""
    log_std: nn.Parameter
    """Shape: (features, n_actions)."""
    use_expln: bool


def state_noise_of(actor: Any) -> StateNoise | None:
    """Return the state-dependent noise of ``actor``; None if it has none that is SB3's."""
    distribution = getattr(actor, "action_dist", None)
    if type(distribution) is not StateDependentNoiseDistribution:
        return None
    means: Any = actor.mu
    limit: Any = math.inf
    if type(means) is nn.Sequential and [type(m) for m in means] == [nn.Linear, nn.Hardtanh]:
        means, clip = means
        limit = clip.max_val
        if clip.min_val != -limit:
            return None
    if type(means) is not nn.Linear or not _is_sb3s(distribution):
        return None
    if actor.log_std.shape != (means.in_features, means.out_features):
        return None
    return StateNoise(means, limit, actor.log_std, distribution.use_expln)


def _is_sb3s(distribution: StateDependentNoiseDistribution) -> bool:
    """Say whether the numbers are those that SAC's and TQC's policies choose."""
    squashed = distribution.bijector is not None and distribution.bijector.epsilon == 1e-6
    learned = distribution.learn_features and distribution.full_std
    return squashed and learned and distribution.epsilon == 1e-6
