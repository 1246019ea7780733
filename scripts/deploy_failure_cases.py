"""Bundles that are wrong in one way each, for the table of failures."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from rl_zoo.deploy.metadata import (
    FORMAT,
    KEY,
    ActionLayout,
    ArrayLayout,
    EnvironmentRecord,
    Metadata,
    NetworkInput,
    NetworkLayout,
    to_json,
)

NAME = "bundle.onnx"
Damage = Callable[[Path], None]


def bundle(
    *, env: str = "Pendulum-v1", sizes: tuple[int, int] = (3, 1), bound: float = 2.0, **changes: Any
) -> Damage:
    """Return what writes a bundle of a linear policy.

    Args:
        env: Environment that it names.
        sizes: Numbers of observations and of actions.
        bound: Of the actions.
        changes: Fields of ``Metadata`` that are otherwise.
    """

    def write(runs: Path) -> None:
        metadata = dataclasses.replace(_metadata(env, sizes, bound), **changes)
        _write(runs / NAME, sizes, to_json(metadata))

    return write


def without_metadata(runs: Path) -> None:
    """Write an ONNX model that is no bundle."""
    _write(runs / NAME, (3, 1), None)


def newer_format(runs: Path) -> None:
    """Write a bundle of a later version."""
    plain = json.loads(to_json(_metadata("Pendulum-v1", (3, 1), 2.0)))
    _write(runs / NAME, (3, 1), json.dumps({**plain, "format": FORMAT + 1}))


def damaged_metadata(runs: Path) -> None:
    """Write a bundle whose JSON ends early."""
    _write(runs / NAME, (3, 1), to_json(_metadata("Pendulum-v1", (3, 1), 2.0))[:-40])


def truncated(runs: Path) -> None:
    """Write two thirds of a bundle."""
    bundle()(runs)
    file = runs / NAME
    content = file.read_bytes()
    file.write_bytes(content[: 2 * len(content) // 3])


def no_onnx(runs: Path) -> None:
    """Write a text with the name of a bundle."""
    (runs / NAME).write_text("hello\n")


def other_graph(runs: Path) -> None:
    """Write a bundle whose metadata belongs to another graph."""
    _write(runs / NAME, (3, 1), to_json(_metadata("Pendulum-v1", (4, 1), 2.0)))


def _metadata(env: str, sizes: tuple[int, int], bound: float) -> Metadata:
    n_observations, n_actions = sizes
    observation = ArrayLayout("observation", (n_observations,), "float32")
    action = ArrayLayout("action", (n_actions,), "float32", -bound, bound)
    inputs = (NetworkInput("observation", "observation", (n_observations,), "float32"),)
    return Metadata(
        run={"algo": "sac", "folder": f"{env}_1"},
        versions={"rl_zoo": "test"},
        observation=(observation,),
        observation_is_dict=False,
        action=ActionLayout("box", action),
        network=NetworkLayout(inputs, "action", (n_actions,), "float32"),
        environment=EnvironmentRecord(env),
    )


def _write(file: Path, sizes: tuple[int, int], metadata: str | None) -> None:
    n_observations, n_actions = sizes
    shapes = (("observation", n_observations), ("action", n_actions))
    given, returned = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", size])
        for name, size in shapes
    )
    weight = numpy_helper.from_array(np.zeros((n_observations, n_actions), np.float32), "weight")
    node = helper.make_node("MatMul", ["observation", "weight"], ["action"])
    graph = helper.make_graph([node], "policy", [given], [returned], [weight])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    if metadata is not None:
        model.metadata_props.add(key=KEY, value=metadata)
    onnx.save(model, file)
