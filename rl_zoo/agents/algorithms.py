"""The algorithms by short name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rl_zoo.registry import Registry

if TYPE_CHECKING:
    from stable_baselines3.common.base_class import BaseAlgorithm

ALGORITHMS = Registry(
    kind="algorithm",
    group="rl_zoo.algorithms",
    built_in={
        "a2c": "stable_baselines3:A2C",
        "ars": "sb3_contrib:ARS",
        "crossq": "sb3_contrib:CrossQ",
        "ddpg": "stable_baselines3:DDPG",
        "dqn": "stable_baselines3:DQN",
        "droq": "rl_zoo.agents.droq:DroQ",
        "openloop": "rl_zoo.agents.open_loop:OpenLoop",
        "ppo": "stable_baselines3:PPO",
        "ppo_lstm": "sb3_contrib:RecurrentPPO",
        "qrdqn": "sb3_contrib:QRDQN",
        "sac": "stable_baselines3:SAC",
        "td3": "stable_baselines3:TD3",
        "tqc": "sb3_contrib:TQC",
        "trpo": "sb3_contrib:TRPO",
    },
)


def algorithm_class(name: str) -> type[BaseAlgorithm]:
    """Import and return the class of the algorithm called ``name``.

    Raises:
        ConfigError: If there is no such algorithm.
    """
    loaded: type[BaseAlgorithm] = ALGORITHMS.load(name)
    return loaded
