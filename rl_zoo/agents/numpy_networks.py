"""Multi-layer perceptrons with hand-written gradients, on the memory of PyTorch's modules.

For the small networks of robots the time of an update in PyTorch is the time to start operations;
numpy starts them in a fifth of it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from rl_zoo.agents.flat_adam import FlatAdam

Array = NDArray[np.float32]


class _Layer(NamedTuple):
    """A linear layer and, if it is hidden, what follows it. Arrays are views of parameters."""

    weight: Array
    bias: Array
    dropout_rate: float
    scale: Array | None
    """Of the layer normalisation, if there is one."""
    shift: Array | None
    epsilon: float
    is_hidden: bool
    gradients: tuple[Array, ...]
    """For weight, bias (, scale, shift)."""


class _Trace(NamedTuple):
    """What the backward pass of a layer needs."""

    inputs: Array
    mask: Array | None
    """Of the dropout, already divided by the probability to be kept."""
    normalized: Array | None
    inverse_deviation: Array | None
    output: Array


class NumpyNetwork:
    """A ``nn.Sequential`` of linear layers, each followed by dropout, LayerNorm, ReLU or nothing.

    Args:
        modules: The layers; its parameters must have been flattened already.
        adam: The optimiser's vectors, for the gradients; None: forward only.
    """

    def __init__(self, modules: nn.Sequential, adam: FlatAdam | None) -> None:
        parts: list[nn.Module] = list(modules)
        starts = [i for i, part in enumerate(parts) if isinstance(part, nn.Linear)]
        self.layers = [
            _read_layer(parts[start:end], adam)
            for start, end in zip(starts, [*starts[1:], len(parts)], strict=True)
        ]
        self._traces: list[_Trace] = []

    def forward(self, inputs: Array) -> Array:
        """Return the outputs and remember what ``backward`` needs. Shape: (n, n_outputs)."""
        self._traces.clear()
        values = inputs
        for layer in self.layers:
            values, trace = _forward(layer, values)
            self._traces.append(trace)
        return values

    def backward(self, gradient: Array, *, parameters: bool, inputs: bool) -> Array | None:
        """Propagate the loss's gradient by the outputs of the last ``forward``.

        Args:
            gradient: Shape: (n, n_outputs).
            parameters: Write the gradients by the parameters.
            inputs: Return the gradient by the inputs.
        """
        for index in range(len(self.layers) - 1, -1, -1):
            layer, trace = self.layers[index], self._traces[index]
            if layer.is_hidden:
                gradient = _backward_hidden(layer, trace, gradient, parameters=parameters)
            if parameters:
                np.matmul(gradient.T, trace.inputs, out=layer.gradients[0])
                np.sum(gradient, axis=0, out=layer.gradients[1])
            if index > 0 or inputs:
                gradient = gradient @ layer.weight
        return gradient if inputs else None


def supports(modules: nn.Module) -> bool:
    """Say whether ``NumpyNetwork`` computes what ``modules`` compute."""
    known = (nn.Linear, nn.Dropout, nn.LayerNorm, nn.ReLU)
    return isinstance(modules, nn.Sequential) and all(type(part) in known for part in modules)


def _read_layer(parts: list[nn.Module], adam: FlatAdam | None) -> _Layer:
    linear: Any = parts[0]
    norm: Any = next((part for part in parts if isinstance(part, nn.LayerNorm)), None)
    dropout: Any = next((part for part in parts if isinstance(part, nn.Dropout)), None)
    tensors = [linear.weight, linear.bias]
    tensors += [] if norm is None else [norm.weight, norm.bias]
    return _Layer(
        _view(linear.weight),
        _view(linear.bias),
        0.0 if dropout is None else dropout.p,
        None if norm is None else _view(norm.weight),
        None if norm is None else _view(norm.bias),
        0.0 if norm is None else norm.eps,
        any(isinstance(part, nn.ReLU) for part in parts),
        () if adam is None else tuple(adam.gradient_of(tensor) for tensor in tensors),
    )


def _view(parameter: torch.Tensor) -> Array:
    array: Array = parameter.detach().numpy()
    return array


def _forward(layer: _Layer, inputs: Array) -> tuple[Array, _Trace]:
    values = inputs @ layer.weight.T
    values += layer.bias
    if not layer.is_hidden:
        return values, _Trace(inputs, None, None, None, values)
    mask = normalized = inverse_deviation = None
    if layer.dropout_rate > 0.0:
        # PyTorch's generator, as in the reference, so that a checkpoint holds its state.
        kept = torch.empty(values.shape).bernoulli_(1.0 - layer.dropout_rate)
        mask = kept.div_(1.0 - layer.dropout_rate).numpy()
        values *= mask
    if layer.scale is not None and layer.shift is not None:
        width = np.float32(values.shape[1])
        values -= values.sum(axis=1, keepdims=True) / width
        variance = np.einsum("ij,ij->i", values, values)[:, None] / width
        inverse_deviation = 1.0 / np.sqrt(variance + np.float32(layer.epsilon))
        values *= inverse_deviation
        normalized = values
        values = normalized * layer.scale
        values += layer.shift
    np.maximum(values, 0.0, out=values)
    return values, _Trace(inputs, mask, normalized, inverse_deviation, values)


def _backward_hidden(layer: _Layer, trace: _Trace, gradient: Array, *, parameters: bool) -> Array:
    """Return the gradient by the linear layer's outputs."""
    gradient = gradient * (trace.output > 0.0)
    normalized, inverse_deviation = trace.normalized, trace.inverse_deviation
    if normalized is not None and inverse_deviation is not None and layer.scale is not None:
        if parameters:
            np.einsum("ij,ij->j", gradient, normalized, out=layer.gradients[2])
            np.sum(gradient, axis=0, out=layer.gradients[3])
        gradient *= layer.scale
        width = np.float32(gradient.shape[1])
        correlation = np.einsum("ij,ij->i", gradient, normalized)[:, None] / width
        gradient -= gradient.sum(axis=1, keepdims=True) / width
        gradient -= normalized * correlation
        gradient *= inverse_deviation
    if trace.mask is not None:
        gradient *= trace.mask
    return gradient
