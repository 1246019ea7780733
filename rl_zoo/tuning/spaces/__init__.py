"""The search space of every algorithm, found by name; ranges and names are RL Zoo's."""

from __future__ import annotations

from rl_zoo.errors import ConfigError
from rl_zoo.suggest import did_you_mean
from rl_zoo.tuning.space import Parameter
from rl_zoo.tuning.spaces import extras, her, off_policy, on_policy, random_search, value_based

SPACES: dict[str, tuple[Parameter, ...]] = {
    "a2c": on_policy.A2C,
    "ars": random_search.ARS,
    "crossq": off_policy.CROSSQ,
    "ddpg": off_policy.DDPG,
    "dqn": value_based.DQN,
    "droq": off_policy.DROQ,
    "openloop": random_search.OPEN_LOOP,
    "ppo": on_policy.PPO,
    "ppo_lstm": on_policy.PPO_LSTM,
    "qrdqn": value_based.QRDQN,
    "sac": off_policy.SAC,
    "td3": off_policy.TD3,
    "tqc": off_policy.TQC,
    "trpo": on_policy.TRPO,
}
"""Parameters by algorithm, in the order in which they are drawn."""


DEFAULT = "default"
"""Name of an algorithm's own space among the ``spaces`` of a search."""


def named_spaces(
    algo: str, *, hindsight: bool = False, required: bool = True
) -> dict[str, tuple[Parameter, ...]]:
    """Return what ``spaces: [...]`` can name for ``algo``: its own space and the optional ones.

    Args:
        algo: Short name of the algorithm.
        hindsight: Add the parameters of hindsight experience replay.
        required: Refuse an algorithm (of a plug-in) without a space of its own; else it is empty.

    Raises:
        ConfigError: If it has none and ``required`` is True.
    """
    if algo not in SPACES and required:
        raise ConfigError(
            f"--algo {algo}: has no search space of its own; list what to search in search_space: "
            "of its entry"
        )
    default = find_space(algo, hindsight=hindsight) if algo in SPACES else ()
    return {DEFAULT: default, **extras.extras_of(algo)}


def find_space(algo: str, *, hindsight: bool = False) -> tuple[Parameter, ...]:
    """Return the parameters of ``algo``.

    Args:
        algo: Short name of the algorithm.
        hindsight: Add those of hindsight experience replay.

    Raises:
        ConfigError: If the algorithm has no search space.
    """
    if algo not in SPACES:
        raise ConfigError(f"--algo {algo}: has no search space{did_you_mean(algo, SPACES)}")
    return (*SPACES[algo], *her.HER) if hindsight else SPACES[algo]
