"""What the layers of an SB3 network are, in the terms of the native learner."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import torch
from torch import nn

_ACTIVATIONS: tuple[tuple[type[nn.Module], dict[str, Any]], ...] = (
    (nn.ReLU, {}),
    (nn.Tanh, {}),
    (nn.ELU, {"alpha": 1.0}),
    (nn.SiLU, {}),
    (nn.LeakyReLU, {"negative_slope": 0.01}),
    (nn.GELU, {"approximate": "none"}),
)


class Layer(NamedTuple):
    """A linear layer (or heads beside each other), and what follows it, in this order."""

    heads: tuple[nn.Linear, ...]
    norm: nn.LayerNorm | None
    dropout: float
    activation: nn.Module | None

    @property
    def squashed(self) -> bool:
        """Whether outputs are within [-1, 1]."""
        return type(self.activation) is nn.Tanh

    @property
    def n_outputs(self) -> int:
        """Outputs of all heads."""
        return sum(head.out_features for head in self.heads)


def layers_of(modules: Iterable[nn.Module]) -> list[Layer] | None:
    """Return the layers of a sequence of modules; None if it holds anything else."""
    layers: list[Layer] = []
    order = (nn.Linear, nn.Dropout, nn.LayerNorm, nn.Module)  # of one layer
    reached = len(order)
    for module in modules:
        if type(module) in order:
            place = order.index(type(module))
        elif activation_code(module) is not None:
            place = len(order) - 1
        else:
            return None
        if isinstance(module, nn.Linear):
            layers.append(Layer((module,), None, 0.0, None))
        elif not layers or place <= reached:
            return None
        else:
            layers[-1] = _with(layers[-1], module)
        reached = place
    return layers if all(map(_is_plain, layers)) else None


def activation_code(module: nn.Module) -> int | None:
    """Return the number of an activation in ``source/activations.h``; None if it is not there."""
    for code, (kind, settings) in enumerate(_ACTIVATIONS):
        if type(module) is kind:
            alike = all(getattr(module, name) == value for name, value in settings.items())
            return code if alike else None
    return None


def is_supported(layers: list[Layer] | None) -> bool:
    """Say whether all layers but the last are alike, and the last is linear (or squashed)."""
    if not layers:
        return False
    hidden, last = layers[:-1], layers[-1]
    alike = {(layer.norm is None, layer.dropout, type(layer.activation)) for layer in hidden}
    return (
        all(layer.activation is not None for layer in hidden)
        and all(_is_rectified(layer) for layer in hidden if layer.norm or layer.dropout)
        and len(alike) <= 1
        and last.norm is None
        and last.dropout == 0.0
        and (last.activation is None or last.squashed)
    )


def _with(layer: Layer, module: nn.Module) -> Layer:
    if isinstance(module, nn.Dropout):
        return layer._replace(dropout=module.p)
    if isinstance(module, nn.LayerNorm):
        return layer._replace(norm=module)
    return layer._replace(activation=module)


def _is_rectified(layer: Layer) -> bool:
    return type(layer.activation) is nn.ReLU


def _is_plain(layer: Layer) -> bool:
    bias: torch.Tensor | None = layer.heads[0].bias
    norm = layer.norm
    if bias is None or norm is None:
        return bias is not None
    shift: torch.Tensor | None = norm.bias
    return norm.eps == 1e-5 and norm.elementwise_affine and shift is not None
