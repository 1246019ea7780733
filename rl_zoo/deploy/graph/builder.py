"""Write an ONNX graph node by node, with the type and shape of every value known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import ArrayLike, DTypeLike
from onnx import checker, helper, numpy_helper

from rl_zoo.deploy.metadata import NetworkInput, NetworkLayout, NetworkState

OPSET = 17
"""Version of the ONNX operators; the first with LayerNormalization."""
IR_VERSION = 9
"""Version of the file format; onnxruntime reads it since 1.15."""
BATCH = "batch"
"""Name of the length of axis 0."""


@dataclass(frozen=True)
class Tensor:
    """A value in the graph."""

    name: str
    shape: tuple[int, ...]
    """Without batch axis; of a constant the whole shape."""
    dtype: str
    """NumPy's name of the type of number."""

    @property
    def size(self) -> int:
        """Return the number of entries, per row of the batch."""
        return int(np.prod(self.shape, dtype=np.int64))


Observation = Mapping[str, Tensor]
"""The values of an observation by key; one that is no Dict has the key ``observation``."""


@dataclass(frozen=True)
class BuiltNetwork:
    """A graph and the description of its inputs and outputs."""

    model: onnx.ModelProto
    layout: NetworkLayout
    scores: onnx.ValueInfoProto | None = None
    """The value inside the graph by which an action is chosen; None: actions are not choices."""


