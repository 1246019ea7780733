"""Search spaces of the algorithms that learn action values.

``subsample_steps`` is the number of environment steps per gradient step.
"""

from __future__ import annotations

from rl_zoo.tuning.space import Parameter
from rl_zoo.tuning.spaces.shared import GAMMA, LEARNING_RATE, network

DQN = (
    GAMMA,
    Parameter("batch_size", "power_of_two", 4, 2048),
    LEARNING_RATE,
    Parameter("train_freq", "int", 1, 10),
    Parameter("subsample_steps", "int", 1, 8, key="", at_most=("train_freq", 0)),
    Parameter("exploration_final_eps", "float", 0.0, 0.2),
    Parameter("exploration_fraction", "float", 0.0, 0.5),
    Parameter("target_update_interval", "int", 1, 20_000, log=True),
    network("small", "medium", "big", default=[64, 64]),
)

QRDQN = (
    *DQN,
    Parameter("n_quantiles", "int", 5, 200, key="policy_kwargs.n_quantiles", default=200),
)
