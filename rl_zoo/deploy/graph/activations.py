"""PyTorch's activation functions as nodes of a graph."""

from __future__ import annotations

import math
from typing import Any

from rl_zoo.deploy.graph.builder import GraphBuilder, Tensor


def add_relu(builder: GraphBuilder, module: Any, value: Tensor) -> Tensor:
    """Add ``max(x, 0)``."""
    return builder.node("Relu", value)


def add_tanh(builder: GraphBuilder, module: Any, value: Tensor) -> Tensor:
    """Add the hyperbolic tangent."""
    return builder.node("Tanh", value)


def add_sigmoid(builder: GraphBuilder, module: Any, value: Tensor) -> Tensor:
    """Add the logistic function."""
    return builder.node("Sigmoid", value)


def add_hardtanh(builder: GraphBuilder, module: Any, value: Tensor) -> Tensor:
    """Add a clip to the module's two bounds."""
    bounds = [builder.constant(bound, value.dtype) for bound in (module.min_val, module.max_val)]
    return builder.node("Clip", value, *bounds)


def add_leaky_relu(builder: GraphBuilder, module: Any, value: Tensor) -> Tensor:
    """Add ``x`` if positive, else ``slope x``."""
    return builder.node("LeakyRelu", value, alpha=float(module.negative_slope))


def add_prelu(builder: GraphBuilder, module: Any, value: Tensor) -> Tensor:
    """Add ``x`` if positive, else ``slope x`` with a learned slope, for all or per channel."""
    weights = module.weight.detach().cpu().numpy()
    slope = builder.constant(weights.reshape(-1, *[1] * (len(value.shape) - 1)), value.dtype)
    return builder.node("PRelu", value, slope)


def add_elu(builder: GraphBuilder, module: Any, value: Tensor) -> Tensor:
    """Add ``x`` if positive, else ``alpha (exp(x) - 1)``."""
    return builder.node("Elu", value, alpha=float(module.alpha))


def add_celu(builder: GraphBuilder, module: Any, value: Tensor) -> Tensor:
    """Add ``x`` if positive, else ``alpha (exp(x / alpha) - 1)``."""
    return builder.node("Celu", value, alpha=float(module.alpha))


def add_selu(builder: GraphBuilder, module: Any, value: Tensor) -> Tensor:
    """Add the self-normalising exponential unit."""
    return builder.node("Selu", value)


def add_gelu(builder: GraphBuilder, module: Any, value: Tensor) -> Tensor:
    """Add ``x Phi(x)`` with the Gaussian distribution function, or its approximation by tanh."""
    if module.approximate == "tanh":
        cube = builder.binary("Mul", builder.binary("Mul", value, value), value)
        inner = builder.binary("Add", value, builder.binary("Mul", cube, 0.044715))
        squashed = builder.node("Tanh", builder.binary("Mul", inner, math.sqrt(2.0 / math.pi)))
    else:
        squashed = builder.node("Erf", builder.binary("Mul", value, math.sqrt(0.5)))
    return builder.binary(
        "Mul", builder.binary("Mul", value, 0.5), builder.binary("Add", squashed, 1.0)
    )


def add_silu(builder: GraphBuilder, module: Any, value: Tensor) -> Tensor:
    """Add ``x sigmoid(x)``."""
    return builder.binary("Mul", value, builder.node("Sigmoid", value))


def add_mish(builder: GraphBuilder, module: Any, value: Tensor) -> Tensor:
    """Add ``x tanh(softplus(x))``."""
    return builder.binary("Mul", value, builder.node("Tanh", builder.node("Softplus", value)))


def add_softplus(builder: GraphBuilder, module: Any, value: Tensor) -> Tensor:
    """Add ``log(1 + exp(beta x)) / beta``."""
    beta = float(module.beta)
    if beta == 1.0:
        return builder.node("Softplus", value)
    return builder.binary("Div", builder.node("Softplus", builder.binary("Mul", value, beta)), beta)


def add_softsign(builder: GraphBuilder, module: Any, value: Tensor) -> Tensor:
    """Add ``x / (1 + |x|)``."""
    return builder.node("Softsign", value)


def add_hardsigmoid(builder: GraphBuilder, module: Any, value: Tensor) -> Tensor:
    """Add ``clip(x / 6 + 1 / 2, 0, 1)``."""
    return builder.node("HardSigmoid", value, alpha=1.0 / 6.0, beta=0.5)


def add_hardswish(builder: GraphBuilder, module: Any, value: Tensor) -> Tensor:
    """Add ``x clip(x / 6 + 1 / 2, 0, 1)``."""
    return builder.node("HardSwish", value)
