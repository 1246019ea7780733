"""``torch.nn.LSTM`` for one time step in a graph, its memory as states.

With the gates i, f, g, o of a layer (rows of ``weight_ih`` and ``weight_hh`` in this order)::

    c' = sigmoid(f) * c + sigmoid(i) * tanh(g)
    h' = sigmoid(o) * tanh(c')
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor as TorchTensor
from torch import nn

from rl_zoo.deploy.graph.builder import GraphBuilder, Tensor
from rl_zoo.errors import ConfigError


def add_lstm(builder: GraphBuilder, name: str, lstm: nn.LSTM, features: Tensor) -> Tensor:
    """Add the layers of ``lstm`` and two states per layer.

    Args:
        builder: The graph.
        name: Of the states, in front of ``hidden``, ``cell`` and the number of the layer.
        lstm: The network.
        features: Input of this time step. Shape: (n_features,).

    Returns:
        The hidden state of the last layer. Shape: (n_hidden,).

    Raises:
        ConfigError: If it looks into the future or projects its hidden state.
    """
    if lstm.bidirectional or lstm.proj_size or lstm.batch_first:
        raise ConfigError(
            "lstm_kwargs: a policy with bidirectional, proj_size or batch_first cannot be exported"
        )
    value = features
    for layer in range(lstm.num_layers):
        hidden = builder.state(f"{name}_hidden_{layer}", (lstm.hidden_size,), np.float32)
        cell = builder.state(f"{name}_cell_{layer}", (lstm.hidden_size,), np.float32)
        inputs = builder.concat([value, hidden], 0)
        value, next_cell = _cell(builder, builder.linear(inputs, *_weights(lstm, layer)), cell)
        builder.set_next_state(hidden.name, value)
        builder.set_next_state(cell.name, next_cell)
    return value


def _cell(builder: GraphBuilder, gates: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
    """Return the next hidden and cell state; ``gates`` are i, f, o and g. Shape: (4 n_hidden,)."""
    n = cell.size
    sigmoids, candidate = _split(builder, gates, (3 * n, n))
    take, keep, show = _split(builder, builder.node("Sigmoid", sigmoids), (n, n, n))
    kept = builder.binary("Mul", keep, cell)
    taken = builder.binary("Mul", take, builder.node("Tanh", candidate))
    next_cell = builder.binary("Add", kept, taken)
    return builder.binary("Mul", show, builder.node("Tanh", next_cell)), next_cell


def _split(builder: GraphBuilder, value: Tensor, sizes: tuple[int, ...]) -> tuple[Tensor, ...]:
    outputs = [((size,), value.dtype) for size in sizes]
    return builder.node_with_outputs(
        "Split", (value, builder.constant(sizes, np.int64)), outputs, axis=1
    )


def _weights(lstm: nn.LSTM, layer: int) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
    """Return one matrix for input and hidden state and one bias, with g behind the sigmoids."""
    matrix = np.hstack([_rows(lstm, f"weight_{side}_l{layer}") for side in ("ih", "hh")])
    if not lstm.bias:
        return matrix, None
    return matrix, _rows(lstm, f"bias_ih_l{layer}") + _rows(lstm, f"bias_hh_l{layer}")


def _rows(lstm: nn.LSTM, name: str) -> NDArray[np.float32]:
    parameter: TorchTensor = getattr(lstm, name)
    take, keep, candidate, show = np.split(parameter.detach().cpu().numpy(), 4)
    return np.concatenate([take, keep, show, candidate])
