"""Graphs have the layout they say and load where the robot's onnxruntime loads them."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from rl_zoo.deploy.graph.builder import BATCH, GraphBuilder
from rl_zoo.deploy.metadata import NetworkInput, NetworkState
from rl_zoo.deploy.network import Network, open_session


def counter(step):
    """Return a graph whose action is its observation plus ``step`` times the steps so far."""
    builder = GraphBuilder()
    value = builder.input("observation", (2,), np.float64)
    count = builder.state("count", (2,), np.float64, [1.0, 2.0])
    builder.set_next_state("count", builder.binary("Add", count, step))
    builder.set_output(builder.binary("Add", value, count))
    return builder.build()


def test_the_layout_describes_the_graph():
    layout = counter(0.5).layout
    assert layout.inputs == (NetworkInput("in_observation", "observation", (2,), "float64"),)
    assert layout.states == (NetworkState("count", "next_count", (2,), "float64", (1.0, 2.0)),)
    assert (layout.output, layout.output_shape, layout.output_dtype) == ("action", (2,), "float64")


def test_states_begin_at_their_initial_values_and_go_on():
    built = counter(0.5)
    session = open_session(built.model.SerializeToString(), "counter")
    network = Network(session, built.layout, "counter")
    for _ in range(2):
        network.reset()
        actions = [network.run(np.zeros(2)).copy() for _ in range(3)]
        assert np.array_equal(actions, [[1.0, 2.0], [1.5, 2.5], [2.0, 3.0]])


def test_an_input_that_is_its_own_output_is_possible():
    builder = GraphBuilder()
    builder.set_output(builder.input("observation", (), np.int64))
    built = builder.build()
    network = Network(open_session(built.model.SerializeToString(), "x"), built.layout, "x")
    assert network.run(np.array(7)) == 7
    assert network.run(3) == 3  # type: ignore[arg-type]


def test_equal_constants_are_stored_once():
    builder = GraphBuilder()
    first = builder.constant([1.0, 2.0], np.float32)
    assert builder.constant(np.array([1.0, 2.0], np.float32)) == first
    others = [
        builder.constant([1.0, 2.0], np.float64),
        builder.constant([[1.0, 2.0]], np.float32),
        builder.constant([1.0, 3.0], np.float32),
    ]
    assert len({first.name, *(other.name for other in others)}) == 4
    # The same bytes are another number in another type.
    assert builder.constant([0], np.int64) != builder.constant([0.0], np.float64)


def test_the_batch_is_axis_zero_and_the_format_is_old_enough():
    model = counter(1.0).model
    for value in (*model.graph.input, *model.graph.output):
        assert value.type.tensor_type.shape.dim[0].dim_param == BATCH
    # onnxruntime 1.20 reads format 10 and operators of version 21.
    assert model.ir_version <= 10
    assert [item.version for item in model.opset_import] == [17]


def test_shapes_said_are_the_shapes_that_onnx_infers():
    builder = GraphBuilder()
    value = builder.input("observation", (3, 4), np.float32)
    parts = [builder.slice(value, 0, 1, axis=0), builder.slice(value, 1, 3, axis=-2)]
    whole = builder.concat([*parts, parts[0]], axis=0)
    flat = builder.reshape(whole, (whole.size,))
    result = builder.linear(flat, np.ones((5, 16), np.float32))
    builder.set_output(builder.cast(result, np.float64))
    model = onnx.shape_inference.infer_shapes(builder.build().model, strict_mode=True)
    found = {
        item.name: tuple(d.dim_value for d in item.type.tensor_type.shape.dim[1:])
        for item in model.graph.value_info
    }
    for tensor in (*parts, whole, flat, result):
        assert found[tensor.name] == tensor.shape


def test_a_graph_without_output_or_next_state_is_a_mistake():
    builder = GraphBuilder()
    count = builder.state("count", (1,), np.float32)
    with pytest.raises(ValueError, match="no output"):
        builder.build()
    builder.set_output(count)
    with pytest.raises(ValueError, match="'count' has no next value"):
        builder.build()
