"""The networks of SBX (JAX, flax) as nodes of a graph, from their parameters.

Flax names a layer by its class and its place among the layers of this class: ``Dense_0``,
``Dense_1``, ``LayerNorm_0``. Neither JAX nor SBX is imported here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from rl_zoo.deploy.graph.builder import GraphBuilder, Tensor
from rl_zoo.deploy.graph.modules import add_module
from rl_zoo.errors import ConfigError
from rl_zoo.registry import Registry

FlaxGraph: TypeAlias = Callable[["Scope", Any, Tensor], Tensor]
"""Adds the nodes of a network up to its mean or scores; takes its scope, the flax module and the
observation in float32."""

_HERE = "rl_zoo.deploy.graph.flax_networks"

FLAX_NETWORKS = Registry(
    "network of SBX",
    "rl_zoo.flax_networks",
    {
        "sbx.common.policies.SquashedGaussianActor": f"{_HERE}:add_mlp",
        "sbx.common.policies.SimbaSquashedGaussianActor": f"{_HERE}:add_simba",
        "sbx.td3.policies.Actor": f"{_HERE}:add_mlp",
        "sbx.ppo.policies.Actor": f"{_HERE}:add_mlp",
        "sbx.crossq.policies.Actor": f"{_HERE}:add_renormalized_mlp",
        "sbx.crossq.policies.SimbaActor": f"{_HERE}:add_simba",
        "sbx.dqn.policies.QNetwork": f"{_HERE}:add_q_network",
        "sbx.dqn.policies.CnnQNetwork": f"{_HERE}:add_cnn_q_network",
    },
)
"""``module.Class`` of a flax network -> ``FlaxGraph``."""

_LAYER_NORM_EPSILON = 1e-6
_RENORM_EPSILON = 1e-3
_BRIGHTEST = 255.0
_NATURE_STRIDES = (4, 2, 1)
_ACTIVATIONS = (
    torch.nn.ReLU(),
    torch.nn.ReLU6(),
    torch.nn.Tanh(),
    torch.nn.Hardtanh(),
    torch.nn.ELU(),
    torch.nn.SELU(),
    torch.nn.GELU(),
    torch.nn.GELU(approximate="tanh"),
    torch.nn.SiLU(),
    torch.nn.Mish(),
    torch.nn.LeakyReLU(),
    torch.nn.Softplus(),
    torch.nn.Softsign(),
    torch.nn.Sigmoid(),
    torch.nn.Identity(),
)
_PROBES = np.linspace(-8.0, 8.0, 129, dtype=np.float32)
_SAME = 1e-5
"""Largest difference between two ways to compute the same function at the probes."""


@dataclass(frozen=True)
class Scope:
    """Parameters of a network, or of a part of it, and the graph they are added to."""

    builder: GraphBuilder
    parameters: Mapping[str, Any]
    statistics: Mapping[str, Any]
    """Running means and variances of batch renormalisation."""

    def inside(self, name: str) -> Scope:
        """Return the scope of the part called ``name``."""
        return Scope(self.builder, self.parameters[name], self.statistics.get(name, {}))

    def dense(self, name: str, value: Tensor) -> Tensor:
        """Add the linear layer called ``name``."""
        layer = self.parameters[name]
        return self.builder.linear(value, _array(layer["kernel"]).T, _array(layer["bias"]))

    def convolution(self, name: str, stride: int, image: Tensor) -> Tensor:
        """Add the convolution called ``name``, without padding. Channels are in front."""
        layer = self.parameters[name]
        weight = torch.tensor(_array(layer["kernel"]).transpose(3, 2, 0, 1))
        n_outputs, n_inputs, *kernel = weight.shape
        module = torch.nn.Conv2d(n_inputs, n_outputs, (kernel[0], kernel[1]), stride)
        module.weight.data, module.bias.data = weight, torch.tensor(_array(layer["bias"]))  # type: ignore[union-attr]
        return add_module(self.builder, module, image)

    def norm(self, kind: str, index: int, value: Tensor) -> Tensor:
        """Add a ``LayerNorm`` or ``BatchRenorm``, whose running statistics it uses."""
        name = f"{kind}_{index}"
        layer = self.parameters[name]
        scale, bias = _array(layer["scale"]), _array(layer["bias"])
        if kind == "LayerNorm":
            constants = [self.builder.constant(array) for array in (scale, bias)]
            return self.builder.node(
                "LayerNormalization", value, *constants, axis=-1, epsilon=_LAYER_NORM_EPSILON
            )
        running = self.statistics[name]
        deviation = np.sqrt(_array(running["var"]) + np.float32(_RENORM_EPSILON))
        centred = self.builder.binary("Sub", value, _array(running["mean"]))
        scaled = self.builder.binary("Mul", centred, scale / deviation)
        return self.builder.binary("Add", scaled, bias)

    def activation(self, function: Any, value: Tensor) -> Tensor:
        """Add an activation function of JAX.

        Raises:
            ConfigError: If it is none that PyTorch has with its default parameters.
        """
        return add_module(self.builder, activation_like(function), value)


def activation_like(function: Any) -> torch.nn.Module:
    """Return PyTorch's module that computes what ``function`` computes.

    Compared are values: JAX's compiled functions lose their names when they are stored.

    Raises:
        ConfigError: If there is none.
    """
    wanted = np.asarray(function(_PROBES))
    for module in _ACTIVATIONS:
        if np.allclose(module(torch.tensor(_PROBES)).numpy(), wanted, rtol=0.0, atol=_SAME):
            return module
    names = ", ".join(type(module).__name__ for module in _ACTIVATIONS)
    raise ConfigError(
        f"the activation function {getattr(function, '__name__', function)} of an SBX policy is "
        f"none of these and has no graph: {names}"
    )


def add_flax_network(
    builder: GraphBuilder, network: Any, variables: Mapping[str, Any], value: Tensor
) -> Tensor:
    """Add the nodes of a flax network up to its mean or scores.

    Args:
        builder: Of the graph.
        network: The flax module; its class and attributes say how it is built.
        variables: With ``params`` and, of batch renormalisation, ``batch_stats``.
        value: The observation in float32.

    Raises:
        ConfigError: If the class of the network is unknown, naming it.
    """
    kind = type(network)
    name = f"{kind.__module__}.{kind.__qualname__}"
    if name not in FLAX_NETWORKS.names():
        raise ConfigError(
            f"unknown network of SBX {name}: to export it, add an entry point '{name}' to the "
            f"group '{FLAX_NETWORKS.group}' (see docs/deployment.md)"
        )
    scope = Scope(builder, variables["params"], variables.get("batch_stats", {}))
    result: Tensor = FLAX_NETWORKS.load(name)(scope, network, value)
    return result


def add_mlp(scope: Scope, network: Any, value: Tensor) -> Tensor:
    """Add dense layers and the layer of the mean or of the logits."""
    extractor = getattr(network, "features_extractor", None)
    if extractor is not None:
        if extractor.__name__ != "NatureCNN":
            raise ConfigError(f"the features extractor {extractor.__name__} of SBX has no graph")
        value = add_nature_cnn(scope.inside("NatureCNN_0"), network.activation_fn, value)
    value = _flat(scope, value)
    n_layers = len(network.net_arch)
    for index in range(n_layers):
        value = scope.activation(network.activation_fn, scope.dense(f"Dense_{index}", value))
    return scope.dense(f"Dense_{n_layers}", value)


def add_renormalized_mlp(scope: Scope, network: Any, value: Tensor) -> Tensor:
    """Add CrossQ's actor: batch renormalisation in front and after every layer."""
    if not network.use_batch_norm:
        return add_mlp(scope, network, value)
    value = scope.norm("BatchRenorm", 0, _flat(scope, value))
    n_layers = len(network.net_arch)
    for index in range(n_layers):
        value = scope.activation(network.activation_fn, scope.dense(f"Dense_{index}", value))
        value = scope.norm("BatchRenorm", index + 1, value)
    return scope.dense(f"Dense_{n_layers}", value)


