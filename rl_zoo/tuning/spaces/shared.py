"""Parameters that several algorithms share."""

from __future__ import annotations

from rl_zoo.tuning.space import Parameter

GAMMA = Parameter("one_minus_gamma", "float", 1e-4, 0.03, log=True, key="gamma", one_minus=True)
LEARNING_RATE = Parameter("learning_rate", "float", 1e-5, 2e-3, log=True)

NETWORKS = {"tiny": [64], "small": [64, 64], "medium": [256, 256], "big": [400, 300]}
"""Hidden layers, in units, of actor and critic alike."""
ACTIVATIONS = {"tanh": "nn.Tanh", "relu": "nn.ReLU"}

ACTIVATION = Parameter(
    "activation_fn",
    "categorical",
    choices=ACTIVATIONS,
    key="policy_kwargs.activation_fn",
    default="nn.Tanh",
)


def network(*names: str, default: list[int] | None) -> Parameter:
    """Return the choice among ``names`` of NETWORKS; ``default`` is the policy's own."""
    choices = {name: NETWORKS[name] for name in names}
    return Parameter(
        "net_arch", "categorical", choices=choices, key="policy_kwargs.net_arch", default=default
    )
