"""Tell the native learner where PyTorch keeps parameters and the state of their optimisers."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any

import torch

from rl_zoo.agents.native import library as c
from rl_zoo.agents.native.layers import Layer, activation_code

_STATE = ("exp_avg", "exp_avg_sq", "step")


class Tensors:
    """The tensors that the learner writes to; holding them keeps their memory."""

    def __init__(self) -> None:
        self._kept: list[tuple[torch.Tensor, int]] = []
        self._states: list[tuple[torch.optim.Optimizer, Any]] = []

    def is_current(self) -> bool:
        """Return whether all of them are still where the learner was told."""
        # Loading the state of an optimiser replaces all of it.
        return all(optimizer.state is state for optimizer, state in self._states) and all(
            tensor.data_ptr() == pointer for tensor, pointer in self._kept
        )

    def block(self, tensor: torch.Tensor, optimizer: torch.optim.Optimizer | None) -> c.Block:
        """Return where ``tensor`` is, and its state in ``optimizer`` (made if it is missing).

        Raises:
            ValueError: If a tensor is not contiguous float32.
        """
        if tensor.dtype != torch.float32 or not tensor.is_contiguous():
            raise ValueError("the native learner needs contiguous float32 parameters")
        self._kept.append((tensor, tensor.data_ptr()))
        if optimizer is None:
            return c.Block(tensor.data_ptr(), None, None, None, tensor.numel())
        state = optimizer.state[tensor]
        if not state:
            state["step"] = torch.tensor(0.0)
            state["exp_avg"] = torch.zeros_like(tensor, memory_format=torch.preserve_format)
            state["exp_avg_sq"] = torch.zeros_like(tensor, memory_format=torch.preserve_format)
        if not any(known is optimizer for known, _ in self._states):
            self._states.append((optimizer, optimizer.state))
        self._kept += [(state[name], state[name].data_ptr()) for name in _STATE]
        pointers = [state[name].data_ptr() for name in _STATE]
        return c.Block(tensor.data_ptr(), *pointers, tensor.numel())


def connect_network(
    library: ctypes.CDLL,
    learner: ctypes.c_void_p,
    place: tuple[int, int],
    layers: Sequence[Layer],
    optimizer: torch.optim.Optimizer | None,
) -> Tensors:
    """Shape one of the learner's networks like ``layers`` and connect its parameters.

    Args:
        library: The learner's functions.
        learner: The learner.
        place: Role and index of the network.
        layers: From input to output.
        optimizer: Of the parameters; None for targets.
    """
    sizes = [layers[0].heads[0].in_features, *(layer.n_outputs for layer in layers)]
    normed = len(layers) > 1 and layers[0].norm is not None
    shape = (ctypes.c_int32 * len(sizes))(*sizes)
    dropout = layers[0].dropout
    c.check(library.learner_shape(learner, *place, len(layers), shape, int(normed), dropout))
    activation = layers[0].activation if len(layers) > 1 else None
    code = 0 if activation is None else activation_code(activation)
    c.check(library.learner_activation(learner, *place, code))
    tensors = Tensors()

    def tell(index: int, kind: int, parameters: Sequence[torch.Tensor]) -> None:
        blocks = [tensors.block(parameter, optimizer) for parameter in parameters]
        array = (c.Block * len(blocks))(*blocks)
        c.check(library.learner_parameter(learner, *place, index, kind, array, len(blocks)))

    for index, layer in enumerate(layers):
        tell(index, c.WEIGHT, [head.weight for head in layer.heads])
        tell(index, c.BIAS, [head.bias for head in layer.heads])
        if layer.norm is not None:
            tell(index, c.SCALE, [layer.norm.weight])
            tell(index, c.SHIFT, [layer.norm.bias])
    return tensors
