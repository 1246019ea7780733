"""What the layers of an SB3 network are, in the terms of the native learner."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import nn


class Layer(NamedTuple):
    """A linear layer (or heads beside each other), and what follows it."""

    heads: tuple[nn.Linear, ...]
    norm: nn.LayerNorm | None
    dropout: float
    rectified: bool
    squashed: bool

    @property
    def n_outputs(self) -> int:
        """Outputs of all heads."""
        return sum(head.out_features for head in self.heads)


def layers_of(modules: Iterable[nn.Module]) -> list[Layer] | None:
    """Return the layers of a sequence of modules; None if it holds anything else."""
    layers: list[Layer] = []
    order = (nn.Linear, nn.Dropout, nn.LayerNorm, nn.ReLU)  # of one layer
    reached = len(order)
    for module in modules:
        if type(module) is nn.Tanh and layers and reached == 0:
            layers[-1] = layers[-1]._replace(squashed=True)
            reached = len(order)
            continue
        if type(module) not in order:
            return None
        place = order.index(type(module))
        if isinstance(module, nn.Linear):
            layers.append(Layer((module,), None, 0.0, rectified=False, squashed=False))
        elif not layers or place <= reached:
            return None
        else:
            layers[-1] = _with(layers[-1], module)
        reached = place
    return layers if all(map(_is_plain, layers)) else None


def is_supported(layers: list[Layer] | None) -> bool:
    """Say whether all layers but the last are rectified, alike, and the last is linear."""
    if not layers:
        return False
    hidden, last = layers[:-1], layers[-1]
    alike = {(layer.norm is None, layer.dropout) for layer in hidden}
    return (
        all(layer.rectified and not layer.squashed for layer in hidden)
        and len(alike) <= 1
        and last.norm is None
        and last.dropout == 0.0
        and not last.rectified
    )


def _with(layer: Layer, module: nn.Module) -> Layer:
    if isinstance(module, nn.Dropout):
        return layer._replace(dropout=module.p)
    if isinstance(module, nn.LayerNorm):
        return layer._replace(norm=module)
    return layer._replace(rectified=True)


def _is_plain(layer: Layer) -> bool:
    bias: torch.Tensor | None = layer.heads[0].bias
    norm = layer.norm
    if bias is None or norm is None:
        return bias is not None
    shift: torch.Tensor | None = norm.bias
    return norm.eps == 1e-5 and norm.elementwise_affine and shift is not None