class GraphBuilder:
    """Collects inputs, constants, nodes, states and the output of a graph.

    Values have a batch axis in front; constants have none and broadcast against it.
    """

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []
        self._known: dict[tuple[Any, ...], Tensor] = {}
        self._inputs: list[NetworkInput] = []
        self._states: list[NetworkState] = []
        self._next_states: dict[str, Tensor] = {}
        self._output: Tensor | None = None
        self._scores: Tensor | None = None
        self._count = 0

    def input(self, key: str, shape: Sequence[int], dtype: DTypeLike) -> Tensor:
        """Declare a part of the observation.

        Args:
            key: Of the Dict observation, ``observation`` otherwise.
            shape: Without batch axis.
            dtype: Type of its numbers.
        """
        tensor = Tensor(f"in_{key}", tuple(shape), np.dtype(dtype).name)
        self._inputs.append(NetworkInput(tensor.name, key, tensor.shape, tensor.dtype))
        return tensor

    def state(
        self, name: str, shape: Sequence[int], dtype: DTypeLike, initial: ArrayLike = ()
    ) -> Tensor:
        """Declare memory; give its next value to ``set_next_state``.

        Args:
            name: Unique in the graph.
            shape: Without batch axis.
            dtype: Type of its numbers.
            initial: Values at the start of an episode, of that shape; none: zeros.
        """
        tensor = Tensor(name, tuple(shape), np.dtype(dtype).name)
        start = tuple(np.ravel(np.asarray(initial, dtype)).tolist())
        state = NetworkState(name, f"next_{name}", tensor.shape, tensor.dtype, start)
        self._states.append(state)
        return tensor

    def set_next_state(self, name: str, value: Tensor) -> None:
        """Say what the memory called ``name`` holds at the next step."""
        self._next_states[name] = value

    def set_output(self, action: Tensor) -> None:
        """Say which value is the action."""
        self._output = action

    def note_scores(self, scores: Tensor) -> None:
        """Say by which value the action is chosen: an export compares it with the original's."""
        self._scores = scores

    def constant(self, values: ArrayLike, dtype: DTypeLike | None = None) -> Tensor:
        """Return a constant; equal ones are stored once."""
        array = np.array(values, dtype, order="C")
        key = (array.dtype.name, array.shape, array.tobytes())
        if key not in self._known:
            name = f"constant_{len(self._constants)}"
            self._constants.append(numpy_helper.from_array(array, name))
            self._known[key] = Tensor(name, array.shape, array.dtype.name)
        return self._known[key]

    def node(
        self,
        operator: str,
        *inputs: Tensor | None,
        shape: Sequence[int] | None = None,
        dtype: DTypeLike | None = None,
        **attributes: Any,
    ) -> Tensor:
        """Add a node with one output.

        Args:
            operator: ONNX's name of it.
            inputs: Its inputs; None: an optional one that is left out.
            shape: Of the output without batch axis; None: that of the first input.
            dtype: Of the output; None: that of the first input.
            attributes: Of the node.
        """
        first = inputs[0]
        assert first is not None
        kind = (
            first.shape if shape is None else tuple(shape),
            first.dtype if dtype is None else np.dtype(dtype).name,
        )
        return self.node_with_outputs(operator, inputs, (kind,), **attributes)[0]

    def node_with_outputs(
        self,
        operator: str,
        inputs: Sequence[Tensor | None],
        outputs: Sequence[tuple[tuple[int, ...], str] | None],
        **attributes: Any,
    ) -> tuple[Tensor, ...]:
        """Add a node with several outputs.

        Args:
            operator: ONNX's name of it.
            inputs: Its inputs; None: an optional one that is left out.
            outputs: Shape without batch axis and type of each; None: one that is not needed.
            attributes: Of the node.

        Returns:
            The outputs that are needed.
        """
        tensors = []
        names = []
        for output in outputs:
            self._count += 1
            names.append("" if output is None else f"{operator.lower()}_{self._count}")
            if output is not None:
                tensors.append(Tensor(names[-1], *output))
        sources = ["" if source is None else source.name for source in inputs]
        self._nodes.append(helper.make_node(operator, sources, names, **attributes))
        return tuple(tensors)

    def cast(self, value: Tensor, dtype: DTypeLike) -> Tensor:
        """Convert to another type of number, if it is another one."""
        kind = np.dtype(dtype)
        if kind.name == value.dtype:
            return value
        return self.node("Cast", value, dtype=kind, to=helper.np_dtype_to_tensor_dtype(kind))

    def binary(self, operator: str, left: Tensor, right: Tensor | ArrayLike) -> Tensor:
        """Add ``Add``, ``Sub``, ``Mul``, ``Div``, ``Max`` or ``Min`` of a value and another one.

        What is no ``Tensor`` becomes a constant in the type of ``left``.
        """
        if not isinstance(right, Tensor):
            right = self.constant(right, left.dtype)
        return self.node(operator, left, right)

    def linear(self, value: Tensor, weight: ArrayLike, bias: ArrayLike | None = None) -> Tensor:
        """Return ``value @ weight.T + bias`` of a flat value.

        Args:
            value: Shape: (n_inputs,).
            weight: Shape: (n_outputs, n_inputs).
            bias: Shape: (n_outputs,); None: zeros.
        """
        matrix = self.constant(weight, value.dtype)
        offset = None if bias is None else self.constant(bias, value.dtype)
        inputs = (value, matrix) if offset is None else (value, matrix, offset)
        return self.node("Gemm", *inputs, shape=matrix.shape[:1], transB=1)

    def reshape(self, value: Tensor, shape: Sequence[int]) -> Tensor:
        """Give each row of the batch another shape."""
        if tuple(shape) == value.shape:
            return value
        # At least one entry: -1 is the length of the batch.
        target = self.constant([-1, *shape], np.int64)
        return self.node("Reshape", value, target, shape=shape)

    def concat(self, values: Sequence[Tensor], axis: int) -> Tensor:
        """Join values along ``axis``, which counts without the batch."""
        if len(values) == 1:
            return values[0]
        first = values[0]
        axis %= len(first.shape)
        shape = list(first.shape)
        shape[axis] = sum(value.shape[axis] for value in values)
        return self.node("Concat", *values, shape=shape, axis=axis + 1)

    def slice(self, value: Tensor, start: int, stop: int, axis: int) -> Tensor:
        """Return entries ``start`` to ``stop`` (excluded) along ``axis``, counted without batch."""
        axis %= len(value.shape)
        shape = list(value.shape)
        shape[axis] = stop - start
        if shape[axis] == value.shape[axis]:
            return value
        ends = [self.constant([number], np.int64) for number in (start, stop, axis + 1)]
        return self.node("Slice", value, *ends, shape=shape)

    def build(self) -> BuiltNetwork:
        """Return the checked model and its layout.

        Raises:
            ValueError: If the graph has no output, or a state has no next value.
        """
        if self._output is None:
            raise ValueError("the graph has no output")
        action = self._named(self._output, "action")
        results = [action]
        for state in self._states:
            if state.input not in self._next_states:
                raise ValueError(f"the state '{state.input}' has no next value")
            results.append(self._named(self._next_states[state.input], state.output))
        inputs = [(item.name, item.shape, item.dtype) for item in self._inputs]
        inputs += [(state.input, state.shape, state.dtype) for state in self._states]
        graph = helper.make_graph(
            self._nodes,
            "policy",
            [_info(*item) for item in inputs],
            [_info(value.name, value.shape, value.dtype) for value in results],
            self._constants,
        )
        opsets = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(
            graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="rl_zoo"
        )
        checker.check_model(model, full_check=True)
        layout = NetworkLayout(
            tuple(self._inputs), action.name, action.shape, action.dtype, tuple(self._states)
        )
        scores = self._scores
        kind = None if scores is None else _info(scores.name, scores.shape, scores.dtype)
        return BuiltNetwork(model, layout, kind)

    def _named(self, value: Tensor, name: str) -> Tensor:
        self._nodes.append(helper.make_node("Identity", [value.name], [name]))
        return Tensor(name, value.shape, value.dtype)


def _info(name: str, shape: tuple[int, ...], dtype: str) -> onnx.ValueInfoProto:
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    return helper.make_tensor_value_info(name, kind, [BATCH, *shape])
