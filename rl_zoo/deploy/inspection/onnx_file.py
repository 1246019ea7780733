"""Size of a graph, read from the file's bytes: the ``onnx`` package is not on a robot's computer.

ONNX files are protocol buffers: a sequence of fields, each a key (number << 3 | wire type) and a
value. Of ``ModelProto`` field 7 is the graph and field 8 an operator set; of ``GraphProto`` field 1
is a node and field 5 a constant; of ``NodeProto`` field 4 is the operator; of ``TensorProto`` field
1 holds the dimensions (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MODEL_GRAPH, _MODEL_OPERATOR_SET, _OPERATOR_SET_VERSION = 7, 8, 2
_GRAPH_NODE, _GRAPH_CONSTANT, _NODE_OPERATOR, _TENSOR_DIMENSIONS = 1, 5, 4, 1

Field = tuple[int, int | bytes]


@dataclass(frozen=True)
class GraphSize:
    """How large a graph is."""

    operators: Mapping[str, int]
    """Nodes by operator, most frequent first."""
    n_parameters: int
    """Numbers in all constants: weights, biases, statistics."""
    opset: int
    """Version of the operator set."""

    @property
    def n_nodes(self) -> int:
        """Return the number of nodes."""
        return sum(self.operators.values())


def graph_size(content: bytes) -> GraphSize:
    """Count nodes and parameters of an ONNX model.

    Args:
        content: Of a file that onnxruntime loads.
    """
    operators: Counter[str] = Counter()
    n_parameters = opset = 0
    for number, value in _fields(content):
        if number == _MODEL_OPERATOR_SET and isinstance(value, bytes):
            opset = max(opset, *(_versions(value) or [0]))
        if number != _MODEL_GRAPH or not isinstance(value, bytes):
            continue
        for inner, part in _fields(value):
            if inner == _GRAPH_NODE and isinstance(part, bytes):
                operators[_operator(part)] += 1
            elif inner == _GRAPH_CONSTANT and isinstance(part, bytes):
                n_parameters += math.prod(_dimensions(part))
    return GraphSize(dict(operators.most_common()), n_parameters, opset)


def _versions(operator_set: bytes) -> list[int]:
    return [
        value
        for number, value in _fields(operator_set)
        if number == _OPERATOR_SET_VERSION and isinstance(value, int)
    ]


def _operator(node: bytes) -> str:
    for number, value in _fields(node):
        if number == _NODE_OPERATOR and isinstance(value, bytes):
            return value.decode()
    return "?"


def _dimensions(tensor: bytes) -> Iterator[int]:
    for number, value in _fields(tensor):
        if number == _TENSOR_DIMENSIONS:
            if isinstance(value, int):
                yield value
            else:  # packed
                position = 0
                while position < len(value):
                    size, position = _varint(value, position)
                    yield size


def _fields(data: bytes) -> Iterator[Field]:
    """Yield number and value of every field; numbers of fixed width as bytes."""
    position = 0
    while position < len(data):
        key, position = _varint(data, position)
        wire = key & 7
        if wire == _VARINT:
            number, position = _varint(data, position)
            yield key >> 3, number
            continue
        if wire == _BYTES:
            size, position = _varint(data, position)
        else:
            size = {_FIXED64: 8, _FIXED32: 4}[wire]
        yield key >> 3, data[position : position + size]
        position += size


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """Return the number that starts at ``position``, seven bits per byte, and where it ends."""
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
