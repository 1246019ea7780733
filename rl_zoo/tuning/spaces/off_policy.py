"""Search spaces of the actor-critic algorithms that learn from a replay buffer.

``gradient_steps`` follows ``train_freq`` where that is searched: one update per step, however they
are grouped.
"""

from __future__ import annotations

from rl_zoo.tuning.space import Parameter, one_of
from rl_zoo.tuning.spaces.shared import GAMMA, LEARNING_RATE, network

_BATCH_SIZE = Parameter("batch_size", "power_of_two", 4, 2048)
_TRAIN_FREQ = Parameter("train_freq", "int", 1, 10)
_TAU = Parameter("tau", "float", 1e-3, 0.08, log=True)
_NETWORKS = ("small", "medium", "big")

SAC = (
    GAMMA,
    _BATCH_SIZE,
    LEARNING_RATE,
    _TRAIN_FREQ,
    _TAU,
    network(*_NETWORKS, default=[256, 256]),
)

TQC = (
    *SAC,
    Parameter("n_quantiles", "int", 5, 50, key="policy_kwargs.n_quantiles", default=25),
    Parameter("top_quantiles_to_drop_per_net", "int", 0, 5, at_most=("n_quantiles", -1)),
)

TD3 = (
    GAMMA,
    _BATCH_SIZE,
    LEARNING_RATE,
    _TRAIN_FREQ,
    _TAU,
    Parameter("noise_type", "categorical", choices=one_of("ornstein-uhlenbeck", "normal", None)),
    Parameter("noise_std", "float", 0.0, 0.5),
    network(*_NETWORKS, default=[400, 300]),
)
DDPG = TD3

# Not in RL Zoo. SAC's ranges without tau, because CrossQ has no target networks; statistics of a
# batch of few samples are noise, so batches start at 32; policy_delay lies around its default, 3.
CROSSQ = (
    GAMMA,
    Parameter("batch_size", "power_of_two", 32, 2048),
    LEARNING_RATE,
    _TRAIN_FREQ,
    Parameter("policy_delay", "int", 1, 4),
    network(*_NETWORKS, default=None),
)

# Not in RL Zoo. SAC's ranges; train_freq stays, because the ratio of updates to steps is searched;
# the dropout rates are those of the paper's experiments (1e-4 to 0.1).
DROQ = (
    *(parameter for parameter in SAC if parameter is not _TRAIN_FREQ),
    Parameter("gradient_steps", "int", 1, 20, log=True),
    Parameter("policy_delay", "int", 1, 20),
    Parameter("dropout_rate", "float", 1e-4, 0.1, log=True, key="policy_kwargs.dropout_rate"),
)
