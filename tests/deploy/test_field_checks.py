"""Values of a damaged bundle are refused before anything is made of them."""

from __future__ import annotations

import dataclasses
import json
import typing

import pytest

from rl_zoo.deploy import metadata
from rl_zoo.deploy.field_checks import check_field
from rl_zoo.errors import DamagedFileError
from tests.deploy.conftest import linear_metadata


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (("network", "output"), ["a"], "output is"),
        (("network", "output_shape"), [2, -1], "output_shape is"),
        (("network", "inputs"), [3], "AttributeError"),
        (("network", "inputs", 0, "dtype"), "float23", "not a type of number"),
        (("observation", 0, "parts", 0, "scale"), "1", "scale is"),
        (("observation", 0, "low"), ["x", 1.0], "low is"),
        (("observation_is_dict",), 1, "observation_is_dict is"),
        (("environment", "kwargs"), [], "kwargs is"),
        (("environment", "max_episode_steps"), 2.5, "max_episode_steps is"),
        (("layers",), ["safety"], "layers is"),
        (("control_period",), True, "control_period is"),
        (("robot",), "bert", "robot is"),
    ],
)
def test_value_of_another_kind_is_refused(
    place: tuple[str | int, ...], value: object, said: str
) -> None:
    plain = json.loads(metadata.to_json(linear_metadata()))
    target = plain
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = value

    with pytest.raises(DamagedFileError, match=r"file\.onnx: its metadata is damaged") as refused:
        metadata.from_json(json.dumps(plain), "file.onnx")
    assert said in str(refused.value)


def test_all_simple_fields_of_the_schema_are_checked() -> None:
    """A value of no kind at all passes only where it is a record or a list of records."""
    unchecked = set()
    for kind in vars(metadata).values():
        if not (isinstance(kind, type) and dataclasses.is_dataclass(kind)):
            continue
        for field in dataclasses.fields(kind):
            try:
                check_field(field.name, str(field.type), object())
            except ValueError:
                continue
            unchecked.add(str(field.type))
    names = {name for name, kind in vars(metadata).items() if dataclasses.is_dataclass(kind)}
    records = {f"tuple[{name}, ...]" for name in names} | {f"{name} | None" for name in names}

    assert unchecked <= names | records


def test_annotations_are_texts() -> None:
    hints = typing.get_type_hints(metadata.Part)

    assert hints["size"] is int
    assert {str(field.type) for field in dataclasses.fields(metadata.Part)} >= {"int", "str"}
