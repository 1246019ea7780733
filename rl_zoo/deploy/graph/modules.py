"""PyTorch's modules as nodes of a graph, in evaluation mode."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from rl_zoo.deploy.graph.builder import GraphBuilder, Observation, Tensor
from rl_zoo.deploy.graph.class_registry import ClassRegistry
from rl_zoo.errors import ConfigError

ModuleGraph: TypeAlias = Callable[[GraphBuilder, Any, Any], Tensor]
"""Adds the nodes of a module; takes the builder, the module and its input."""

_ACTIVATIONS = "rl_zoo.deploy.graph.activations"
_IMAGES = "rl_zoo.deploy.graph.image_modules"
_HERE = "rl_zoo.deploy.graph.modules"

MODULE_GRAPHS = ClassRegistry(
    kind="module",
    group="rl_zoo.graph_modules",
    built_in={
        "torch.Linear": f"{_HERE}:add_linear",
        "torch.Sequential": f"{_HERE}:add_sequential",
        "torch.Flatten": f"{_HERE}:add_flatten",
        "torch.Identity": f"{_HERE}:add_nothing",
        "torch.Dropout": f"{_HERE}:add_nothing",
        "torch.AlphaDropout": f"{_HERE}:add_nothing",
        "torch.LayerNorm": f"{_HERE}:add_layer_norm",
        "torch.BatchNorm1d": f"{_HERE}:add_batch_norm",
        "sb3_contrib.BatchRenorm": f"{_HERE}:add_batch_renorm",
        "stable_baselines3.FlattenExtractor": f"{_HERE}:add_flatten_extractor",
        "torch.Conv2d": f"{_IMAGES}:add_conv2d",
        "torch.MaxPool2d": f"{_IMAGES}:add_max_pool2d",
        "stable_baselines3.NatureCNN": f"{_IMAGES}:add_nature_cnn",
        "stable_baselines3.CombinedExtractor": f"{_IMAGES}:add_combined_extractor",
        "torch.ReLU": f"{_ACTIVATIONS}:add_relu",
        "torch.ReLU6": f"{_ACTIVATIONS}:add_hardtanh",
        "torch.Hardtanh": f"{_ACTIVATIONS}:add_hardtanh",
        "torch.LeakyReLU": f"{_ACTIVATIONS}:add_leaky_relu",
        "torch.PReLU": f"{_ACTIVATIONS}:add_prelu",
        "torch.ELU": f"{_ACTIVATIONS}:add_elu",
        "torch.CELU": f"{_ACTIVATIONS}:add_celu",
        "torch.SELU": f"{_ACTIVATIONS}:add_selu",
        "torch.GELU": f"{_ACTIVATIONS}:add_gelu",
        "torch.SiLU": f"{_ACTIVATIONS}:add_silu",
        "torch.Mish": f"{_ACTIVATIONS}:add_mish",
        "torch.Sigmoid": f"{_ACTIVATIONS}:add_sigmoid",
        "torch.Tanh": f"{_ACTIVATIONS}:add_tanh",
        "torch.Softplus": f"{_ACTIVATIONS}:add_softplus",
        "torch.Softsign": f"{_ACTIVATIONS}:add_softsign",
        "torch.Hardsigmoid": f"{_ACTIVATIONS}:add_hardsigmoid",
        "torch.Hardswish": f"{_ACTIVATIONS}:add_hardswish",
    },
    methods=("forward",),
)


def add_module(builder: GraphBuilder, module: Any, value: Tensor | Observation) -> Tensor:
    """Add the nodes of ``module(value)``.

    Args:
        builder: Of the graph.
        module: A ``torch.nn.Module``.
        value: Its input; a mapping for a features extractor of Dict observations.

    Raises:
        ConfigError: If the class of a module is unknown, naming it.
    """
    result: Tensor = MODULE_GRAPHS.function_of(module)(builder, module, value)
    return result


def add_linear(builder: GraphBuilder, module: Any, value: Tensor) -> Tensor:
    """Add a matrix and an offset."""
    _need_flat(module, value)
    bias = None if module.bias is None else array_of(module.bias)
    return builder.linear(value, array_of(module.weight), bias)


def add_sequential(builder: GraphBuilder, module: torch.nn.Sequential, value: Any) -> Tensor:
    """Add one module after the other."""
    for part in module:
        value = add_module(builder, part, value)
    result: Tensor = value
    return result


def add_flatten(builder: GraphBuilder, module: torch.nn.Flatten, value: Tensor) -> Tensor:
    """Make each row of the batch flat."""
    if (module.start_dim, module.end_dim) != (1, -1):
        raise ConfigError(
            f"torch.Flatten: start_dim {module.start_dim} and end_dim {module.end_dim} have no "
            "graph, only 1 and -1"
        )
    return builder.reshape(value, (value.size,))


def add_nothing(builder: GraphBuilder, module: torch.nn.Module, value: Tensor) -> Tensor:
    """Return the value: the module does nothing in evaluation mode."""
    return value


def add_layer_norm(builder: GraphBuilder, module: Any, value: Tensor) -> Tensor:
    """Add normalisation over the last axes."""
    shape = module.normalized_shape
    scale = np.ones(shape, np.float32) if module.weight is None else array_of(module.weight)
    inputs = [value, builder.constant(scale)]
    if module.bias is not None:
        inputs.append(builder.constant(array_of(module.bias)))
    return builder.node("LayerNormalization", *inputs, axis=-len(shape), epsilon=float(module.eps))


def add_batch_norm(builder: GraphBuilder, module: Any, value: Tensor) -> Tensor:
    """Add normalisation by the running statistics."""
    _need_flat(module, value)
    if module.running_mean is None or module.running_var is None:
        raise ConfigError("torch.BatchNorm1d: it has no running statistics to normalise by")
    ones = np.ones(module.num_features, np.float32)
    scale = ones if module.weight is None else array_of(module.weight)
    offset = 0.0 * ones if module.bias is None else array_of(module.bias)
    statistics = (array_of(module.running_mean), array_of(module.running_var))
    constants = [builder.constant(values) for values in (scale, offset, *statistics)]
    return builder.node("BatchNormalization", value, *constants, epsilon=float(module.eps))


def add_batch_renorm(builder: GraphBuilder, module: Any, value: Tensor) -> Tensor:
    """Add sb3_contrib's batch renormalisation: in evaluation, the running statistics."""
    deviation = np.sqrt(array_of(module.ra_var) + np.float32(module.eps))
    centred = builder.binary("Sub", value, array_of(module.ra_mean))
    scaled = builder.binary("Div", centred, deviation)
    if not module.affine:
        return scaled
    return builder.binary(
        "Add", builder.binary("Mul", scaled, array_of(module.scale)), array_of(module.bias)
    )


def add_flatten_extractor(builder: GraphBuilder, module: Any, value: Tensor) -> Tensor:
    """Add SB3's features extractor that only makes the observation flat."""
    return add_module(builder, module.flatten, value)


def array_of(parameter: torch.Tensor) -> NDArray[Any]:
    """Return the numbers of a parameter or buffer."""
    array: NDArray[Any] = parameter.detach().cpu().numpy()
    return array


def _need_flat(module: torch.nn.Module, value: Tensor) -> None:
    if len(value.shape) != 1:
        raise ConfigError(
            f"torch.{type(module).__name__}: has a graph for flat input only, not for {value.shape}"
        )
