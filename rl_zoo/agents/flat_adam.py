"""Adam on all parameters of a network at once, in the memory of PyTorch's own optimiser."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

Array = NDArray[np.float32]


class FlatAdam:
    """The parameters of one ``torch.optim.Adam``, its moments and gradients as four long vectors.

    Parameters and moments become views of the vectors, so PyTorch sees every update at once:
    saving, loading and checkpoints need to know nothing.

    Args:
        optimizer: With one group, without weight decay and AMSGrad; on the CPU in float32.
    """

    def __init__(self, optimizer: torch.optim.Optimizer) -> None:
        self.optimizer = optimizer
        self.parameters: list[torch.Tensor] = list(optimizer.param_groups[0]["params"])
        for parameter in self.parameters:
            state = optimizer.state[parameter]
            if not state:
                state["step"] = torch.tensor(0.0)
                state["exp_avg"] = torch.zeros_like(parameter)
                state["exp_avg_sq"] = torch.zeros_like(parameter)
        self._states = [optimizer.state[parameter] for parameter in self.parameters]
        self.values = flatten(self.parameters)
        self._mean = flatten([state["exp_avg"] for state in self._states])
        self._square = flatten([state["exp_avg_sq"] for state in self._states])
        self._moments = [state["exp_avg"] for state in self._states]
        self._steps = float(self._states[0]["step"])
        self.gradient = np.zeros_like(self.values)
        self._change = np.empty_like(self.values)
        self._scratch = np.empty_like(self.values)

    @property
    def is_current(self) -> bool:
        """Return whether PyTorch still uses these vectors (loading a checkpoint replaces some)."""
        first = self.parameters[0]
        state = self.optimizer.state[first]
        return (
            bool(state)
            and state["exp_avg"] is self._moments[0]
            and float(state["step"]) == self._steps
            and first.data_ptr() == self.values.ctypes.data
        )

    def gradient_of(self, parameter: torch.Tensor) -> Array:
        """Return the part of ``gradient`` that belongs to ``parameter``, in its shape."""
        start = 0
        for candidate in self.parameters:
            if candidate is parameter:
                part = self.gradient[start : start + parameter.numel()]
                return part.reshape(tuple(parameter.shape))
            start += candidate.numel()
        raise KeyError("the parameter is not one of this optimiser")

    def step(self) -> None:
        """Move the parameters against ``gradient``, as ``torch.optim.Adam.step`` does."""
        group: dict[str, Any] = self.optimizer.param_groups[0]
        (beta1, beta2), epsilon = group["betas"], group["eps"]
        self._steps += 1.0
        change, scratch = self._change, self._scratch
        np.subtract(self.gradient, self._mean, out=change)
        change *= np.float32(1.0 - beta1)
        self._mean += change
        np.multiply(self.gradient, self.gradient, out=scratch)
        scratch *= np.float32(1.0 - beta2)
        self._square *= np.float32(beta2)
        self._square += scratch
        np.sqrt(self._square, out=scratch)
        scratch /= np.float32(math.sqrt(1.0 - beta2**self._steps))
        scratch += np.float32(epsilon)
        np.divide(self._mean, scratch, out=change)
        change *= np.float32(group["lr"] / (1.0 - beta1**self._steps))
        self.values -= change

    def publish_steps(self) -> None:
        """Tell PyTorch's optimiser how many steps were made."""
        for state in self._states:
            state["step"].fill_(self._steps)


def flatten(tensors: Sequence[torch.Tensor]) -> Array:
    """Move tensors into one vector, of which they become views, and return it."""
    whole = torch.cat([tensor.detach().reshape(-1) for tensor in tensors]).contiguous()
    start = 0
    for tensor in tensors:
        tensor.data = whole[start : start + tensor.numel()].view(tensor.shape)
        start += tensor.numel()
    vector: Array = whole.numpy()
    return vector
