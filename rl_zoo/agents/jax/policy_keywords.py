"""PyTorch's activation functions and optimisers, as a YAML file names them, in JAX."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from rl_zoo.errors import ConfigError

_ACTIVATIONS = {
    "CELU": "celu",
    "ELU": "elu",
    "Hardsigmoid": "hard_sigmoid",
    "Hardswish": "hard_swish",
    "Hardtanh": "hard_tanh",
    "Identity": "identity",
    "LeakyReLU": "leaky_relu",
    "LogSigmoid": "log_sigmoid",
    "Mish": "mish",
    "ReLU": "relu",
    "ReLU6": "relu6",
    "SELU": "selu",
    "SiLU": "silu",
    "Sigmoid": "sigmoid",
    "Softplus": "softplus",
    "Softsign": "soft_sign",
    "Tanh": "tanh",
}
"""Class of ``torch.nn`` -> function of ``jax.nn`` with the same default parameters."""

_OPTIMIZERS: Mapping[str, tuple[str, tuple[str, ...], Mapping[str, Any]]] = {
    "Adam": ("adam", ("eps", "betas"), {}),
    "AdamW": ("adamw", ("eps", "betas", "weight_decay"), {"weight_decay": 0.01}),
    "RAdam": ("radam", ("eps", "betas"), {}),
    "Adamax": ("adamax", ("eps", "betas"), {}),
    "SGD": ("sgd", ("momentum",), {}),
}
"""Class of ``torch.optim`` -> function of optax, the keywords it takes, other defaults."""


def activation_of(kind: Any) -> Callable[..., Any]:
    """Return the function of JAX for a class of ``torch.nn``; a function is taken as it is.

    Raises:
        ConfigError: If JAX has none.
    """
    import jax

    if not isinstance(kind, type):
        found: Callable[..., Any] = kind
        return found
    if kind.__name__ == "GELU":  # PyTorch's default is the exact one
        return functools.partial(jax.nn.gelu, approximate=False)
    if kind.__name__ not in _ACTIVATIONS:
        raise ConfigError(
            f"JAX has no {kind.__name__}; use one of {', '.join(['GELU', *_ACTIVATIONS])}"
        )
    function: Callable[..., Any] = getattr(jax.nn, _ACTIVATIONS[kind.__name__])
    return function


def optimizer_keywords(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``optimizer_class`` and ``optimizer_kwargs`` of SBX for those of SB3.

    Raises:
        ConfigError: If optax has no such optimiser, or it lacks one of the keywords.
    """
    kind = given.get("optimizer_class")
    options = dict(given.get("optimizer_kwargs") or {})
    if kind is None and not options:
        return {}
    name = "Adam" if kind is None else getattr(kind, "__name__", str(kind))
    if name not in _OPTIMIZERS:
        raise ConfigError(f"JAX has no {name}; use one of {', '.join(_OPTIMIZERS)}")
    import optax

    function, accepted, defaults = _OPTIMIZERS[name]
    result: dict[str, Any] = dict(defaults)
    for key, value in options.items():
        if key not in accepted:
            raise ConfigError(f"{name} of JAX takes no {key}; it takes {', '.join(accepted)}")
        if key == "betas":
            result["b1"], result["b2"] = value
        else:
            result[key] = value
    keywords: dict[str, Any] = {"optimizer_kwargs": result}
    if kind is not None:
        keywords["optimizer_class"] = getattr(optax, function)
    return keywords
