"""Search spaces of the algorithms that learn from their latest rollout."""

from __future__ import annotations

from rl_zoo.tuning.space import Parameter, one_of
from rl_zoo.tuning.spaces.shared import ACTIVATION, GAMMA, LEARNING_RATE, network

_GAE_LAMBDA = Parameter(
    "one_minus_gae_lambda", "float", 1e-4, 0.1, log=True, key="gae_lambda", one_minus=True
)
_ENT_COEF = Parameter("ent_coef", "float", 1e-8, 0.1, log=True)
_MAX_GRAD_NORM = Parameter("max_grad_norm", "float", 0.3, 2.0)
_BATCH_SIZE = Parameter("batch_size", "power_of_two", 4, 1024)
_N_STEPS = Parameter("n_steps", "power_of_two", 32, 4096, is_rollout=True)
_SMALL = [64, 64]

PPO = (
    _BATCH_SIZE,
    _N_STEPS,
    GAMMA,
    _GAE_LAMBDA,
    LEARNING_RATE,
    _ENT_COEF,
    Parameter("clip_range", "categorical", choices=one_of(0.1, 0.2, 0.3, 0.4)),
    Parameter("n_epochs", "categorical", choices=one_of(1, 5, 10, 20)),
    _MAX_GRAD_NORM,
    network("tiny", "small", "medium", default=_SMALL),
    ACTIVATION,
)
PPO_LSTM = PPO

TRPO = (
    _BATCH_SIZE,
    _N_STEPS,
    GAMMA,
    _GAE_LAMBDA,
    LEARNING_RATE,
    Parameter("n_critic_updates", "int", 5, 30),
    Parameter("cg_max_steps", "int", 5, 30),
    Parameter("target_kl", "float", 1e-3, 0.1, log=True),
    network("small", "medium", default=_SMALL),
    ACTIVATION,
)

A2C = (
    Parameter(
        "n_steps",
        "categorical",
        choices=one_of(32, 64, 128, 256, 512, 1024, 2048),
        is_rollout=True,
    ),
    GAMMA,
    _GAE_LAMBDA,
    LEARNING_RATE,
    _MAX_GRAD_NORM,
    _ENT_COEF,
    network("small", "medium", default=_SMALL),
    ACTIVATION,
)