def add_simba(scope: Scope, network: Any, value: Tensor) -> Tensor:
    """Add SimBa's residual blocks; CrossQ's have batch renormalisation, the others layer norms."""
    value = _flat(scope, value)
    kind, last = "LayerNorm", 0
    if hasattr(network, "renorm_warmup_steps"):
        kind, last = "BatchRenorm", 1
        value = scope.norm(kind, 0, value)
    value = scope.dense("Dense_0", value)
    for index in range(len(network.net_arch)):
        block = scope.inside(f"SimbaResidualBlock_{index}")
        wide = block.dense("Dense_0", block.norm(kind, 0, value))
        change = block.dense("Dense_1", block.activation(network.activation_fn, wide))
        value = scope.builder.binary("Add", value, change)
    return scope.dense("Dense_1", scope.norm(kind, last, value))


def add_q_network(scope: Scope, network: Any, value: Tensor) -> Tensor:
    """Add DQN's network for vectors."""
    value = _flat(scope, value)
    for index in range(2):
        value = scope.activation(network.activation_fn, scope.dense(f"Dense_{index}", value))
    return scope.dense("Dense_2", value)


def add_cnn_q_network(scope: Scope, network: Any, image: Tensor) -> Tensor:
    """Add DQN's network for images."""
    features = add_nature_cnn(scope.inside("NatureCNN_0"), network.activation_fn, image)
    return scope.dense("Dense_0", features)


def add_nature_cnn(scope: Scope, activation: Any, image: Tensor) -> Tensor:
    """Add SBX's network for images with values of 0 to 255. Channels are in front."""
    value = scope.builder.binary("Div", image, _BRIGHTEST)
    for index, stride in enumerate(_NATURE_STRIDES):
        value = scope.activation(activation, scope.convolution(f"Conv_{index}", stride, value))
    # Flax has the channels last when it makes the features flat.
    channels, rows, columns = value.shape
    turned = scope.builder.node(
        "Transpose", value, shape=(rows, columns, channels), perm=[0, 2, 3, 1]
    )
    return scope.activation(activation, scope.dense("Dense_0", _flat(scope, turned)))


def _flat(scope: Scope, value: Tensor) -> Tensor:
    return scope.builder.reshape(value, (value.size,))


def _array(parameter: Any) -> NDArray[np.float32]:
    return np.array(parameter, np.float32)
