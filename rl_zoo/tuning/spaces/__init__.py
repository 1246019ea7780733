"""The search space of every algorithm, found by name; ranges and names are RL Zoo's."""

from __future__ import annotations

from rl_zoo.errors import ConfigError
from rl_zoo.suggest import did_you_mean
from rl_zoo.tuning.space import Parameter
from rl_zoo.tuning.spaces import her, off_policy, on_policy, random_search, value_based

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
