"""The actor of an SBX agent as layers and plain arrays, for a process without JAX.

The language is that of ``rl_zoo.realtime.actor_policy``: a layer is a list of its kind, the names
of its arrays and its constants.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rl_zoo.errors import ConfigError

Arrays = dict[str, NDArray[Any]]
Layers = list[list[Any]]

_LAYER_NORM_EPSILON = 1e-6
_RENORM_EPSILON = 1e-3


def flax_actor(policy: Any, arrays: Arrays) -> dict[str, Any]:
    """Describe the actor of ``policy``.

    Args:
        policy: Of SAC (DroQ, SimBa), TQC, CrossQ, TD3 or DDPG of SBX.
        arrays: Gets the arrays that the description names.

    Returns:
        ``kind``, ``latent``, ``mean`` and, of a Gaussian policy, ``log_std``.

    Raises:
        ConfigError: If the network is not one of SBX's, or its activation is not known here.
    """
    state = policy.actor_state
    parameters = state.params.get("params", state.params)  # CrossQ keeps them without this name
    network = policy.actor
    name = f"{type(network).__module__}.{type(network).__qualname__}"
    if name not in _NETWORKS:
        raise ConfigError(
            f"the actor of --realtime does not know the network {name} of SBX (known: "
            f"{', '.join(_NETWORKS)}); train with --lockstep"
        )
    writer = _Writer(parameters, getattr(state, "batch_stats", {}), arrays, "latent")
    latent, n_dense = _NETWORKS[name](writer, network)
    mean = [writer.dense(f"Dense_{n_dense}")]
    if "td3" in name:
        mean.append(["Tanh"])
        return {"kind": "deterministic", "latent": latent, "mean": mean}
    log_std = [writer.dense(f"Dense_{n_dense + 1}")]
    return {"kind": "gaussian", "latent": latent, "mean": mean, "log_std": log_std}


@dataclass(frozen=True)
class _Writer:
    """Writes the layers of one part of a network."""

    parameters: Mapping[str, Any]
    statistics: Mapping[str, Any]
    arrays: Arrays
    prefix: str

    def inside(self, name: str) -> _Writer:
        """Return the writer of the part called ``name``."""
        statistics = self.statistics.get(name, {})
        return _Writer(self.parameters[name], statistics, self.arrays, f"{self.prefix}.{name}")

    def dense(self, name: str) -> list[Any]:
        layer, key = self.parameters[name], f"{self.prefix}.{name}"
        self.arrays[f"{key}.weight"] = np.ascontiguousarray(_array(layer["kernel"]).T)
        self.arrays[f"{key}.bias"] = _array(layer["bias"])
        return ["Linear", f"{key}.weight", f"{key}.bias"]

    def norm(self, kind: str, index: int) -> list[Any]:
        """Describe a ``LayerNorm``, or the running statistics of a ``BatchRenorm``."""
        name = f"{kind}_{index}"
        layer, key = self.parameters[name], f"{self.prefix}.{name}"
        scale, shift = _array(layer["scale"]), _array(layer["bias"])
        described: list[Any] = ["LayerNorm", f"{key}.scale", f"{key}.shift", _LAYER_NORM_EPSILON]
        if kind == "BatchRenorm":
            running = self.statistics[name]
            scale = scale / np.sqrt(_array(running["var"]) + np.float32(_RENORM_EPSILON))
            shift = shift - _array(running["mean"]) * scale
            described = ["Affine", f"{key}.scale", f"{key}.shift"]
        self.arrays[f"{key}.scale"], self.arrays[f"{key}.shift"] = scale, shift
        return described


def _mlp(writer: _Writer, network: Any) -> tuple[Layers, int]:
    """Return the hidden layers and their number."""
    layers = []
    for index in range(len(network.net_arch)):
        layers += [writer.dense(f"Dense_{index}"), [_activation(network.activation_fn)]]
    return layers, len(network.net_arch)


def _renormalized_mlp(writer: _Writer, network: Any) -> tuple[Layers, int]:
    """CrossQ: batch renormalisation in front and after every hidden layer."""
    plain, n_dense = _mlp(writer, network)
    if not network.use_batch_norm:
        return plain, n_dense
    layers = [writer.norm("BatchRenorm", 0)]
    for index in range(n_dense):
        layers += [*plain[2 * index : 2 * index + 2], writer.norm("BatchRenorm", index + 1)]
    return layers, n_dense


def _simba(writer: _Writer, network: Any) -> tuple[Layers, int]:
    """Residual blocks; those of CrossQ have batch renormalisation, the others layer norms."""
    has_renorm = hasattr(network, "renorm_warmup_steps")
    kind = "BatchRenorm" if has_renorm else "LayerNorm"
    layers = [writer.norm(kind, 0)] if has_renorm else []
    layers.append(writer.dense("Dense_0"))
    for index in range(len(network.net_arch)):
        block = writer.inside(f"SimbaResidualBlock_{index}")
        wide = [block.norm(kind, 0), block.dense("Dense_0"), [_activation(network.activation_fn)]]
        layers.append(["Residual", [*wide, block.dense("Dense_1")]])
    layers.append(writer.norm(kind, 1 if has_renorm else 0))
    return layers, 1


_NETWORKS: Mapping[str, Callable[[_Writer, Any], tuple[Layers, int]]] = {
    "sbx.common.policies.SquashedGaussianActor": _mlp,
    "sbx.common.policies.SimbaSquashedGaussianActor": _simba,
    "sbx.td3.policies.Actor": _mlp,
    "sbx.crossq.policies.Actor": _renormalized_mlp,
    "sbx.crossq.policies.SimbaActor": _simba,
}
"""``module.Class`` of an actor of SBX -> what writes its hidden layers."""


@functools.cache
def _activation(function: Any) -> str:
    from rl_zoo.deploy.graph.flax_networks import activation_like

    return type(activation_like(function)).__name__


def _array(parameter: Any) -> NDArray[np.float32]:
    return np.array(parameter, np.float32)
