"""Small bundles made by hand: a graph of a few nodes and its metadata."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from rl_zoo.deploy.metadata import (
    KEY,
    ActionLayout,
    ArrayLayout,
    EnvironmentRecord,
    Metadata,
    NetworkInput,
    NetworkLayout,
    NetworkState,
    Part,
    to_json,
)

GAIN = np.array([[1.0, 0.0, 0.5], [0.0, -2.0, 0.25]], np.float32)
"""Of the linear policy. Shape: (n_actions, n_observations)."""

MakeBundle = Callable[..., Path]


def linear_metadata() -> Metadata:
    """Return the metadata of ``action = GAIN @ observation``."""
    parts = (Part("gravity", 0, 2, "", "trunk"), Part("speed", 2, 1, "m/s", "heading", 0.5))
    observation = ArrayLayout("observation", (3,), "float32", parts=parts)
    return Metadata(
        run={"algo": "sac", "folder": "Toy-v0_1"},
        versions={"rl_zoo": "test"},
        observation=(observation,),
        observation_is_dict=False,
        action=ActionLayout("box", ArrayLayout("action", (2,), "float32", -1.0, 1.0)),
        network=NetworkLayout(
            (NetworkInput("observation", "observation", (3,), "float32"),),
            "action",
            (2,),
            "float32",
        ),
        environment=EnvironmentRecord("Toy-v0"),
        control_period=0.02,
    )


def linear_model() -> onnx.ModelProto:
    """Return the graph of ``action = GAIN @ observation``."""
    return _model(
        [helper.make_node("Gemm", ["observation", "gain"], ["action"], transB=1)],
        [("observation", TensorProto.FLOAT, 3)],
        [("action", TensorProto.FLOAT, 2)],
        {"gain": GAIN},
    )


def summing_model() -> onnx.ModelProto:
    """Return a graph whose action is the sum of all observations of the episode."""
    return _model(
        [
            helper.make_node("Add", ["observation", "total"], ["next_total"]),
            helper.make_node("Identity", ["next_total"], ["action"]),
        ],
        [("observation", TensorProto.FLOAT, 3), ("total", TensorProto.FLOAT, 3)],
        [("action", TensorProto.FLOAT, 3), ("next_total", TensorProto.FLOAT, 3)],
        {},
    )


def summing_metadata(initial: tuple[float, ...] = ()) -> Metadata:
    """Return the metadata of ``summing_model``."""
    state = NetworkState("total", "next_total", (3,), "float32", initial)
    plain = linear_metadata()
    network = dataclasses.replace(plain.network, output_shape=(3,), states=(state,))
    action = ActionLayout("box", ArrayLayout("action", (3,), "float32"))
    return dataclasses.replace(plain, network=network, action=action)


def write_bundle(model: onnx.ModelProto, metadata: Metadata | str | None, path: Path) -> Path:
    """Write a bundle; a text is taken for the JSON itself, None leaves it out."""
    if metadata is not None:
        entry = model.metadata_props.add()
        entry.key = KEY
        entry.value = metadata if isinstance(metadata, str) else to_json(metadata)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture
def make_bundle(tmp_path: Path) -> MakeBundle:
    """Return a function that writes a bundle of the linear policy, metadata changed by keyword."""

    def make(**changes: object) -> Path:
        metadata = dataclasses.replace(linear_metadata(), **changes)  # type: ignore[arg-type]
        return write_bundle(linear_model(), metadata, tmp_path / "bundle.onnx")

    return make


def _model(
    nodes: list[onnx.NodeProto],
    inputs: list[tuple[str, int, int]],
    outputs: list[tuple[str, int, int]],
    constants: dict[str, np.ndarray],
) -> onnx.ModelProto:
    values = [
        [helper.make_tensor_value_info(name, kind, ["batch", size]) for name, kind, size in group]
        for group in (inputs, outputs)
    ]
    initializers = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "toy", *values, initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
