"""Which algorithm can handle which action space."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rl_zoo.agents.algorithms import ALGORITHMS, algorithm_class

if TYPE_CHECKING:
    from gymnasium import spaces

_ON_POLICY = ("Box", "Discrete", "MultiDiscrete", "MultiBinary")

ACTION_SPACES = {
    "a2c": _ON_POLICY,
    "ars": ("Box", "Discrete"),
    "crossq": ("Box",),
    "ddpg": ("Box",),
    "dqn": ("Discrete",),
    "droq": ("Box",),
    "openloop": ("Box",),
    "ppo": _ON_POLICY,
    "ppo_lstm": _ON_POLICY,
    "qrdqn": ("Discrete",),
    "sac": ("Box",),
    "td3": ("Box",),
    "tqc": ("Box",),
    "trpo": _ON_POLICY,
}
"""Gymnasium action spaces each of our algorithms supports (SB3 and sb3-contrib documentation)."""

WITHOUT_DICT = frozenset({"ars", "crossq"})
"""Algorithms that have no policy for Dict observations."""

OFF_POLICY = frozenset({"crossq", "ddpg", "dqn", "droq", "qrdqn", "sac", "td3", "tqc"})
"""Algorithms that learn from a replay buffer."""


def supports(algo: str, space: spaces.Space[Any]) -> bool:
    """Say whether ``algo`` can act in ``space``; an algorithm not of ours is taken at its word."""
    names = ACTION_SPACES.get(algo)
    return names is None or type(space).__name__ in names


def algorithms_for(space: spaces.Space[Any]) -> list[str]:
    """Return our algorithms that can act in ``space``."""
    return [algo for algo in ALGORITHMS.built_in_names() if supports(algo, space)]


def is_off_policy(algo: str) -> bool:
    """Say whether ``algo`` has a replay buffer."""
    if algo in ACTION_SPACES:
        return algo in OFF_POLICY
    from stable_baselines3.common.off_policy_algorithm import OffPolicyAlgorithm

    return issubclass(algorithm_class(algo), OffPolicyAlgorithm)
